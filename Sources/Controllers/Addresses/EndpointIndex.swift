internal import Cluster
internal import IPAM
internal import JSON
internal import KubernetesAPI
internal import Logging
internal import Synchronization

/// Which Pod each SpiderEndpoint tells of, as it was last seen or written.
final class EndpointIndex: Sendable {
  private struct Entry: Sendable {
    let key: PodKey
    let pod: PodUID
  }

  private let pods = Mutex(PodMap<PodUID>())

  /// Follows the endpoints of a store until the task is cancelled.
  func makeReflector(
    from store: any ClusterStore, timing: ReflectorTiming = ReflectorTiming(), logger: Logger
  ) -> some SyncedRunner {
    Reflector(store: store, type: .spiderEndpoint, sink: sink(), timing: timing, logger: logger)
  }

  /// The Pod that the endpoint of this name tells of; nil when there is no such endpoint. Setting it notes what was written.
  subscript(key: PodKey) -> PodUID? {
    get { pods.withLock { $0[key] } }
    set { pods.withLock { $0[key] = newValue } }
  }

  /// The names of the endpoints there are.
  var keys: [PodKey] { pods.withLock { $0.pods } }

  private func sink() -> ReflectorSink<Entry> {
    ReflectorSink(
      reading: { view in
        let metadata = view["metadata"]
        let key = PodKey(
          namespace: metadata?["namespace"]?.string ?? "", name: metadata?["name"]?.string ?? "")
        return Entry(key: key, pod: StoredEndpoint.pod(of: view))
      },
      replaceAll: { all in
        self.pods.withLock { pods in
          pods = PodMap(expecting: all.count)
          for entry in all { pods[entry.key] = entry.pod }
        }
      },
      upsert: { self[$0.key] = $0.pod },
      remove: { self[PodKey(namespace: $0.namespace ?? "", name: $0.name)] = nil })
  }
}
