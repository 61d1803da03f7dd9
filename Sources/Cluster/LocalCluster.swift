public import KubernetesAPI

/// A cluster's state without a cluster: manifests in a directory, and SQLite beside them for everything that changes; or
/// in memory alone. It has the API server's semantics for what `ClusterStore` offers.
///
/// A write has returned only when it is on disk: killing the process at any moment loses nothing that was acknowledged.
/// Reads and watches see committed state alone.
public final class LocalCluster: ClusterStore {
  /// The settings; the defaults suit a server.
  public struct Options: Sendable {
    /// Seconds since 1970.
    public var now: @Sendable () -> Int64
    /// How many changes a watch may be behind before it is `gone`.
    public var historyChanges = 4096
    /// How many bytes of objects the history may hold back.
    public var historyBytes = 4 << 20
    /// How many writes may wait for the disk; more are answered `tooManyRequests`.
    public var maximumPendingWrites = 8192
    /// The largest database; a write beyond it is answered like a full disk.
    public var maximumDatabaseBytes: Int?

    /// The defaults, with the system's clock.
    public init(now: @escaping @Sendable () -> Int64 = SystemTime.seconds) { self.now = now }
  }

  let store: LocalStore
  /// `nil` in memory, where a write is decided where it is asked for.
  private let queue: WriteQueue?
  /// What reading the manifests came to when the store was opened.
  public let manifests: ManifestSummary

  init(store: LocalStore, isDurable: Bool, options: Options, manifests: ManifestSummary) {
    self.store = store
    self.manifests = manifests
    queue =
      isDurable
      ? WriteQueue(capacity: options.maximumPendingWrites) { [store] writes in store.run(writes) } : nil
  }

  deinit {
    let store = store
    if let queue { queue.close { store.close() } } else { store.close() }
  }

  /// Finishes the writes under way, ends all watches and gives the directory back. Every later call fails.
  public func close() async {
    await withCheckedContinuation { continuation in
      let store = store
      guard let queue else {
        store.close()
        return continuation.resume()
      }
      queue.close {
        store.close()
        continuation.resume()
      }
    }
  }

  private func submit(_ write: ObjectWrite, _ completion: @escaping WriteQueue.Completion) {
    if let queue { queue.submit(write, completion) } else { store.run([write]).forEach(completion) }
  }

  private func write(_ write: ObjectWrite) async throws(ClusterError) -> WriteOutcome {
    try await withCheckedContinuation { continuation in
      submit(write) { continuation.resume(returning: $0) }
    }.get()
  }

  private func stored(_ write: ObjectWrite) async throws(ClusterError) -> ClusterObject {
    switch try await self.write(write) {
    // A write that takes a terminating object's last finalizer answers with the object, too.
    case .stored(let object), .deleted(let object): return object
    case .absent: throw .notFound("the object is gone")
    }
  }
}

extension LocalCluster {
  /// The objects in order of namespace and name.
  public func list(
    _ type: ResourceType, namespace: String?, onItem: (ClusterObject) throws(ClusterError) -> Void
  ) async throws(ClusterError) -> ResourceVersion {
    let (objects, version) = try store.read { ($0.objects(type, namespace: namespace), $0.version) }
    for object in objects { try onItem(object) }
    return ResourceVersion(rawValue: String(version))
  }

  /// The object as it is committed.
  public func get(
    _ type: ResourceType, namespace: String?, name: String
  ) async throws(ClusterError) -> ClusterObject {
    let key = ObjectKey(namespace: type.isNamespaced ? namespace : nil, name: name)
    guard let found = try store.read({ $0.object(type, key) }) else {
      throw .notFound("\(type.qualifiedName) \"\(key)\" not found")
    }
    return found.object
  }

  /// Creates an object.
  public func create(
    _ type: ResourceType, namespace: String?, json: [UInt8]
  ) async throws(ClusterError) -> ClusterObject {
    try await stored(ObjectWrite(operation: .create, type: type, namespace: namespace, name: nil, json: json))
  }

  /// Replaces an object except its status.
  public func update(
    _ type: ResourceType, namespace: String?, name: String, json: [UInt8]
  ) async throws(ClusterError) -> ClusterObject {
    try await stored(
      ObjectWrite(operation: .update, type: type, namespace: namespace, name: name, json: json))
  }

  /// Replaces an object's status.
  public func updateStatus(
    _ type: ResourceType, namespace: String?, name: String, json: [UInt8]
  ) async throws(ClusterError) -> ClusterObject {
    try await stored(
      ObjectWrite(operation: .updateStatus, type: type, namespace: namespace, name: name, json: json))
  }

  /// Lays a merge patch over an object, except its status.
  public func patch(
    _ type: ResourceType, namespace: String?, name: String, mergePatch json: [UInt8]
  ) async throws(ClusterError) -> ClusterObject {
    try await stored(
      ObjectWrite(operation: .patch, type: type, namespace: namespace, name: name, json: json))
  }

  /// Deletes an object.
  public func delete(
    _ type: ResourceType, namespace: String?, name: String, preconditions: Preconditions
  ) async throws(ClusterError) {
    _ = try await write(
      ObjectWrite(operation: .delete(preconditions), type: type, namespace: namespace, name: name))
  }

  /// Tells changes from `from` on. The next event waits for `onEvent`; whoever falls behind the history is `gone`.
  public func watch(
    _ type: ResourceType, namespace: String?, from: ResourceVersion,
    onEvent: @escaping @Sendable (WatchEvent) async throws(ClusterError) -> Void
  ) async throws(ClusterError) {
    guard var position = from.number else { throw .invalid("\(from) is no resource version") }
    var told = position
    while true {
      if Task.isCancelled { throw .cancelled }
      let next = try store.read { $0.following(position, type: type, namespace: namespace, limit: 64) }
      switch next {
      case .gone: throw .gone("changes since version \(position) are no longer remembered")
      case .nothing: await store.waitForChange(of: type, after: position)
      case .events(let events, let upTo):
        for event in events { try await onEvent(event) }
        position = upTo
        if !events.isEmpty {
          told = position
        } else if position - told >= LocalStore.bookmarkInterval {
          told = position
          try await onEvent(.bookmark(ResourceVersion(rawValue: String(position))))
        }
      }
    }
  }
}

extension LocalCluster {
  /// Stores what an admitted review made, and calls `completion` once it is durable: on the writer thread, or at once
  /// in memory. The object given is as it is stored now; `nil` if it is gone.
  public func record(
    _ change: RecordedChange,
    completion: @escaping @Sendable (Result<ClusterObject?, ClusterError>) -> Void
  ) {
    let write = ObjectWrite(
      operation: .record(change.operation), type: change.type, namespace: change.namespace,
      name: change.name.isEmpty ? nil : change.name, json: change.json)
    submit(write) { result in
      completion(
        result.map { outcome in
          if case .stored(let object) = outcome { object } else { nil }
        })
    }
  }

  /// Stores what an admitted review made; it is durable when this returns.
  public func record(_ change: RecordedChange) async throws(ClusterError) -> ClusterObject? {
    try await withCheckedContinuation { continuation in
      record(change) { continuation.resume(returning: $0) }
    }.get()
  }
}
