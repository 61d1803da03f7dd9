/// Since when another's record has been seen unchanged, on this replica's own clock: what other clocks wrote into it is
/// compared, and never believed.
struct LeaseObservation {
  private var mark: LeaseRecord.Mark?
  private var since: UInt64 = 0

  /// Takes note of what was read at a time.
  /// - Returns: how long nobody may take the lease over yet; zero once the record has not changed for `least`, or for as
  ///   long as its holder was promised if that is longer.
  mutating func wait(for record: LeaseRecord, at now: UInt64, least: Duration) -> Duration {
    if mark != record.mark {
      mark = record.mark
      since = now
    }
    let age = Duration.nanoseconds(Int64(clamping: now - since))
    return max(.zero, max(least, record.duration) - age)
  }
}
