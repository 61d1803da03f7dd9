/// Whether a pool gives addresses.
public enum PoolState: Sendable {
  /// It does.
  case open
  /// `spec.disable` is set: it gives none, but to Pods that have a record of their name.
  case disabled
  /// Its deletion has begun: nothing is given or bound any more.
  case terminating
}

/// How many addresses of a pool are in which state.
public struct PoolCounts: Hashable, Sendable {
  /// How many may be given: those that were defined without those that are kept back; for all of IPv6, one less.
  public var total: UInt128
  /// How many have a record, those outside `total` included.
  public var recorded: Int
  /// How many of the records are for Pods that were not seen.
  public var unconfirmed: Int
  /// How many are reserved and have no record.
  public var reserved: Int

  /// Counts from their parts.
  public init(total: UInt128, recorded: Int, unconfirmed: Int, reserved: Int) {
    self.total = total
    self.recorded = recorded
    self.unconfirmed = unconfirmed
    self.reserved = reserved
  }
}
