public import Cluster
internal import IPAM
public import KubernetesAPI

/// Finds the types of objects that are known by `apiVersion` and `kind` alone, as owners are; asks once for each.
public actor TypeFinder {
  /// How long a kind that nobody serves is not asked for again, in nanoseconds: it may be installed later.
  private static let patience: UInt64 = 300_000_000_000
  /// Kinds remembered; owner references may say anything.
  private static let capacity = 1024

  private let store: any ClusterStore
  private let now: @Sendable () -> UInt64
  private var found: [ApplicationKind: ResourceType] = [:]
  private var missed: [ApplicationKind: UInt64] = [:]

  /// - Parameter now: nanoseconds on a clock that never goes back.
  public init(store: any ClusterStore, now: @escaping @Sendable () -> UInt64) {
    self.store = store
    self.now = now
  }

  /// The type; nil when nobody serves it.
  public func type(apiVersion: String, kind: String) async throws(ClusterError) -> ResourceType? {
    if let known = ResourceType.known(apiVersion: apiVersion, kind: kind) { return known }
    let key = ApplicationKind(apiVersion: apiVersion, kind: kind)
    if let type = found[key] { return type }
    if let last = missed[key], now() &- last < Self.patience { return nil }
    let type = try await store.type(apiVersion: apiVersion, kind: kind)
    if found.count + missed.count >= Self.capacity { (found, missed) = ([:], [:]) }
    found[key] = type
    missed[key] = type == nil ? now() : nil
    return type
  }
}
