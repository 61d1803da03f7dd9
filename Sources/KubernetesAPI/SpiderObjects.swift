public import JSON

/// One entry of `spec.routes`.
public struct SpiderRoute: Sendable, Equatable {
  /// The destination, a CIDR.
  public var destination: String
  /// The next hop, an address.
  public var gateway: String

  /// A route.
  public init(destination: String, gateway: String) {
    self.destination = destination
    self.gateway = gateway
  }

  init(_ view: JSONView) {
    destination = view["dst"]?.string ?? ""
    gateway = view["gw"]?.string ?? ""
  }

  /// Writes routes as `spec.routes` and the annotations hold them.
  public static func write(_ routes: [SpiderRoute], to writer: inout JSONWriter) {
    writer.array { array in
      for route in routes {
        array.object { object in
          object.key("dst")
          object.value(route.destination)
          object.key("gw")
          object.value(route.gateway)
        }
      }
    }
  }
}

/// What the specs of pools and subnets have in common, as texts: nothing is checked here.
public struct SpiderAddressSpec: Sendable, Equatable {
  /// 4 or 6; nil when absent or anything but an integer.
  public var ipVersion: Int?
  /// The network, a canonical CIDR if it is right.
  public var subnet: String
  /// The addresses: `a` or `a-b` each.
  public var ips: [String]
  /// Addresses taken out of `ips`.
  public var excludeIPs: [String]
  /// The gateway.
  public var gateway: String?
  /// The routes; nil when absent, which is not the same as an empty list.
  public var routes: [SpiderRoute]?

  /// Reads a spec. Lists keep the strings that they hold.
  public init(_ view: JSONView?) {
    ipVersion = view?["ipVersion"]?.int.flatMap { Int(exactly: $0) }
    subnet = view?["subnet"]?.string ?? ""
    ips = view?["ips"].map(ObjectMeta.strings) ?? []
    excludeIPs = view?["excludeIPs"].map(ObjectMeta.strings) ?? []
    gateway = view?["gateway"]?.string
    routes = view?["routes"].flatMap { $0.kind == .array ? $0.elements.map { SpiderRoute($0) } : nil }
  }
}

/// A SpiderIPPool: addresses of one network, given to Pods.
public struct SpiderIPPool: Sendable, Equatable {
  /// The metadata.
  public var metadata: ObjectMeta
  /// The addresses.
  public var spec: SpiderAddressSpec
  /// Whether no new addresses are given out.
  public var isDisabled: Bool
  /// Whether it serves Pods that name no pool.
  public var isDefault: Bool
  /// The labels of the Pods it serves; nil serves all.
  public var podAffinity: LabelSelector?
  /// The labels of the namespaces it serves, unless `namespaceName` names some; nil serves all.
  public var namespaceAffinity: LabelSelector?
  /// The labels of the nodes it serves, unless `nodeName` names some; nil serves all.
  public var nodeAffinity: LabelSelector?
  /// The namespaces it serves; empty leaves that to `namespaceAffinity`.
  public var namespaceName: [String]
  /// The nodes it serves; empty leaves that to `nodeAffinity`.
  public var nodeName: [String]
  /// The Multus networks it serves, `name` or `namespace/name`; empty serves all.
  public var multusName: [String]
  /// The allocations as the JSON text of `status.allocatedIPs`; nil when there are none.
  public var allocatedIPs: String?
  /// How many addresses the status says the pool has; nil where it says nothing.
  public var totalIPCount: Int64?
  /// How many of them it says are allocated; nil where it says nothing.
  public var allocatedIPCount: Int64?

  /// Reads a pool, as tolerantly as the API's own decoder.
  public init(_ view: JSONView) {
    metadata = ObjectMeta(view["metadata"])
    spec = SpiderAddressSpec(view["spec"])
    let spec = view["spec"]
    isDisabled = spec?["disable"]?.bool ?? false
    isDefault = spec?["default"]?.bool ?? false
    podAffinity = Self.selector(spec?["podAffinity"])
    namespaceAffinity = Self.selector(spec?["namespaceAffinity"])
    nodeAffinity = Self.selector(spec?["nodeAffinity"])
    namespaceName = spec?["namespaceName"].map(ObjectMeta.strings) ?? []
    nodeName = spec?["nodeName"].map(ObjectMeta.strings) ?? []
    multusName = spec?["multusName"].map(ObjectMeta.strings) ?? []
    let status = view["status"]
    allocatedIPs = status?["allocatedIPs"]?.string
    totalIPCount = status?["totalIPCount"]?.int
    allocatedIPCount = status?["allocatedIPCount"]?.int
  }

  /// `null` is no selector, while `{}` is one that selects everything.
  private static func selector(_ view: JSONView?) -> LabelSelector? {
    view.flatMap { $0.kind == .object ? LabelSelector($0) : nil }
  }
}

/// A SpiderSubnet: addresses from which pools of one network are cut.
public struct SpiderSubnet: Sendable, Equatable {
  /// The metadata.
  public var metadata: ObjectMeta
  /// The addresses.
  public var spec: SpiderAddressSpec
  /// What its pools hold, as the JSON text of `status.controlledIPPools`; nil when there are none.
  public var controlledIPPools: String?
  /// How many addresses the status says the subnet has; nil where it says nothing.
  public var totalIPCount: Int64?
  /// How many of them it says its pools have; nil where it says nothing.
  public var allocatedIPCount: Int64?

  /// Reads a subnet.
  public init(_ view: JSONView) {
    metadata = ObjectMeta(view["metadata"])
    spec = SpiderAddressSpec(view["spec"])
    let status = view["status"]
    controlledIPPools = status?["controlledIPPools"]?.string
    totalIPCount = status?["totalIPCount"]?.int
    allocatedIPCount = status?["allocatedIPCount"]?.int
  }
}

/// A SpiderReservedIP: addresses never given to a Pod.
public struct SpiderReservedIP: Sendable, Equatable {
  /// The metadata.
  public var metadata: ObjectMeta
  /// 4 or 6; nil when absent.
  public var ipVersion: Int?
  /// The addresses: `a` or `a-b` each.
  public var ips: [String]

  /// Reads a SpiderReservedIP.
  public init(_ view: JSONView) {
    metadata = ObjectMeta(view["metadata"])
    ipVersion = view["spec"]?["ipVersion"]?.int.flatMap { Int(exactly: $0) }
    ips = view["spec"]?["ips"].map(ObjectMeta.strings) ?? []
  }
}
