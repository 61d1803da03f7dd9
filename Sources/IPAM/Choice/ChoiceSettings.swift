internal import Addressing

/// What the choice of pools depends on beside the cluster's objects.
public struct ChoiceSettings: Sendable, Equatable {
  /// Whether Pods get IPv4 addresses; if not, lists of IPv4 pools are passed over.
  public var allowsIPv4: Bool
  /// Whether Pods get IPv6 addresses; if not, lists of IPv6 pools are passed over.
  public var allowsIPv6: Bool
  /// The network of `eth0` for Pods that name none: `name` or `namespace/name`.
  public var multusDefaultNetwork: String?
  /// The namespace of networks that name none, in pools and for `eth0`.
  public var multusNamespace: String

  /// Whether Pods may name SpiderSubnets; if not, these annotations are passed over.
  public var usesSubnets = true
  /// Whether pools are made for applications that name a subnet; if not, naming one is a mistake.
  public var makesPools = true
  /// How many addresses an automatic pool has where no annotation says it.
  public var defaultPoolSize = PoolSize.above(1)

  /// Settings from their parts.
  public init(
    allowsIPv4: Bool = true, allowsIPv6: Bool = true, multusDefaultNetwork: String? = nil,
    multusNamespace: String = "kube-system"
  ) {
    self.allowsIPv4 = allowsIPv4
    self.allowsIPv6 = allowsIPv6
    self.multusDefaultNetwork = multusDefaultNetwork
    self.multusNamespace = multusNamespace
  }

  func allows(_ family: IPFamily) -> Bool { family == .v4 ? allowsIPv4 : allowsIPv6 }
}
