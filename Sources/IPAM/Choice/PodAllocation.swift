public import Addressing
public import KubernetesAPI

/// The addresses a Pod was given, as its annotation `ipam.spidernet.io/allocation` tells its node.
public struct PodAllocation: Sendable, Equatable {
  /// One address of an interface.
  public struct Address: Sendable, Equatable {
    /// The address with the prefix length of the pool's network: `10.6.1.2/16`.
    public let cidr: CIDR
    /// The pool.
    public let pool: String
    /// The pool's gateway, in its canonical text.
    public let gateway: String?

    /// An address from its parts.
    public init(cidr: CIDR, pool: String, gateway: String?) {
      self.cidr = cidr
      self.pool = pool
      self.gateway = gateway
    }
  }

  /// One interface. It has an address of at least one family.
  public struct Interface: Sendable, Equatable {
    /// The name in the Pod.
    public let name: String
    /// Its IPv4 address.
    public let ipv4: Address?
    /// Its IPv6 address.
    public let ipv6: Address?
    /// Whether it sets no default route.
    public let cleanGateway: Bool
    /// Its routes beside the default one: those of its pools, then those of the Pod.
    public let routes: [SpiderRoute]

    /// An interface from its parts.
    public init(
      name: String, ipv4: Address?, ipv6: Address?, cleanGateway: Bool = false, routes: [SpiderRoute] = []
    ) {
      precondition(ipv4 ?? ipv6 != nil, "an interface of an allocation has an address")
      self.name = name
      self.ipv4 = ipv4
      self.ipv6 = ipv6
      self.cleanGateway = cleanGateway
      self.routes = routes
    }

    /// The addresses, IPv4 first.
    public var addresses: [Address] { [ipv4, ipv6].compactMap { $0 } }
  }

  /// The interfaces, in the order of the Pod.
  public let interfaces: [Interface]

  /// An allocation from its parts.
  public init(interfaces: [Interface]) { self.interfaces = interfaces }

  /// The grants for a plan with what their pools say of gateways and routes. Of a pool's gateway and routes, what cannot be
  /// read is left out.
  ///
  /// Nil when a pool of a grant is not in the catalog, as after its deletion, or when an interface has no grant.
  /// - Parameter grants: One for each demand of the plan.
  public init?(plan: AddressPlan, grants: [AddressGrant], catalog: PoolCatalog) {
    var routesLeft = plan.routes
    var interfaces: [Interface] = []
    for (position, planned) in plan.interfaces.enumerated() {
      var addresses: [IPFamily: Address] = [:]
      var routes: [SpiderRoute] = []
      var networks: [CIDR] = []
      for grant in grants.sorted(by: { $0.address < $1.address }) where grant.interface == position {
        guard let pool = catalog[grant.pool],
          let cidr = CIDR(grant.address, prefixLength: pool.network.prefixLength)
        else { return nil }
        addresses[grant.address.family] = Address(
          cidr: cidr, pool: pool.name, gateway: Self.gateway(of: pool)?.description)
        routes += pool.routes.compactMap(\.canonical)
        networks.append(pool.network)
      }
      if addresses.isEmpty { return nil }
      routes += Self.take(&routesLeft, inside: networks)
      interfaces.append(
        Interface(
          name: planned.name, ipv4: addresses[.v4], ipv6: addresses[.v6], cleanGateway: planned.cleanGateway,
          routes: routes))
    }
    self.interfaces = interfaces
  }

  private static func gateway(of pool: PoolFacts) -> IPAddress? {
    pool.gateway.flatMap { try? IPAddress($0) }.flatMap { $0.family == pool.family ? $0 : nil }
  }

  /// Takes the routes whose next hop lies in one of the networks; each route goes to the first interface that reaches it.
  private static func take(_ routes: inout [SpiderRoute], inside networks: [CIDR]) -> [SpiderRoute] {
    func isReached(_ route: SpiderRoute) -> Bool {
      guard let gateway = try? IPAddress(route.gateway) else { return false }
      return networks.contains { $0.contains(gateway) }
    }
    let taken = routes.filter(isReached)
    routes.removeAll(where: isReached)
    return taken
  }

  /// The addresses as grants: by interface, IPv4 first.
  public var grants: [AddressGrant] {
    interfaces.enumerated().flatMap { position, interface in
      interface.addresses.map { AddressGrant(interface: position, pool: $0.pool, address: $0.cidr.address) }
    }
  }
}

extension SpiderRoute {
  /// The same route in canonical texts; nil when one of them cannot be read, or the families differ.
  var canonical: SpiderRoute? {
    guard let network = (try? CIDR(destination))?.network, let gateway = try? IPAddress(gateway),
      network.family == gateway.family
    else { return nil }
    return SpiderRoute(destination: network.description, gateway: gateway.description)
  }
}
