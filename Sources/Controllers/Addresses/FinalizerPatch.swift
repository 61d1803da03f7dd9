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
    var writer = JSONWriter()
    writer.object { patch in
      patch.key("metadata")
      patch.object { metadata in
        metadata.key("resourceVersion")
        metadata.value(object.resourceVersion.rawValue)
        metadata.key("finalizers")
        metadata.array { list in
          for finalizer in pool.metadata.finalizers where finalizer != ours { list.value(finalizer) }
        }
      }
    }
    return writer.finish()
  }
}
