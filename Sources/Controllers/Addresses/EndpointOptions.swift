public import Cluster

/// An `EndpointWriter`'s clocks and bounds.
public struct EndpointOptions: Sendable {
  /// Whether SpiderEndpoints are written at all.
  public var isEnabled = true
  /// How many Pods may wait; the others are found by the next look at all of them.
  public var capacity = 4096
  /// Pods dealt with in a second, once `burst` is used up.
  public var perSecond = 5.0
  /// Pods dealt with at once after a time of rest.
  public var burst = 10
  /// Between two looks at all Pods and endpoints.
  public var period = Duration.seconds(300)
  /// How often one endpoint is read and written anew while others write it.
  public var attempts = 4
  /// The pause after a failure that may pass, doubled with each further one.
  public var firstBackoff = Duration.seconds(1)
  /// What the doubling ends at.
  public var longestBackoff = Duration.seconds(30)
  /// How endpoints are followed.
  public var following = ReflectorTiming()
  /// Nanoseconds on a clock that never goes back.
  public var now: @Sendable () -> UInt64 = SystemTime.monotonic
  /// Returns after a time, or at once when the task is cancelled.
  public var sleep: @Sendable (Duration) async -> Void = SystemTime.sleep

  /// The defaults, with the system's clock.
  public init() {}
}

/// How an `EndpointWriter` does: a snapshot for health checks and metrics.
public struct EndpointStatus: Hashable, Sendable {
  /// Endpoints that were created.
  public var created = 0
  /// Endpoints of an earlier Pod that were written anew.
  public var replaced = 0
  /// Endpoints that were deleted.
  public var removed = 0
  /// News that found no room to wait in.
  public var dropped = 0
  /// Tries that came to nothing.
  public var failures = 0
  /// The last of their causes.
  public var lastFailure: ClusterError?

  /// A writer that did nothing yet.
  public init() {}
}
