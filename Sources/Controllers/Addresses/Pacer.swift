/// Spreads work over time: some at once after a rest, then so many in a second.
struct Pacer {
  /// Nanoseconds between two pieces of work.
  private let interval: UInt64
  /// How far ahead of the even pace a burst may be.
  private let lead: UInt64
  /// When the next piece is due at an even pace.
  private var due: UInt64 = 0

  /// - Parameters:
  ///   - perSecond: above zero.
  ///   - burst: at least 1.
  init(perSecond: Double, burst: Int) {
    precondition(perSecond > 0 && burst >= 1, "work is paced, not forbidden")
    interval = UInt64(min(1_000_000_000 / perSecond, 3600 * 1_000_000_000))
    lead = interval * UInt64(burst - 1)
  }

  /// How long to wait before the next piece of work, which counts as done then.
  mutating func next(at now: UInt64) -> Duration {
    let start = max(due, now)
    due = start + interval
    let wait = start - now
    return wait > lead ? .nanoseconds(Int64(wait - lead)) : .zero
  }
}
