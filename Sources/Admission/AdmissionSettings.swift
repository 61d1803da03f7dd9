public import IPAM

/// What an installation decides about the rules.
public struct AdmissionSettings: Sendable, Equatable {
  /// Whether pools may hold IPv4 addresses.
  public var allowsIPv4 = true
  /// Whether pools may hold IPv6 addresses.
  public var allowsIPv6 = true
  /// Whether SpiderSubnets own the pools of their network.
  public var usesSubnets = true
  /// Whether pools are made for applications that name a subnet.
  public var makesPools = true
  /// How many addresses an automatic pool has where no annotation says it.
  public var defaultPoolSize = PoolSize.above(1)
  /// Whether applications that are not Kubernetes' own may ask for more addresses than they have replicas, where their kind
  /// has a `scale` subresource.
  public var followsThirdParties = false
  /// Whether a pool or subnet with addresses in use may not be deleted; without it the finalizer alone protects them.
  public var guardsDeletion = false
  /// How long an admitted but not yet visible object keeps its addresses to itself, in milliseconds: longer than the
  /// API server lets a write take (60 s).
  public var claimLifetime: UInt64 = 65_000
  /// Whether `ReviewOutcome.admitted` carries what was admitted.
  public var recordsAdmitted = false

  /// The defaults.
  public init() {}

  /// What of this the choice of pools depends on.
  public var choice: ChoiceSettings {
    var choice = ChoiceSettings(allowsIPv4: allowsIPv4, allowsIPv6: allowsIPv6)
    choice.usesSubnets = usesSubnets
    choice.makesPools = makesPools
    choice.defaultPoolSize = defaultPoolSize
    return choice
  }
}
