/// What a reflector is doing.
public enum ReflectorState: Hashable, Sendable {
  /// It was not started yet.
  case idle
  /// It reads all objects.
  case listing
  /// It follows the changes.
  case watching
  /// It pauses after so many failures in a row.
  case waiting(attempt: Int)
  /// It was cancelled, and will do nothing more.
  case stopped
}

/// How a reflector is doing: a snapshot for health checks and metrics.
public struct ReflectorStatus: Hashable, Sendable {
  /// What it is doing.
  public var state: ReflectorState = .idle
  /// Whether a whole list was handed over at least once. What was handed over stays valid when the store is away.
  public var isSynced = false
  /// The version that is reflected.
  public var resourceVersion: ResourceVersion = "0"
  /// When the store was last heard of, on the reflector's clock; 0 before the first list.
  public var lastHeard: UInt64 = 0
  /// Lists that were handed over.
  public var lists = 0
  /// Watches that were begun.
  public var watches = 0
  /// Changes that were handed over or could not be decoded.
  public var events = 0
  /// Objects that could not be decoded, told again each time.
  public var decodeFailures = 0
  /// Watches that ended as too old.
  public var gones = 0
  /// Lists and watches that failed otherwise.
  public var failures = 0
  /// The last of them.
  public var lastFailure: ClusterError?

  /// A reflector that did nothing yet.
  public init() {}
}
