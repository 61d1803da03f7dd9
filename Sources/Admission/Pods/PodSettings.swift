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
  /// Where in the free addresses of a pool this replica begins to search: other replicas get other numbers, so that they
  /// rarely want the same address. 0 begins with the lowest.
  public var searchStart: UInt64 = 0
  /// What an installation allows.
  public var choice = ChoiceSettings()

  /// The parts that have no default.
  public init(book: AddressBook, signer: any TokenSigner, newID: @escaping @Sendable () -> UInt128) {
    self.book = book
    self.signer = signer
    self.newID = newID
  }
}
