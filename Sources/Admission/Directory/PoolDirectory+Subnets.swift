public import Addressing
public import IPAM
public import KubernetesAPI

/// What is asked about subnets by those who cut pools from them.
extension PoolDirectory {
  /// The subnet of this name; nil when there is none.
  public func subnet(named name: String) -> SubnetFacts? { withIndex { $0.subnetFacts(name) } }

  /// What annotations may name.
  public func subnetWorld(_ settings: ChoiceSettings) -> SubnetAnnotation.World {
    SubnetAnnotation.World(
      settings: settings, find: { self.subnet(named: $0) }, names: { self.subnetNames })
  }

  /// The names of all subnets, in any order.
  public var subnetNames: [String] { withIndex { $0.subnetNames } }

  /// All subnets as they were last seen, by name.
  public var subnets: [SpiderSubnet] {
    withIndex { index in
      index.subnetDetails.values.map(\.subnet).sorted { $0.metadata.name < $1.metadata.name }
    }
  }

  /// What a subnet's status says of a pool.
  public func entry(of pool: String, in subnet: String) -> SubnetStatus.Entry? {
    withIndex { index in
      index.stored(.subnet, named: subnet).flatMap {
        index.subnetDetails[$0.id]?.status.entries[pool]
      }
    }
  }

  /// The addresses of a network that must not go to a new pool, whatever its subnet's status says: those of pools that are
  /// there or being created, and reserved ones. Those of the pools named are left out.
  public func taken(in network: CIDR, except pools: Set<String>, now: UInt64) -> AddressSet {
    withIndex { $0.taken(in: network, except: pools, at: now) }
  }
}

extension PoolIndex {
  func subnetFacts(_ name: String) -> SubnetFacts? {
    stored(.subnet, named: name).map { _, entry in
      SubnetFacts(
        name: name, family: entry.network?.family, isTerminating: entry.isTerminating || entry.isLeaving)
    }
  }

  var subnetNames: [String] { idOf.keys.filter { $0.kind == .subnet }.map(\.name) }

  func taken(in network: CIDR, except pools: Set<String>, at now: UInt64) -> AddressSet {
    var taken = AddressSet.Gathering(network.family, reserving: 16)
    for id in poolNetworks.members(of: network) where isLive(id, at: now) {
      guard let entry = entries[Int(id)], !pools.contains(entry.name) else { continue }
      for range in entry.addresses?.ranges ?? AddressSet(network.family).ranges { taken.add(range) }
    }
    reservedAddresses.overlaps(network.range) { node in
      if let range = network.range.clamped(lower: node.lower, upper: node.upper) { taken.add(range) }
      return true
    }
    return taken.finish()
  }

  /// What a subnet may still give to new pools; nil when it is not known.
  func free(in subnet: String, at now: UInt64) -> AddressSet? {
    guard let (id, entry) = stored(.subnet, named: subnet), let network = entry.network,
      let addresses = entry.addresses, let status = subnetDetails[id]?.status
    else { return nil }
    return addresses.subtracting(status.addresses(network.family))
      .subtracting(taken(in: network, except: [], at: now))
  }
}
