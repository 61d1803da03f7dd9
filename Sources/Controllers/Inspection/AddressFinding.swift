public import Addressing
public import IPAM

/// Something that is not as it should be between the pools' statuses and the Pods.
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
  }

  /// What is wrong.
  public let kind: Kind
  /// The pool; empty when only a Pod is concerned.
  public let pool: String
  /// The address, if one is concerned.
  public let address: IPAddress?
  /// The Pod, if one is concerned.
  public let pod: PodKey?
  /// Its UID.
  public let uid: PodUID?
  /// The version of the pool that was read; empty when there is none.
  public let resourceVersion: String
  /// A sentence for people, without a final stop.
  public let detail: String

  /// A finding from its parts.
  public init(
    _ kind: Kind, pool: String, address: IPAddress? = nil, pod: PodKey? = nil, uid: PodUID? = nil,
    resourceVersion: String, detail: String
  ) {
    self.kind = kind
    self.pool = pool
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
    let address: IPAddress?
    let pod: PodKey?
    let uid: PodUID?
  }

  var identity: Identity { Identity(kind: kind, pool: pool, address: address, pod: pod, uid: uid) }

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
}
