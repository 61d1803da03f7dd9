import Addressing
import Cluster
import IPAM
import JSON
import KubernetesAPI
import Testing

@testable import Controllers

/// A cluster with pools, Pods and StatefulSets, and the commands' view of it.
struct InspectionScene {
  let base: LocalCluster
  let plan = FaultPlan()

  /// The cluster with the plan's faults.
  var store: FaultInjectingStore { FaultInjectingStore(base, plan: plan) }

  init() throws { base = try LocalCluster.inMemory() }

  /// Makes a pool of 10.6.0.0/16, unless told otherwise.
  func pool(
    _ name: String, subnet: String = "10.6.0.0/16", ips: [String] = ["10.6.0.1-10.6.0.10"],
    spec more: JSONValue = [:], labels: JSONValue = [:]
  ) async throws {
    var spec: JSONValue = ["subnet": .string(subnet), "ips": .array(ips.map { .string($0) })]
    for member in more.object ?? JSONObject() { spec[member.key] = member.value }
    let json: JSONValue = [
      "apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderIPPool",
      "metadata": ["name": .string(name), "labels": labels], "spec": spec,
    ]
    _ = try await base.create(.spiderIPPool, namespace: nil, json: json.bytes)
  }

  /// Writes a pool's status: these records, and counts that fit unless told otherwise.
  func record(
    _ pool: String, _ records: [(address: String, pod: String, uid: String)], total: Int64 = 10,
    allocated: Int64? = nil
  ) async throws {
    let list = try records.map { record in
      AllocationRecord(
        address: try IPAddress(record.address), pod: try #require(PodKey(record.pod)), uid: PodUID(record.uid)
      )
    }
    let text = AllocationText.write(list).map { String(decoding: $0, as: UTF8.self) }
    try await status(pool, text, total: total, allocated: allocated ?? Int64(list.count))
  }

  /// Writes a pool's status with this text of records.
  func status(_ pool: String, _ text: String?, total: Int64, allocated: Int64) async throws {
    var value = try JSONValue(parsing: try await base.get(.spiderIPPool, namespace: nil, name: pool).json)
    value["status"] = ["totalIPCount": .int(total), "allocatedIPCount": .int(allocated)]
    value["status"]?["allocatedIPs"] = text.map { .string($0) }
    _ = try await base.updateStatus(.spiderIPPool, namespace: nil, name: pool, json: value.bytes)
  }

  /// Makes a Pod, with this allocation annotation if any, and gives its UID.
  @discardableResult
  func pod(_ name: String, allocation: String? = nil, phase: String? = nil) async throws -> String {
    var annotations: JSONValue = [:]
    annotations["ipam.spidernet.io/allocation"] = allocation.map { .string($0) }
    let json: JSONValue = [
      "apiVersion": "v1", "kind": "Pod",
      "metadata": ["name": .string(name), "namespace": "default", "annotations": annotations],
      "spec": ["nodeName": "n1", "restartPolicy": "Never"],
    ]
    let object = try await base.create(.pod, namespace: "default", json: json.bytes)
    if let phase {
      var value = try JSONValue(parsing: object.json)
      value["status"] = ["phase": .string(phase)]
      _ = try await base.updateStatus(.pod, namespace: "default", name: name, json: value.bytes)
    }
    return object.uid
  }

  /// Makes a StatefulSet with so many replicas.
  func set(_ name: String, replicas: Int64) async throws {
    let json: JSONValue = [
      "apiVersion": "apps/v1", "kind": "StatefulSet",
      "metadata": ["name": .string(name), "namespace": "default"],
      "spec": ["replicas": .int(replicas)],
    ]
    _ = try await base.create(.statefulSet, namespace: "default", json: json.bytes)
  }

  /// The allocation annotation of one interface.
  static func allocation(_ address: String, of pool: String) -> String {
    "[{\"interface\":\"eth0\",\"ipv4\":\"\(address)/16\",\"ipv4Pool\":\"\(pool)\"}]"
  }

  /// What a check finds, as `kind pool address pod`.
  func findings() async throws -> [String] {
    AddressCheck.findings(in: try await ClusterSnapshot(of: store)).map(\.short)
  }

  /// The pool as it is stored.
  func stored(_ pool: String) async throws -> InspectedPool {
    let object = try await base.get(.spiderIPPool, namespace: nil, name: pool)
    var parser = JSONParser()
    return try parser.parse(object.json) { InspectedPool(SpiderIPPool($0)) }
  }

  /// A report of one look, made at this time.
  func report(at time: Int64 = 1000) async throws -> CheckReport {
    try await CheckReport.make(of: store, settling: .zero, now: { time })
  }
}

extension AddressFinding {
  /// `kind pool address pod`, a dash for what is not concerned.
  var short: String {
    [kind.rawValue, pool.isEmpty ? "-" : pool, address?.description ?? "-", pod?.description ?? "-"].joined(
      separator: " ")
  }
}
