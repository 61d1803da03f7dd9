public import Addressing
public import JSON
internal import KubernetesAPI

/// The annotations of a Pod, or of a template of Pods, that ask for automatic pools, as texts.
public struct AutomaticAnnotations: Sendable, Hashable {
  /// `ipam.spidernet.io/subnets`.
  public var subnets: String?
  /// `ipam.spidernet.io/subnet`.
  public var subnet: String?
  /// `ipam.spidernet.io/ippool-ip-number`.
  public var number: String?
  /// `ipam.spidernet.io/ippool-reclaim`.
  public var reclaim: String?
  /// Whether pools are named beside them.
  public var namesPools = false

  /// Reads `metadata.annotations`.
  public init(_ view: JSONView?) {
    guard let view, view.kind == .object else { return }
    for (key, value) in view.members where !value.isNull {
      // Anything but a text is refused by the API server.
      if key.equals(SpiderAPI.Annotation.subnets) { subnets = value.string ?? "" }
      if key.equals(SpiderAPI.Annotation.subnet) { subnet = value.string ?? "" }
      if key.equals(SpiderAPI.Annotation.poolIPNumber) { number = value.string ?? "" }
      if key.equals(SpiderAPI.Annotation.poolReclaim) { reclaim = value.string ?? "" }
      if key.equals(SpiderAPI.Annotation.pool) || key.equals(SpiderAPI.Annotation.pools) {
        namesPools = true
      }
    }
  }

  /// A Pod's.
  public init(_ pod: PodFacts) {
    subnets = pod.annotations[PodFacts.Key.subnets]
    subnet = pod.annotations[PodFacts.Key.subnet]
    number = pod.annotations[PodFacts.Key.number]
    reclaim = pod.annotations[PodFacts.Key.reclaim]
    namesPools = pod.annotations[PodFacts.Key.pool] != nil || pod.annotations[PodFacts.Key.pools] != nil
  }

  /// Whether a subnet is named, and so automatic pools are asked for.
  public var areMeant: Bool { subnets != nil || subnet != nil }
}

/// What annotations ask for, once they are understood.
public struct AutomaticPoolRequest: Sendable, Hashable {
  /// One pool: of an interface and a family.
  public struct Pool: Sendable, Hashable {
    /// The interface.
    public let interface: String
    /// The family.
    public let family: IPFamily
    /// The name of the subnet that it is cut from.
    public let subnet: String

    /// A pool from its parts.
    public init(interface: String, family: IPFamily, subnet: String) {
      self.interface = interface
      self.family = family
      self.subnet = subnet
    }
  }

  /// By interface, in the order written, IPv4 before IPv6.
  public var pools: [Pool]
  /// How many addresses each has.
  public var size: PoolSize
  /// Whether they go with the application.
  public var reclaims: Bool

  /// A request from its parts.
  public init(pools: [Pool], size: PoolSize, reclaims: Bool) {
    self.pools = pools
    self.size = size
    self.reclaims = reclaims
  }
}

/// What is known of a SpiderSubnet when it is named.
public struct SubnetFacts: Sendable, Hashable {
  /// The name.
  public let name: String
  /// The kind of address; nil when its network cannot be read.
  public let family: IPFamily?
  /// Whether its deletion has begun.
  public let isTerminating: Bool

  /// Facts from their parts.
  public init(name: String, family: IPFamily?, isTerminating: Bool = false) {
    self.name = name
    self.family = family
    self.isTerminating = isTerminating
  }
}
