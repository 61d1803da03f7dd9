public import Addressing
internal import Admission
public import IPAM
public import KubernetesAPI

/// One subnet as an administrator's command reads it, the entries of its status included.
public struct InspectedSubnet: Sendable {
  /// The name.
  public let name: String
  /// The UID.
  public let uid: String
  /// The version that was read.
  public let resourceVersion: String
  /// `spec.subnet` as it is written.
  public let subnet: String
  /// The network; nil when the subnet cannot be read.
  public let network: CIDR?
  /// Whether its deletion has begun.
  public let isTerminating: Bool
  /// `ips` without `excludeIPs`; nil when nothing tells the family.
  public let addresses: AddressSet?
  /// The counts that the status holds; nil where it holds none.
  public let storedTotal: Int64?
  /// As above.
  public let storedAllocated: Int64?
  /// What it gives its pools; nil when that cannot be read.
  public let status: SubnetStatus?

  /// Takes what is of use from a subnet.
  public init(_ subnet: SpiderSubnet) {
    name = subnet.metadata.name
    uid = subnet.metadata.uid
    resourceVersion = subnet.metadata.resourceVersion
    self.subnet = subnet.spec.subnet
    network = AddressText.lenientNetwork(subnet.spec.subnet)
    isTerminating = subnet.metadata.isTerminating
    addresses = AddressText.lenientAddresses(subnet.spec.ips, without: subnet.spec.excludeIPs, like: network)
    storedTotal = subnet.totalIPCount
    storedAllocated = subnet.allocatedIPCount
    status = SubnetStatus(subnet.controlledIPPools)
  }

  /// The kind of address, where something tells it.
  public var family: IPFamily? { network?.family ?? addresses?.family }

  /// How many addresses it has, as its status counts them.
  public var total: Int64 { addresses?.saturatingInt64Count ?? 0 }

  /// What its pools have, as its status says; nil when the status cannot be read.
  public var given: AddressSet? { family.flatMap { family in status.map { $0.addresses(family) } } }

  /// What a new pool may still get: nothing when the status cannot be read.
  /// - Parameters:
  ///   - pools: the pools of its network; they have what they have, whether or not the status says so.
  ///   - reserved: addresses that no Pod may get.
  public func free(besides pools: [InspectedPool], without reserved: [AddressSet]) -> AddressSet? {
    guard let addresses, let given else { return nil }
    var taken = AddressSet.Gathering(addresses.family, reserving: pools.count)
    for set in pools.compactMap(\.addresses) + reserved where set.family == addresses.family {
      for range in set.ranges { taken.add(range) }
    }
    return addresses.subtracting(given).subtracting(taken.finish())
  }
}
