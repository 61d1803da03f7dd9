internal import Cluster
internal import JSON
internal import KubernetesAPI

/// The merge patch that takes our finalizer from an object that is being deleted and whose status holds no record.
enum FinalizerPatch {
  /// nil when the object is not to be let go.
  static func make(for object: ClusterObject) -> [UInt8]? {
    var parser = JSONParser()
    let pool: SpiderIPPool?
    do throws(JSONError) { pool = try parser.parse(object.json) { SpiderIPPool($0) } } catch { pool = nil }
    guard let pool, pool.metadata.isTerminating, pool.allocatedIPs?.isEmpty ?? true else { return nil }
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
