/// Names a reservation: the number in its token, which is chosen anew for each Pod that is being created.
public struct ReservationID: Hashable, Sendable {
  /// The number.
  public let value: UInt128

  /// The name with this number.
  public init(_ value: UInt128) { self.value = value }
}

/// Addresses that are kept for a Pod whose creation has been admitted and not yet been bound.
struct Reservation: Sendable {
  /// What was granted. An address that has a record of the Pod's name is granted and yet not held.
  let grants: [AddressGrant]
  /// The owner's number, if anything is held.
  let owner: UInt32
  /// The addresses that are held, each of which counts for the owner.
  let places: [Place]
  /// From when on nothing is held any more.
  let expires: UInt64
}

/// What is known of a record that was bound here and whose Pod was not seen yet.
struct Binding: Sendable {
  /// The owner's number.
  let owner: UInt32
  /// When it was bound.
  let since: UInt64
  /// The reservation that it was bound for.
  let reservation: ReservationID
}
