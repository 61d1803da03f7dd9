public import Addressing
internal import Admission
public import IPAM
public import KubernetesAPI

/// One pool as an administrator's command reads it, the records of its status included.
public struct InspectedPool: Sendable {
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
  /// Whether it serves Pods that name no pool.
  public let isDefault: Bool
  /// Whether no new addresses are given out.
  public let isDisabled: Bool
  /// Whether its deletion has begun.
  public let isTerminating: Bool
  /// Whose automatic pool it is; nil for any other pool.
  public let marks: AutomaticPool.Marks?
  /// The SpiderSubnet that owns it, by its label.
  public let ownerSubnet: String?
  /// `ips` without `excludeIPs`; nil when nothing tells the family.
  public let addresses: AddressSet?
  /// What of them may be given to Pods: without the gateway. Reserved addresses are not looked at.
  public let givable: AddressSet?
  /// The counts that the status holds; nil where it holds none.
  public let storedTotal: Int64?
  /// As above.
  public let storedAllocated: Int64?
  /// The records in the order of their addresses, or why they cannot be read.
  public let status: Result<[AllocationRecord], AllocationText.Unreadable>

  /// Takes what is of use from a pool.
  public init(_ pool: SpiderIPPool) {
    name = pool.metadata.name
    uid = pool.metadata.uid
    resourceVersion = pool.metadata.resourceVersion
    subnet = pool.spec.subnet
    network = AddressText.lenientNetwork(pool.spec.subnet)
    isDefault = pool.isDefault
    isDisabled = pool.isDisabled
    isTerminating = pool.metadata.isTerminating
    ownerSubnet = pool.metadata.labels[SpiderAPI.Label.ownerSubnet.description]
    addresses = AddressText.lenientAddresses(pool.spec.ips, without: pool.spec.excludeIPs, like: network)
    marks = (network?.family ?? addresses?.family).flatMap { AutomaticPool.Marks(pool.metadata, $0) }
    givable = PoolFacts(pool)?.givable
    storedTotal = pool.totalIPCount
    storedAllocated = pool.allocatedIPCount
    do throws(AllocationText.Unreadable) {
      status = .success(try AllocationText.read(pool.allocatedIPs).sorted { $0.address < $1.address })
    } catch { status = .failure(error) }
  }

  /// The records; none when they cannot be read.
  public var records: [AllocationRecord] { (try? status.get()) ?? [] }

  /// The kind of address, where something tells it.
  public var family: IPFamily? { network?.family ?? addresses?.family }

  /// How many addresses it has, as its status counts them.
  public var total: Int64 { addresses?.saturatingInt64Count ?? 0 }

  /// What a Pod may still get: nothing when the records cannot be read.
  /// - Parameter reserved: addresses that no Pod may get.
  public func free(without reserved: [AddressSet]) -> AddressSet? {
    guard let givable, case .success(let records) = status else { return nil }
    var taken = AddressSet.Gathering(givable.family, reserving: records.count)
    for record in records where record.address.family == givable.family {
      taken.add(AddressRange(record.address))
    }
    var free = givable.subtracting(taken.finish())
    for set in reserved where set.family == givable.family { free = free.subtracting(set) }
    return free
  }
}
