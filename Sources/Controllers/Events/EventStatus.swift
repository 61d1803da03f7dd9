public import Cluster

/// How an `EventRecorder` does: a snapshot for health checks and metrics.
public struct EventStatus: Hashable, Sendable {
  /// Events that were asked for.
  public var recorded = 0
  /// Events that were written as objects of their own.
  public var created = 0
  /// Writes that counted an Event up.
  public var counted = 0
  /// Events that found no room to wait in, or waited when the recorder was stopped.
  public var dropped = 0
  /// Writes that came to nothing.
  public var failures = 0
  /// The last of their causes.
  public var lastFailure: ClusterError?

  /// A recorder that did nothing yet.
  public init() {}
}
