public import Addressing
public import KubernetesAPI

/// What is known of one pool when pools are chosen: its network, and whom it serves.
public struct PoolFacts: Sendable, Equatable {
  /// The name.
  public let name: String
  /// The UID.
  public let uid: String
  /// The kind of address.
  public let family: IPFamily
  /// The network, without host bits.
  public let network: CIDR
  /// The gateway as the pool writes it.
  public let gateway: String?
  /// The routes as the pool writes them.
  public let routes: [SpiderRoute]
  /// Whether it serves Pods that name no pool.
  public let isDefault: Bool
  /// Whether no new addresses are given out.
  public let isDisabled: Bool
  /// Whether its deletion has begun.
  public let isTerminating: Bool
  /// Whose automatic pool it is; nil for any other pool.
  public let marks: AutomaticPool.Marks?
  /// The SpiderSubnet that owns it, if the label and the controller say the same.
  public let ownerSubnet: String?
  /// The Pods it serves; nil serves all.
  public var podAffinity: LabelSelector? { audience.first?.podAffinity }
  /// The namespaces it serves, unless `namespaceName` names some; nil serves all.
  public var namespaceAffinity: LabelSelector? { audience.first?.namespaceAffinity }
  /// The nodes it serves, unless `nodeName` names some; nil serves all.
  public var nodeAffinity: LabelSelector? { audience.first?.nodeAffinity }
  /// The namespaces it serves, by name.
  public var namespaceName: [String] { audience.first?.namespaceName ?? [] }
  /// The nodes it serves, by name.
  public var nodeName: [String] { audience.first?.nodeName ?? [] }
  /// The Multus networks it serves, `name` or `namespace/name`.
  public var multusName: [String] { audience.first?.multusName ?? [] }
  /// Whom it serves, if not everybody: at most one. Apart, because there are many pools and most serve everybody.
  private let audience: [Audience]
  /// What may be given to Pods: `ips` without `excludeIPs` and the gateway. What cannot be read, is of the other family or
  /// outside the network is left out.
  public let givable: AddressSet

  /// The facts of a pool; nil when its subnet cannot be read, or when its `ipVersion` is not the subnet's.
  public init?(_ pool: SpiderIPPool) {
    guard let network = (try? CIDR(pool.spec.subnet))?.network else { return nil }
    if let version = pool.spec.ipVersion, version != Int(network.family.rawValue) { return nil }
    name = pool.metadata.name
    uid = pool.metadata.uid
    family = network.family
    self.network = network
    gateway = pool.spec.gateway.flatMap { $0.isEmpty ? nil : $0 }
    routes = pool.spec.routes ?? []
    isDefault = pool.isDefault
    isDisabled = pool.isDisabled
    isTerminating = pool.metadata.isTerminating
    marks = AutomaticPool.Marks(pool.metadata, network.family)
    let owner = pool.metadata.controller.flatMap { $0.kind == ResourceType.spiderSubnet.kind ? $0.name : nil }
    ownerSubnet = owner == pool.metadata.labels[SpiderAPI.Label.ownerSubnet.description] ? owner : nil
    let audience = Audience(
      podAffinity: pool.podAffinity, namespaceAffinity: pool.namespaceAffinity,
      nodeAffinity: pool.nodeAffinity,
      namespaceName: pool.namespaceName, nodeName: pool.nodeName, multusName: pool.multusName)
    self.audience = audience == Audience() ? [] : [audience]
    givable = Self.givable(pool.spec, in: network)
  }

  private static func givable(_ spec: SpiderAddressSpec, in network: CIDR) -> AddressSet {
    func ranges(_ texts: [String]) -> [AddressRange] {
      texts.compactMap { (try? AddressRange($0))?.intersection(network.range) }
    }
    var addresses = AddressSet(network.family, ranges(spec.ips))
    addresses = addresses.subtracting(AddressSet(network.family, ranges(spec.excludeIPs)))
    if let gateway = spec.gateway.flatMap({ try? IPAddress($0) }), gateway.family == network.family {
      addresses.remove(gateway)
    }
    return addresses
  }
}

/// Whom a pool serves.
private struct Audience: Sendable, Equatable {
  var podAffinity: LabelSelector?
  var namespaceAffinity: LabelSelector?
  var nodeAffinity: LabelSelector?
  var namespaceName: [String] = []
  var nodeName: [String] = []
  var multusName: [String] = []
}

extension PoolFacts {
  /// Whether it serves some nodes only. A `nodeAffinity` of `{}` does not count: it matches every node.
  public var dependsOnNode: Bool {
    !nodeName.isEmpty || !(nodeAffinity?.isEmpty ?? true)
  }

  /// How much the pool is meant for some Pods rather than for all; among equals of one origin the higher goes first.
  var priority: UInt8 {
    var bits: UInt8 = 0
    for isSet in [
      podAffinity != nil, !nodeName.isEmpty, nodeAffinity != nil, !namespaceName.isEmpty,
      namespaceAffinity != nil, !multusName.isEmpty,
    ] { bits = bits << 1 | (isSet ? 1 : 0) }
    return bits
  }
}
