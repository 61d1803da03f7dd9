internal import Cluster
internal import IPAM
internal import JSON
internal import KubernetesAPI
internal import Logging
internal import Synchronization

/// Which Pods the cluster's StatefulSets want: those find their addresses again.
final class StatefulSetIndex: Sendable {
  /// The numbers of the Pods that a StatefulSet wants.
  struct Ordinals: Sendable {
    private let start: Int64
    private let replicas: Int64

    /// Reads a StatefulSet.
    init(_ view: JSONView) {
      let spec = view["spec"]
      start = max(0, spec?["ordinals"]?["start"]?.int ?? 0)
      replicas = spec?["replicas"]?.int ?? 1
    }

    /// Whether the Pod of this number is wanted.
    func contains(_ ordinal: Int64) -> Bool { ordinal >= start && ordinal - start < replicas }
  }

  private struct Named: Sendable {
    let key: ObjectKey
    let ordinals: Ordinals
  }

  private let sets = Mutex<[ObjectKey: Ordinals]>([:])

  /// Follows the StatefulSets of a store until the task is cancelled.
  func makeReflector(
    from store: any ClusterStore, timing: ReflectorTiming = ReflectorTiming(), logger: Logger
  ) -> some SyncedRunner {
    Reflector(store: store, type: .statefulSet, sink: sink(), timing: timing, logger: logger)
  }

  /// Whether a StatefulSet of that name wants a Pod of that number. One that is being deleted counts until it is gone.
  func wants(_ pod: PodKey) -> Bool {
    Self.wants(pod) { key in sets.withLock { $0[key] } }
  }

  /// Whether the Pod is wanted by the StatefulSet of its name, as `find` knows it.
  static func wants(_ pod: PodKey, _ find: (ObjectKey) -> Ordinals?) -> Bool {
    guard let (name, ordinal) = parts(pod.name) else { return false }
    return find(ObjectKey(namespace: pod.namespace, name: name))?.contains(ordinal) ?? false
  }

  /// The StatefulSet's name and the number, of which the last dash is followed by nothing but digits.
  static func parts(_ name: String) -> (set: String, ordinal: Int64)? {
    guard let dash = name.lastIndex(of: "-"), dash != name.startIndex else { return nil }
    let digits = name[name.index(after: dash)...]
    guard digits.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }), let ordinal = Int64(digits)
    else { return nil }
    return (String(name[..<dash]), ordinal)
  }

  private func sink() -> ReflectorSink<Named> {
    ReflectorSink(
      reading: { view in
        let metadata = view["metadata"]
        let key = ObjectKey(
          namespace: metadata?["namespace"]?.string, name: metadata?["name"]?.string ?? "")
        return Named(key: key, ordinals: Ordinals(view))
      },
      replaceAll: { all in
        self.sets.withLock {
          $0 = Dictionary(all.map { ($0.key, $0.ordinals) }, uniquingKeysWith: { _, last in last })
        }
      },
      upsert: { item in self.sets.withLock { $0[item.key] = item.ordinals } },
      remove: { key in self.sets.withLock { $0[key] = nil } })
  }
}

/// What a reflector does, whatever it reflects.
protocol SyncedRunner: Sendable {
  /// Follows until the task is cancelled.
  func run() async
  /// Returns when all was listed once, or the task is cancelled.
  func synced() async
}

extension Reflector: SyncedRunner {}
