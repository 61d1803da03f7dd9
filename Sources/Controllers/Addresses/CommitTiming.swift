internal import Cluster
internal import CoreMetrics

/// The clocks and the patience of whoever writes pools' statuses.
public struct CommitTiming: Sendable {
  /// Nanoseconds on a clock that never goes back.
  public var monotonic: @Sendable () -> UInt64 = SystemTime.monotonic
  /// Milliseconds since 1970.
  public var wallClock: @Sendable () -> UInt64 = SystemTime.milliseconds
  /// Returns after a time, or at once when the task is cancelled.
  public var sleep: @Sendable (Duration) async -> Void = SystemTime.sleep
  /// How many times as long as the last write of a pool took the next one waits for others to come.
  public var patience: UInt64 = 4
  /// The longest such wait.
  public var longestPatience = Duration.milliseconds(50)
  /// The pause after the first failure, doubled with each further one.
  public var firstBackoff = Duration.milliseconds(20)
  /// What the doubling ends at.
  public var longestBackoff = Duration.seconds(1)
  /// How often a write that nobody waits for is tried; whoever finds that it is still missing asks again.
  public var attemptsForNobody = 8

  /// The defaults, with the system's clocks.
  public init() {}

  /// In nanoseconds.
  func patience(after cost: UInt64) -> UInt64 { min(longestPatience.nanoseconds, cost * patience) }

  /// In which time one comes at least while many do.
  func patienceStep(after cost: UInt64) -> Duration {
    .nanoseconds(Int64(min(max(1_000_000, cost / 2), 5_000_000)))
  }

  func backoff(_ attempt: Int) -> Duration {
    firstBackoff.doubled(attempt - 1, upTo: longestBackoff)
  }
}

/// What is counted of the writes.
struct CommitCounters: Sendable {
  /// Writes of a pool's status.
  let writes = Counter(label: "spiderpool_webhook_status_writes_total")
  /// Those that met another one.
  let conflicts = Counter(label: "spiderpool_ipam_allocation_update_ippool_conflict_counts_total")
  /// Those that failed otherwise.
  let failures = Counter(label: "spiderpool_webhook_status_write_failures_total")
  /// Bindings that another replica's came before.
  let lost = Counter(label: "spiderpool_webhook_lost_bindings_total")
}
