internal import Cluster
internal import IPAM
internal import KubernetesAPI

/// What is known of leaks while they are released: live reads of their Pods, each once, for a UID that is gone stays gone.
struct LeakEvidence {
  /// Whether a record is a leak.
  enum Verdict: Equatable {
    case leaked
    /// Somebody has the address, or will want it again.
    case held(String)
    case unknown(String)
  }

  let store: any ClusterStore
  /// Leaks whose release was written, whether or not an answer came.
  var tried: Set<AddressFinding> = []
  private var gone: Set<PodUID> = []

  init(store: any ClusterStore) { self.store = store }

  /// Looks for the Pod of a record, and for the StatefulSet that may want it again.
  mutating func verdict(on record: AllocationRecord) async -> Verdict {
    if !gone.contains(record.uid) {
      switch await LivePod.look(for: record, in: store) {
      case .alive: return .held("Pod \(record.pod) is there")
      case .unknown(let reason): return .unknown("Pod \(record.pod) could not be looked for: \(reason)")
      case .gone: gone.insert(record.uid)
      }
    }
    guard let (set, ordinal) = StatefulSetIndex.parts(record.pod.name) else { return .leaked }
    do throws(ClusterError) {
      let object = try await store.find(.statefulSet, namespace: record.pod.namespace, name: set)
      let ordinals = try object?.read(as: .statefulSet) { StatefulSetIndex.Ordinals($0) }
      guard let ordinals, ordinals.contains(ordinal) else { return .leaked }
      return .held("StatefulSet \(record.pod.namespace)/\(set) wants Pod \(record.pod.name) back")
    } catch {
      return .unknown("StatefulSet \(record.pod.namespace)/\(set) could not be looked for: \(error)")
    }
  }

  /// What became of a leak that is not recorded any more.
  func outcome(of leak: AddressFinding, in records: [AllocationRecord]) -> LeakRelease.Outcome {
    if let record = records.first(where: { $0.address == leak.address }) {
      return .passedOver("the address is recorded for Pod \(record.pod) with the UID \(record.uid) now")
    }
    return tried.contains(leak) ? .released : .passedOver("the address is free already")
  }
}
