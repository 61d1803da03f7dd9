import Cluster
import KubernetesAPI

/// A store behind a network: a call that its caller gives up is done all the same, possibly much later, and the events of each
/// watch come at a pace of their own.
struct NetworkStore: ClusterStore {
  let base: any ClusterStore
  let executor: (any TaskExecutor)?
  /// Passes the time that an answer takes on its way.
  let lag: @Sendable () async -> Void
  /// Passes the time that an event takes on its way.
  var eventLag: @Sendable () async -> Void = {}
  /// Types that are served beside the known ones.
  var types: [ResourceType] = []

  private typealias Answer = Result<ClusterObject, ClusterError>

  private func send(
    _ call: @escaping @Sendable () async throws(ClusterError) -> ClusterObject
  ) async throws(ClusterError) -> ClusterObject {
    let (answers, answer) = AsyncStream<Answer>.makeStream()
    _ = Task(executorPreference: executor) {
      let outcome: Answer
      do throws(ClusterError) { outcome = .success(try await call()) } catch { outcome = .failure(error) }
      await lag()
      answer.yield(outcome)
    }
    for await answer in answers { return try answer.get() }
    throw .cancelled
  }

  func type(apiVersion: String, kind: String) async throws(ClusterError) -> ResourceType? {
    if let type = types.first(where: { $0.apiVersion == apiVersion && $0.kind == kind }) { return type }
    return try await base.type(apiVersion: apiVersion, kind: kind)
  }

  func get(
    _ type: ResourceType, namespace: String?, name: String
  ) async throws(ClusterError) -> ClusterObject {
    try await send { () async throws(ClusterError) in
      try await base.get(type, namespace: namespace, name: name)
    }
  }

  func create(
    _ type: ResourceType, namespace: String?, json: [UInt8]
  ) async throws(ClusterError) -> ClusterObject {
    try await send { () async throws(ClusterError) in
      try await base.create(type, namespace: namespace, json: json)
    }
  }

  func update(
    _ type: ResourceType, namespace: String?, name: String, json: [UInt8]
  ) async throws(ClusterError) -> ClusterObject {
    try await send { () async throws(ClusterError) in
      try await base.update(type, namespace: namespace, name: name, json: json)
    }
  }

  func updateStatus(
    _ type: ResourceType, namespace: String?, name: String, json: [UInt8]
  ) async throws(ClusterError) -> ClusterObject {
    try await send { () async throws(ClusterError) in
      try await base.updateStatus(type, namespace: namespace, name: name, json: json)
    }
  }

  func patch(
    _ type: ResourceType, namespace: String?, name: String, mergePatch json: [UInt8]
  ) async throws(ClusterError) -> ClusterObject {
    try await send { () async throws(ClusterError) in
      try await base.patch(type, namespace: namespace, name: name, mergePatch: json)
    }
  }

  func delete(
    _ type: ResourceType, namespace: String?, name: String, preconditions: Preconditions
  ) async throws(ClusterError) {
    try await base.delete(type, namespace: namespace, name: name, preconditions: preconditions)
  }

  func list(
    _ type: ResourceType, namespace: String?, onItem: (ClusterObject) throws(ClusterError) -> Void
  ) async throws(ClusterError) -> ResourceVersion {
    try await base.list(type, namespace: namespace, onItem: onItem)
  }

  func watch(
    _ type: ResourceType, namespace: String?, from: ResourceVersion,
    onEvent: @escaping @Sendable (WatchEvent) async throws(ClusterError) -> Void
  ) async throws(ClusterError) {
    let lag = eventLag
    try await base.watch(type, namespace: namespace, from: from) { event throws(ClusterError) in
      await lag()
      if Task.isCancelled { throw .cancelled }
      try await onEvent(event)
    }
  }
}
