internal import Cluster
internal import JSON
internal import KubernetesAPI

/// A `coordination.k8s.io/v1` Lease as it was read or written, and what can be made of it.
///
/// What others put into the Lease, labels for example, stays.
struct LeaseRecord: Sendable {
  /// What must stay the same for a holder to be taken for dead.
  struct Mark: Equatable {
    let holder: String
    let renewTime: String
    let resourceVersion: ResourceVersion
  }

  private let value: JSONValue
  let resourceVersion: ResourceVersion

  init(_ object: ClusterObject) throws(ClusterError) {
    do throws(JSONError) { value = try JSONValue(parsing: object.json) } catch {
      throw .malformed("the Lease \(object.key) is not JSON: \(error)")
    }
    resourceVersion = object.resourceVersion
  }

  /// Who holds the lease; empty for nobody.
  var holder: String { value["spec"]?["holderIdentity"]?.string ?? "" }

  /// How long its holder lets it live without a renewal; no time at all if that is not said.
  var duration: Duration { .seconds(max(0, value["spec"]?["leaseDurationSeconds"]?.int ?? 0)) }

  /// How often it changed hands.
  var transitions: Int64 { value["spec"]?["leaseTransitions"]?.int ?? 0 }

  var mark: Mark {
    Mark(
      holder: holder, renewTime: value["spec"]?["renewTime"]?.string ?? "", resourceVersion: resourceVersion)
  }

  /// The record of a holder that renews it, or of a new one. Conditional on the version that was read.
  /// - Parameter time: microseconds since 1970.
  func held(by identity: String, at time: Int64, for duration: Duration) -> [UInt8] {
    var spec = value["spec"] ?? .object(JSONObject())
    if holder != identity {
      spec["leaseTransitions"] = .int(transitions + 1)
      spec["acquireTime"] = .string(ObjectTime.text(microseconds: time))
    }
    return written(Self.hold(&spec, identity, time, duration))
  }

  /// The record of nobody, so that the next one need not wait.
  func released(at time: Int64) -> [UInt8] {
    var spec = value["spec"] ?? .object(JSONObject())
    spec["holderIdentity"] = ""
    spec["renewTime"] = .string(ObjectTime.text(microseconds: time))
    return written(spec)
  }

  /// The first record of a Lease that is not there yet.
  static func first(
    _ name: String, in namespace: String, by identity: String, at time: Int64, for duration: Duration
  ) -> [UInt8] {
    var spec: JSONValue = [
      "leaseTransitions": 0, "acquireTime": .string(ObjectTime.text(microseconds: time)),
    ]
    let lease: JSONValue = [
      "apiVersion": .string(ResourceType.lease.apiVersion), "kind": .string(ResourceType.lease.kind),
      "metadata": ["name": .string(name), "namespace": .string(namespace)],
      "spec": hold(&spec, identity, time, duration),
    ]
    return lease.bytes
  }

  private static func hold(
    _ spec: inout JSONValue, _ identity: String, _ time: Int64, _ duration: Duration
  ) -> JSONValue {
    spec["holderIdentity"] = .string(identity)
    spec["leaseDurationSeconds"] = .int(duration.components.seconds)
    spec["renewTime"] = .string(ObjectTime.text(microseconds: time))
    return spec
  }

  private func written(_ spec: JSONValue) -> [UInt8] {
    var lease = value
    lease["spec"] = spec
    lease["metadata"]?["resourceVersion"] = .string(resourceVersion.rawValue)
    return lease.bytes
  }
}
