internal import JSON
internal import KubernetesAPI

/// A pool's object as a status write carries it: its identity, the version the write is conditional on, and the status.
public enum PoolStatusText {
  /// Writes the object.
  /// - Parameters:
  ///   - total: the addresses in `ips` that are not excluded.
  ///   - records: all that the status is to hold; they are counted as allocated.
  public static func write(
    pool name: String, uid: String, version: String, total: Int64, records: [AllocationRecord]
  ) -> [UInt8] {
    var writer = JSONWriter(reserving: 512)
    writer.object { object in
      object.key("apiVersion")
      object.value(SpiderAPI.apiVersion)
      object.key("kind")
      object.value("SpiderIPPool" as StaticString)
      object.key("metadata")
      object.object { metadata in
        metadata.key("name")
        metadata.value(name)
        metadata.key("uid")
        metadata.value(uid)
        metadata.key("resourceVersion")
        metadata.value(version)
      }
      object.key("status")
      object.object { status in
        if let text = AllocationText.write(records) {
          status.key("allocatedIPs")
          status.value(String(decoding: text, as: UTF8.self))
        }
        status.key("totalIPCount")
        status.value(total)
        status.key("allocatedIPCount")
        status.value(Int64(records.count))
      }
    }
    return writer.finish()
  }
}
