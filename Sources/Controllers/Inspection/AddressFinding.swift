public import Addressing
public import IPAM

/// Something that is not as it should be between the pools' statuses and the Pods, or between the subnets' statuses, the pools
/// and their applications.
public struct AddressFinding: Hashable, Sendable {
  /// What is wrong. The texts are those of a report.
  public enum Kind: String, Sendable, CaseIterable {
    /// A record whose Pod is not there, or has another UID.
    case leak
    /// One address with two records.
    case duplicateRecord = "duplicate-record"
    /// One address in the annotations of two live Pods.
    case duplicateAllocation = "duplicate-allocation"
    /// An address of a live Pod that is not recorded for it.
    case unrecorded
    /// A live Pod whose allocation annotation cannot be read.
    case unreadableAllocation = "unreadable-allocation"
    /// A record of an address that the pool does not have.
    case outside
    /// A status whose records cannot be read.
    case unreadableStatus = "unreadable-status"
    /// A count in the status that is not what there is.
    case wrongCount = "wrong-count"
    /// An entry of a subnet's status whose pool is not there.
    case entryWithoutPool = "entry-without-pool"
    /// A pool of a subnet that the subnet's status does not know.
    case poolWithoutEntry = "pool-without-entry"
    /// An entry of a subnet's status that is not what its pool is.
    case wrongEntry = "wrong-entry"
    /// An automatic pool whose addresses are not those that its subnet's status gives it.
    case wrongAddresses = "wrong-addresses"
    /// Addresses in two entries of a subnet's status.
    case sharedAddresses = "shared-addresses"
    /// A subnet's status whose entries cannot be read.
    case unreadableSubnetStatus = "unreadable-subnet-status"
    /// A count in a subnet's status that is not what there is.
    case wrongSubnetCount = "wrong-subnet-count"
    /// An automatic pool that goes with its application, and is there without it.
    case applicationGone = "application-gone"
  }

  /// What is wrong.
  public let kind: Kind
  /// The pool; empty when only a Pod or a subnet is concerned.
  public let pool: String
  /// The subnet, if the status of one is concerned.
  public let subnet: String?
  /// The address, if one is concerned.
  public let address: IPAddress?
  /// The Pod, if one is concerned.
  public let pod: PodKey?
  /// Its UID.
  public let uid: PodUID?
  /// The version that was read of the subnet, if one is concerned, or else of the pool; empty when there is none.
  public let resourceVersion: String
  /// A sentence for people, without a final stop.
  public let detail: String

  /// A finding from its parts.
  public init(
    _ kind: Kind, pool: String, subnet: String? = nil, address: IPAddress? = nil, pod: PodKey? = nil,
    uid: PodUID? = nil, resourceVersion: String, detail: String
  ) {
    self.kind = kind
    self.pool = pool
    self.subnet = subnet
    self.address = address
    self.pod = pod
    self.uid = uid
    self.resourceVersion = resourceVersion
    self.detail = detail
  }

  /// What makes it the same finding when it is made again: all but the version and the words.
  struct Identity: Hashable {
    let kind: Kind
    let pool: String
    let subnet: String?
    let address: IPAddress?
    let pod: PodKey?
    let uid: PodUID?
  }

  var identity: Identity {
    Identity(kind: kind, pool: pool, subnet: subnet, address: address, pod: pod, uid: uid)
  }

  /// A finding about one record.
  init(_ kind: Kind, _ pool: InspectedPool, _ record: AllocationRecord, _ detail: String) {
    self.init(
      kind, pool: pool.name, address: record.address, pod: record.pod, uid: record.uid,
      resourceVersion: pool.resourceVersion, detail: detail)
  }

  /// A finding about a pool.
  init(_ kind: Kind, _ pool: InspectedPool, _ detail: String) {
    self.init(kind, pool: pool.name, resourceVersion: pool.resourceVersion, detail: detail)
  }

  /// A finding about a subnet, and a pool of it.
  init(_ kind: Kind, _ subnet: InspectedSubnet, pool: String = "", _ detail: String) {
    self.init(
      kind, pool: pool, subnet: subnet.name, resourceVersion: subnet.resourceVersion, detail: detail)
  }
}
