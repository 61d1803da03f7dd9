public import Addressing
internal import Admission
public import Cluster
public import IPAM
internal import JSON
internal import KubernetesAPI

/// The pools and those who hold their addresses, as they were listed. The kinds are listed one after another: what is
/// changed meanwhile may be seen half.
public struct ClusterSnapshot: Sendable {
  /// What is listed beside the pools and the reserved addresses.
  public struct Extent: OptionSet, Sendable {
    /// A bit for each.
    public let rawValue: UInt8

    /// An extent from its bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Pods, and the StatefulSets that want some back; without, nothing is known of any holder.
    public static let pods = Extent(rawValue: 1)
    /// Subnets.
    public static let subnets = Extent(rawValue: 2)
    /// The workloads that have automatic pools: of the kinds that have none, nothing is listed.
    public static let applications = Extent(rawValue: 4)
    /// Everything.
    public static let all: Extent = [.pods, .subnets, .applications]
  }

  /// What the application of an automatic pool is.
  public enum Owner: Sendable {
    /// It is there.
    case live(Workload)
    /// Another one has its name.
    case replaced(Workload)
    /// It is not there.
    case gone
    /// It is not of Kubernetes' own and there, or applications were not listed or may not be.
    case unknown
  }

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
  /// The subnets, by name.
  public let subnets: [InspectedSubnet]
  /// The Pods.
  public let pods: [PodKey: InspectedPod]
  /// Addresses that no Pod may get.
  public let reserved: [AddressSet]
  private let sets: [ObjectKey: StatefulSetIndex.Ordinals]
  /// The workloads that have automatic pools, by the names that labels can hold; nil when none were listed.
  private let workloads: [WorkloadTable.Key: Workload]?
  /// The UIDs of all objects of kinds that are not Kubernetes' own and have automatic pools, as far as they can be listed.
  private let others: [ApplicationKind: Set<String>]

  /// Lists what is asked for.
  public init(of store: any ClusterStore, _ extent: Extent = .all) async throws(ClusterError) {
    let pools = try await Self.list(.spiderIPPool, store) { InspectedPool(SpiderIPPool($1)) }
    self.pools = pools.sorted { $0.name < $1.name }
    reserved = try await Self.list(.spiderReservedIP, store) {
      AddressText.lenientSets(SpiderReservedIP($1).ips)
    }.flatMap(
      \.self)
    var pods: [InspectedPod] = []
    var sets: [(ObjectKey, StatefulSetIndex.Ordinals)] = []
    if extent.contains(.pods) {
      pods = try await Self.list(.pod, store) { InspectedPod($1) }
      sets = try await Self.list(.statefulSet, store) { ($0, StatefulSetIndex.Ordinals($1)) }
    }
    self.pods = Dictionary(pods.map { ($0.key, $0) }, uniquingKeysWith: { _, last in last })
    self.sets = Dictionary(sets, uniquingKeysWith: { _, last in last })
    var subnets: [InspectedSubnet] = []
    if extent.contains(.subnets) {
      subnets = try await Self.list(.spiderSubnet, store) { InspectedSubnet(SpiderSubnet($1)) }
    }
    self.subnets = subnets.sorted { $0.name < $1.name }
    workloads = extent.contains(.applications) ? try await Self.workloads(of: pools, store) : nil
    others = extent.contains(.applications) ? try await Self.others(of: pools, store) : [:]
  }

  /// The objects of the kinds that have one of these pools and are not Kubernetes' own.
  private static func others(
    of pools: [InspectedPool], _ store: any ClusterStore
  ) async throws(ClusterError) -> [ApplicationKind: Set<String>] {
    let applications = pools.compactMap { $0.marks?.key.application }.filter { $0.workloadKind == nil }
    var found: [ApplicationKind: Set<String>] = [:]
    for kind in Set(applications.map(ApplicationKind.init)) {
      do throws(ClusterError) {
        guard let type = try await store.type(apiVersion: kind.apiVersion, kind: kind.kind) else {
          // Objects go with their kind.
          found[kind] = []
          continue
        }
        found[kind] = Set(
          try await list(type.metadataOnly, store) { _, view in view["metadata"]?["uid"]?.string })
      } catch {
        // Who may not be seen is not gone.
        guard case .forbidden = error else { throw error }
      }
    }
    return found
  }

  /// The workloads that have one of these pools.
  private static func workloads(
    of pools: [InspectedPool], _ store: any ClusterStore
  ) async throws(ClusterError) -> [WorkloadTable.Key: Workload] {
    let keys = Set(pools.compactMap { $0.marks.flatMap { WorkloadTable.Key($0.key.application) } })
    let kinds = Set(keys.map(\.kind))
    var found: [WorkloadTable.Key: Workload] = [:]
    for kind in WorkloadKind.allCases where kinds.contains(kind) {
      let workloads = try await list(kind.type, store) { _, view in
        let workload = Workload(view, kind)
        return WorkloadTable.Key(workload.application.key).flatMap {
          keys.contains($0) ? ($0, workload) : nil
        }
      }
      found.merge(workloads) { _, last in last }
    }
    return found
  }

  private static func list<Value>(
    _ type: ResourceType, _ store: any ClusterStore, _ read: (ObjectKey, JSONView) -> Value?
  ) async throws(ClusterError) -> [Value] {
    var parser = JSONParser()
    var values: [Value] = []
    _ = try await store.list(type, namespace: nil) { object throws(ClusterError) in
      if let value = try object.read(as: type, with: &parser, { read(object.key, $0) }) {
        values.append(value)
      }
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

  /// What the application of an automatic pool is.
  public func owner(of pool: AutomaticPool.Marks) -> Owner {
    guard let workloads else { return .unknown }
    guard let key = WorkloadTable.Key(pool.key.application) else {
      let present = others[ApplicationKind(pool.key.application)]
      return present?.contains(pool.uid) ?? true ? .unknown : .gone
    }
    guard let workload = workloads[key] else { return .gone }
    return workload.application.uid == pool.uid ? .live(workload) : .replaced(workload)
  }
}

extension WorkloadTable.Key {
  /// A workload as the labels of its pools name it; nil for an application of somebody else's.
  fileprivate init?(_ application: ApplicationKey) {
    guard let kind = application.workloadKind else { return nil }
    self.init(kind: kind, namespace: application.namespace, name: application.name)
  }
}
