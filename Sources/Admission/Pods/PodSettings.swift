public import IPAM

/// What reviews of Pods need beyond the rules.
public struct PodAdmission: Sendable {
  /// Where addresses are counted.
  public let book: AddressBook
  /// How tokens are signed.
  public let signer: any TokenSigner
  /// A number that was never given before, and cannot be guessed.
  public let newID: @Sendable () -> UInt128
  /// How long an address is reserved for a Pod that is being created, in milliseconds.
  public var reservationLifetime: UInt64 = 30_000
  /// Whether each reservation searches from a place of its own among a pool's free addresses, so that several replicas rarely
  /// want the same one; a single one takes the lowest. Fixed places would not do: replicas that once met would go on side by
  /// side.
  public var scattersSearches = false
  /// What an installation allows.
  public var choice = ChoiceSettings()

  /// Where a reservation begins to search, of 2^64 parts of a pool's free addresses.
  func searchStart(of id: ReservationID) -> UInt64 {
    scattersSearches ? UInt64(truncatingIfNeeded: id.value) : 0
  }

  /// The parts that have no default.
  public init(book: AddressBook, signer: any TokenSigner, newID: @escaping @Sendable () -> UInt128) {
    self.book = book
    self.signer = signer
    self.newID = newID
  }
}
