public import Addressing
internal import Admission
public import Cluster
public import IPAM
internal import JSON
internal import KubernetesAPI

/// The pools and those who hold their addresses, as they were listed. The kinds are listed one after another: what is
/// changed meanwhile may be seen half.
public struct ClusterSnapshot: Sendable {
  /// What the Pod of a record is.
  public enum Holder: String, Sendable {
    /// It is there.
    case live
    /// It is there, and has run to its end.
    case ended
    /// It is not there, and its StatefulSet wants it back.
    case kept
    /// Another Pod has its name.
    case replaced
    /// It is not there.
    case gone
  }

  /// The pools, by name.
  public let pools: [InspectedPool]
  /// The Pods.
  public let pods: [PodKey: InspectedPod]
  /// Addresses that no Pod may get.
  public let reserved: [AddressSet]
  private let sets: [ObjectKey: StatefulSetIndex.Ordinals]

  /// Lists everything.
  /// - Parameter withPods: whether Pods and StatefulSets are listed; without, nothing is known of any holder.
  public init(of store: any ClusterStore, withPods: Bool = true) async throws(ClusterError) {
    let pools = try await Self.list(.spiderIPPool, store) { InspectedPool(SpiderIPPool($1)) }
    self.pools = pools.sorted { $0.name < $1.name }
    reserved = try await Self.list(.spiderReservedIP, store) {
      AddressText.lenientSets(SpiderReservedIP($1).ips)
    }.flatMap(
      \.self)
    var pods: [InspectedPod] = []
    var sets: [(ObjectKey, StatefulSetIndex.Ordinals)] = []
    if withPods {
      pods = try await Self.list(.pod, store) { InspectedPod($1) }
      sets = try await Self.list(.statefulSet, store) { ($0, StatefulSetIndex.Ordinals($1)) }
    }
    self.pods = Dictionary(pods.map { ($0.key, $0) }, uniquingKeysWith: { _, last in last })
    self.sets = Dictionary(sets, uniquingKeysWith: { _, last in last })
  }

  private static func list<Value>(
    _ type: ResourceType, _ store: any ClusterStore, _ read: (ObjectKey, JSONView) -> Value
  ) async throws(ClusterError) -> [Value] {
    var parser = JSONParser()
    var values: [Value] = []
    _ = try await store.list(type, namespace: nil) { object throws(ClusterError) in
      values.append(try object.read(as: type, with: &parser) { read(object.key, $0) })
    }
    return values
  }

  /// What the Pod of a record is.
  public func holder(of record: AllocationRecord) -> Holder {
    let pod = pods[record.pod]
    if let pod, pod.uid == record.uid { return pod.hasEnded ? .ended : .live }
    if StatefulSetIndex.wants(record.pod, { sets[$0] }) { return .kept }
    return pod == nil ? .gone : .replaced
  }
}
