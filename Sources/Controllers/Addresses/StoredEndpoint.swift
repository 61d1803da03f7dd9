internal import Cluster
internal import IPAM
internal import JSON
internal import KubernetesAPI

/// A SpiderEndpoint as it is stored, as far as it is looked at before it is written.
struct StoredEndpoint: Equatable {
  /// The Pod it tells of.
  let pod: PodUID
  let uid: String
  let version: ResourceVersion
  let isTerminating: Bool
  /// Finalizers other than ours.
  let otherFinalizers: [String]
  /// Whether it has our finalizer.
  let isHeld: Bool

  /// Reads an endpoint.
  init(_ object: ClusterObject) throws(ClusterError) {
    let (metadata, pod) = try object.read(as: .spiderEndpoint) { view in
      (ObjectMeta(view["metadata"]), Self.pod(of: view))
    }
    let ours = SpiderAPI.finalizer.description
    self.pod = pod
    uid = object.uid
    version = object.resourceVersion
    isTerminating = metadata.isTerminating
    otherFinalizers = metadata.finalizers.filter { $0 != ours }
    isHeld = metadata.finalizers.contains(ours)
  }

  /// The Pod that an endpoint tells of; the empty UID when it tells of none.
  static func pod(of view: JSONView) -> PodUID {
    PodUID(view["status"]?["current"]?["uid"]?.string ?? "")
  }

  /// The merge patch that takes our finalizer away.
  var release: JSONValue { FinalizerPatch.make(leaving: otherFinalizers, of: version) }
}
