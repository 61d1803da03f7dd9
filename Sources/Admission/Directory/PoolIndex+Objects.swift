import Addressing
import IPAM
import JSON
import KubernetesAPI

extension PoolIndex {
  /// Takes in a pool as the cluster shows it.
  mutating func upsert(_ pool: SpiderIPPool) {
    let spec = pool.spec
    let network = AddressText.lenientNetwork(spec.subnet)
    let addresses = AddressText.lenientAddresses(spec.ips, without: spec.excludeIPs, like: network)
    put(
      Entry(
        kind: .pool, isTerminating: pool.metadata.isTerminating, name: pool.metadata.name, network: network,
        addresses: addresses))
    settleClaims(of: Key(kind: .pool, name: pool.metadata.name), uid: pool.metadata.uid) { claim in
      addresses.map { claim.isSubset(of: $0) } ?? claim.isEmpty
    }
  }

  /// Takes in a subnet as the cluster shows it.
  mutating func upsert(_ subnet: SpiderSubnet) {
    let spec = subnet.spec
    let network = AddressText.lenientNetwork(spec.subnet)
    let addresses = AddressText.lenientAddresses(spec.ips, without: spec.excludeIPs, like: network)
    let id = put(
      Entry(
        kind: .subnet, isTerminating: subnet.metadata.isTerminating, name: subnet.metadata.name,
        network: network, addresses: addresses))
    subnetDetails[id] = SubnetDetail(
      subnet: subnet, status: SubnetStatus(subnet.controlledIPPools) ?? SubnetStatus())
    settleClaims(of: Key(kind: .subnet, name: subnet.metadata.name), uid: subnet.metadata.uid) { claim in
      addresses == claim
    }
  }

  /// Takes in reserved addresses as the cluster shows them.
  mutating func upsert(_ reserved: SpiderReservedIP) {
    put(
      Entry(
        kind: .reserved, name: reserved.metadata.name, network: nil,
        addresses: AddressText.lenientAddresses(reserved.ips, without: [], like: nil)))
  }

  /// Takes out the object of this name.
  mutating func remove(_ kind: Kind, named name: String) {
    guard let id = idOf.removeValue(forKey: Key(kind: kind, name: name)) else { return }
    drop(id)
  }

  /// Notes that the deletion of an object was admitted: its name may be free before that can be seen.
  mutating func markLeaving(_ kind: Kind, named name: String) {
    if let id = idOf[Key(kind: kind, name: name)] { entries[Int(id)]?.isLeaving = true }
  }

  /// Takes out all objects of a kind but these.
  mutating func retain(_ kind: Kind, _ names: Set<String>) {
    let gone = idOf.keys.filter { $0.kind == kind && !names.contains($0.name) }
    for key in gone { remove(kind, named: key.name) }
  }

  /// Puts an object's entry in the place of the one before. Most changes of a pool are changes of its status: they cost
  /// no search structure anything.
  @discardableResult
  private mutating func put(_ entry: Entry) -> ID {
    let key = Key(kind: entry.kind, name: entry.name)
    if let id = idOf[key] {
      let before = self.entry(id)
      if before.network == entry.network, before.addresses == entry.addresses {
        entries[Int(id)] = entry
        return id
      }
      drop(id)
    }
    let id = add(entry)
    idOf[key] = id
    return id
  }
}
