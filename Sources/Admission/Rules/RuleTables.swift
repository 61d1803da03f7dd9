/// A rule that needs nothing but the object, and for an update the stored one.
typealias ObjectRule = @Sendable (borrowing AddressReview, inout Findings) -> Void

/// A rule that compares the object with the rest of the cluster.
typealias ClusterRule = @Sendable (borrowing AddressReview, borrowing PoolIndex, inout Findings) -> Void

/// The rules in the order in which their findings are told.
enum RuleTables {
  /// For a SpiderIPPool itself.
  static let pool: [ObjectRule] = [
    TerminatingRule.check,
    ImmutabilityRule.check,
    VersionRule.check,
    SubnetFormatRule.check,
    AddressListRule.check,
    GatewayRule.check,
    RoutesRule.check,
    AffinityRule.check,
    AllocatedRule.check,
    UnusualSpecWarnings.check,
  ]

  /// For a SpiderIPPool among others.
  static let poolInCluster: [ClusterRule] = [
    NameRule.check,
    PoolNetworkRule.check,
    PoolOverlapRule.check,
    ContainmentRule.check,
    AutomaticPoolRule.check,
    NeighbourWarnings.check,
  ]

  /// For a SpiderSubnet itself.
  static let subnet: [ObjectRule] = [
    TerminatingRule.check,
    ImmutabilityRule.check,
    VersionRule.check,
    SubnetFormatRule.check,
    AddressListRule.check,
    GatewayRule.check,
    RoutesRule.check,
    UnusualSpecWarnings.check,
  ]

  /// For a SpiderSubnet among others.
  static let subnetInCluster: [ClusterRule] = [
    NameRule.check,
    SubnetNetworkRule.check,
    OrphanPoolRule.check,
    SubnetShrinkRule.check,
  ]
}
