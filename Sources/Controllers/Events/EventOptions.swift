internal import Cluster

/// An `EventRecorder`'s clocks and bounds.
public struct EventOptions: Sendable {
  /// Seconds since 1970.
  public var now: @Sendable () -> Int64 = SystemTime.seconds
  /// Returns after a time, or at once when the task is cancelled.
  public var sleep: @Sendable (Duration) async -> Void = SystemTime.sleep
  /// A number that makes an Event's name unique.
  public var unique: @Sendable () -> UInt64 = { UInt64.random(in: 0...(.max)) }
  /// How many different events may wait to be written; more are dropped.
  public var capacity = 256
  /// How many different events are remembered, to be counted up.
  public var remembered = 512
  /// Seconds after which an equal event is written anew instead of being counted up.
  public var window: Int64 = 600
  /// How often a write is tried while the API server is away.
  public var attempts = 3
  /// The pause after the first try, doubled after each further one.
  public var pause: Duration = .seconds(1)

  /// The defaults, with the system's clock and randomness.
  public init() {}
}
