/// A reflector's clock and patience.
public struct ReflectorTiming: Sendable {
  /// Nanoseconds on a clock that never goes back.
  public var now: @Sendable () -> UInt64 = SystemTime.monotonic
  /// Returns after a time, or at once when the task is cancelled.
  public var sleep: @Sendable (Duration) async -> Void = SystemTime.sleep
  /// A number from 0 up to, not including, 1.
  public var random: @Sendable () -> Double = { Double.random(in: 0..<1) }
  /// The pause after the first failure, doubled with each further one.
  public var firstPause: Duration = .milliseconds(200)
  /// What the doubling ends at.
  public var longestPause: Duration = .seconds(30)
  /// An attempt that lasted so long was a good one: the next pause is the first again.
  public var healthyAfter: Duration = .seconds(20)

  /// Called when a list has been handed over, and all that it was read into is let go of: much memory may be free then.
  public var afterList: @Sendable () -> Void = {}

  /// The defaults, with the system's clock and randomness.
  public init() {}
}

/// How long to pause before the next attempt.
struct Backoff {
  /// Failures in a row.
  private(set) var attempt = 0
  private let first: Duration
  private let longest: Duration
  private let healthy: UInt64

  init(_ timing: ReflectorTiming) {
    first = timing.firstPause
    longest = timing.longestPause
    healthy = timing.healthyAfter.nanoseconds
  }

  /// The pause after an attempt; nil after one that lasted and ended in good order.
  ///
  /// Half of the pause is sure, half is random, so that those who lost the same server do not return together.
  mutating func pause(failed: Bool, lasted: UInt64, _ timing: ReflectorTiming) -> Duration? {
    if lasted >= healthy {
      attempt = 0
      if !failed { return nil }
    }
    attempt += 1
    let whole = first.doubled(attempt - 1, upTo: longest)
    return whole / 2 + whole / 2 * timing.random()
  }
}
