public import Addressing

/// Why addresses were not bound.
public enum BindRefusal: Error, Hashable, Sendable {
  /// The address belongs to another Pod, or is leaving one.
  case taken(pool: String, by: AllocationRecord)
  /// An earlier Pod of the same name, or of the same creation, holds the address: it may move once that Pod is known to be gone.
  case earlierPod(pool: String, AllocationRecord)
  /// An earlier Pod of the same name was bound the address a while ago and was never seen: it may still come to be.
  case unseenPod(pool: String, AllocationRecord)
  /// The address is reserved for another Pod.
  case reservedByOther(pool: String, IPAddress)
  /// The pool is not there, or not known yet.
  case unknownPool(String)
  /// The pool may not give this address.
  case notGivable(pool: String, IPAddress)
  /// The pool's deletion has begun.
  case terminating(String)
}

/// A binding that was not stored yet, and whose address the status turned out to hold for somebody else, or the pool not to
/// have any more.
public struct LostBinding: Hashable, Sendable {
  /// The pool.
  public let pool: String
  /// The address.
  public let address: IPAddress
  /// The Pod that was to have it.
  public let pod: PodKey
  /// Its UID.
  public let uid: PodUID
  /// Who has it; nil when the pool does not have it.
  public let holder: AllocationRecord?

  /// A lost binding from its parts.
  public init(pool: String, address: IPAddress, pod: PodKey, uid: PodUID, holder: AllocationRecord?) {
    self.pool = pool
    self.address = address
    self.pod = pod
    self.uid = uid
    self.holder = holder
  }
}
