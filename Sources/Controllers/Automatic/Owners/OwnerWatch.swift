internal import Cluster
internal import JSON
internal import KubernetesAPI
internal import Logging
internal import Synchronization

/// Follows the objects of one kind that owns automatic pools, by their metadata alone.
final class OwnerWatch: Sendable {
  /// An object, as far as it matters here.
  private struct Owner: Equatable {
    let key: ObjectKey
    let uid: String
    /// Grows when what the object asks for changes.
    let generation: Int64

    init(_ view: JSONView) {
      let metadata = ObjectMeta(view["metadata"])
      let namespace = view["metadata"]?["namespace"]?.string
      key = ObjectKey(namespace: namespace, name: metadata.name)
      uid = metadata.uid
      generation = view["metadata"]?["generation"]?.int ?? 0
    }
  }

  let type: ResourceType
  private let reflector: Reflector<Owner>

  /// What is known, shared with the reflector.
  private final class Known: Sendable {
    private let owners = Mutex<[ObjectKey: Owner]>([:])

    func has(_ key: ObjectKey, _ uid: String) -> Bool { owners.withLock { $0[key]?.uid == uid } }

    func replace(_ all: [Owner]) {
      owners.withLock { $0 = Dictionary(all.map { ($0.key, $0) }) { _, last in last } }
    }

    /// Sets an owner and returns what was there before.
    func set(_ owner: Owner?, at key: ObjectKey) -> Owner? {
      owners.withLock { owners in
        defer { owners[key] = owner }
        return owners[key]
      }
    }
  }

  private let known = Known()

  /// A watch that does nothing yet.
  /// - Parameter changed: is told the UID of an owner that is gone or that asks for something else, and where it is.
  init(
    _ type: ResourceType, in store: any ClusterStore, timing: ReflectorTiming,
    changed: @escaping @Sendable (ObjectKey, _ uid: String) -> Void, logger: Logger
  ) {
    self.type = type
    let known = known
    let sink = ReflectorSink<Owner>(
      reading: { Owner($0) }, replaceAll: { known.replace($0) },
      upsert: { owner in
        let before = known.set(owner, at: owner.key)
        guard let before, before != owner else { return }
        changed(before.key, before.uid)
        if before.uid != owner.uid { changed(owner.key, owner.uid) }
      },
      remove: { key in
        if let before = known.set(nil, at: key) { changed(key, before.uid) }
      })
    reflector = Reflector(
      store: store, type: type.metadataOnly, sink: sink, timing: timing, logger: logger)
  }

  /// Follows until the task is cancelled. Call it once.
  func run() async { await reflector.run() }

  /// Whether an object was seen and not its end; nil while that cannot be told.
  func has(_ key: ObjectKey, _ uid: String) -> Bool? {
    reflector.status.isSynced ? known.has(key, uid) : nil
  }

  /// Whether the objects were listed.
  var isSynced: Bool { reflector.status.isSynced }

  /// Why the objects cannot be listed; nil when they can be, or nobody tried.
  var failure: ClusterError? {
    let status = reflector.status
    return status.isSynced ? nil : status.lastFailure
  }
}
