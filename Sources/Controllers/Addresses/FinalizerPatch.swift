internal import Cluster
internal import JSON
internal import KubernetesAPI

/// The merge patch that takes our finalizer from an object that is being deleted and whose status holds no record.
enum FinalizerPatch {
  /// nil when the object is not to be let go.
  static func make(for object: ClusterObject) -> [UInt8]? {
    guard let pool = try? object.read(as: .spiderIPPool, { SpiderIPPool($0) }), pool.metadata.isTerminating,
      pool.allocatedIPs?.isEmpty ?? true
    else { return nil }
    let ours = SpiderAPI.finalizer.description
    guard pool.metadata.finalizers.contains(ours) else { return nil }
    return make(leaving: pool.metadata.finalizers.filter { $0 != ours }, of: object.resourceVersion).bytes
  }

  /// The patch of an object that has our finalizer and these others, conditional on its version.
  static func make(leaving others: [String], of version: ResourceVersion) -> JSONValue {
    [
      "metadata": [
        "resourceVersion": .string(version.rawValue), "finalizers": .array(others.map { .string($0) }),
      ]
    ]
  }
}
