internal import Cluster

/// The clocks and the patience of those who compete for a Lease. All replicas should have the same.
///
/// A holder stops at the latest `renewDeadline` after it *sent* its last good renewal; nobody else starts before that renewal
/// has lain in the store for `leaseDuration`. The difference is what the holder's work has to end in, and what clocks may
/// run apart in the meantime.
public struct LeaseTiming: Sendable {
  /// Nanoseconds on a clock that never goes back. It alone decides.
  public var now: @Sendable () -> UInt64 = SystemTime.monotonic
  /// Microseconds since 1970, for the times that are written for others to read.
  public var wallClock: @Sendable () -> Int64 = SystemTime.microseconds
  /// Returns after a time, or at once when the task is cancelled.
  public var sleep: @Sendable (Duration) async -> Void = SystemTime.sleep
  /// A number from 0 up to, not including, 1.
  public var random: @Sendable () -> Double = { Double.random(in: 0..<1) }
  /// How long a record must have been seen unchanged before somebody else takes the lease over. Whole seconds.
  public var leaseDuration: Duration = .seconds(15)
  /// How long a holder goes on without a good renewal. Shorter than `leaseDuration`.
  public var renewDeadline: Duration = .seconds(10)
  /// The pause between two renewals, and, with a random fifth on top, between two looks at another's lease.
  public var renewPeriod: Duration = .seconds(2)
  /// How long one request may take. Half of the deadline, so that a connection that died silently does not cost the lease.
  public var requestTimeout: Duration = .seconds(5)
  /// Where what must outlive a cancelled task runs; nil: wherever Swift likes.
  var executor: (any TaskExecutor)?

  /// The defaults, with the system's clocks and randomness.
  public init() {}

  /// The shortest lease that leaves the holder's requests time to be answered.
  public static let shortestLease = Duration.seconds(3)

  /// The defaults with another duration of the lease, and the other times in their usual proportion to it.
  /// - Parameter leaseDuration: whole seconds, ``shortestLease`` or more.
  public init(leaseDuration: Duration) {
    self.leaseDuration = leaseDuration
    renewDeadline = leaseDuration * 2 / 3
    renewPeriod = leaseDuration * 2 / 15
    requestTimeout = leaseDuration / 3
  }

  /// How long to wait before the next look, so that replicas do not look at once.
  var retryPause: Duration { renewPeriod + renewPeriod / 5 * random() }

  /// Whether the times fit together.
  var isConsistent: Bool {
    .zero < renewPeriod && renewPeriod < renewDeadline && renewDeadline < leaseDuration
      && .zero < requestTimeout && requestTimeout < renewDeadline && leaseDuration >= .seconds(1)
  }
}
