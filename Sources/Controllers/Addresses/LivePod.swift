internal import Cluster
internal import IPAM
internal import KubernetesAPI

/// A Pod as it is now, from the source of truth: what is known from watches may be old.
enum LivePod {
  /// What was found.
  enum Sight: Sendable, Equatable {
    /// No Pod of this name has this UID.
    case gone
    /// It is there, terminating or not.
    case alive
    /// It could not be found out.
    case unknown(String)
  }

  /// Looks for the Pod of a record by its name and its UID.
  static func look(for record: AllocationRecord, in store: any ClusterStore) async -> Sight {
    await look(for: record.pod, record.uid, in: store)
  }

  /// Looks for a Pod by its name and its UID.
  static func look(for key: PodKey, _ uid: PodUID, in store: any ClusterStore) async -> Sight {
    do throws(ClusterError) {
      let pod = try await store.find(.pod, namespace: key.namespace, name: key.name)
      return pod.map { PodUID($0.uid) } == uid ? .alive : .gone
    } catch { return .unknown("\(error)") }
  }
}
