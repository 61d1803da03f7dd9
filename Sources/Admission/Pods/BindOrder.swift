public import IPAM

/// What must be stored before a Pod may be: its addresses, and whose they are from then on.
public struct BindOrder: Sendable, Equatable {
  /// The reservation that is being redeemed.
  public let id: ReservationID
  /// The addresses.
  public let grants: [AddressGrant]
  /// The Pod.
  public let pod: PodKey
  /// Its UID.
  public let uid: PodUID
  /// Who makes it.
  public let owner: OwnerKey

  /// An order from its parts.
  public init(id: ReservationID, grants: [AddressGrant], pod: PodKey, uid: PodUID, owner: OwnerKey) {
    self.id = id
    self.grants = grants
    self.pod = pod
    self.uid = uid
    self.owner = owner
  }

  /// The pools concerned, each once, in the order of the grants.
  public var pools: [String] {
    var pools: [String] = []
    for grant in grants where !pools.contains(grant.pool) { pools.append(grant.pool) }
    return pools
  }
}

/// What became of an order.
public enum BindResult: Sendable, Equatable {
  /// It is in the status of every pool concerned.
  case bound
  /// It cannot be: an address has gone to somebody else, or its pool away. Trying again brings another address.
  case refused(BindRefusal)
  /// It could not be stored in time, or not at all for now; a sentence without a final stop.
  case unavailable(String)
}
