public import KubernetesAPI

/// What a Pod wants: its interfaces, and the pools of each.
public struct AddressPlan: Sendable, Equatable {
  /// One interface.
  public struct Interface: Sendable, Equatable {
    /// The name in the Pod: `eth0`, `net1`, ...
    public var name: String
    /// Whether it sets no default route.
    public var cleanGateway: Bool

    /// An interface from its parts.
    public init(name: String, cleanGateway: Bool = false) {
      self.name = name
      self.cleanGateway = cleanGateway
    }
  }

  /// The interfaces, in the order of the Pod. Each has at least one demand.
  public var interfaces: [Interface]
  /// At most one for each interface and family, by interface, IPv4 before IPv6. None is without pools.
  public var demands: [AddressDemand]
  /// The routes that the Pod asks for, in canonical texts.
  public var routes: [SpiderRoute]

  /// A plan from its parts.
  public init(interfaces: [Interface], demands: [AddressDemand], routes: [SpiderRoute] = []) {
    self.interfaces = interfaces
    self.demands = demands
    self.routes = routes
  }
}
