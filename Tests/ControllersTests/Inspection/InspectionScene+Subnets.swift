import Addressing
import Cluster
import IPAM
import JSON
import KubernetesAPI
import Testing

@testable import Controllers

extension InspectionScene {
  /// Makes a subnet of 10.6.0.0/16 with these entries in its status, and counts that fit unless told otherwise.
  func subnet(
    _ name: String, network: String = "10.6.0.0/16", ips: [String] = ["10.6.0.1-10.6.0.20"],
    _ entries: [String: (ips: [String], application: String?)] = [:], total: Int64? = 20,
    allocated: Int64? = nil
  ) async throws {
    var status = SubnetStatus()
    for (pool, entry) in entries {
      let ranges = try entry.ips.map { try AddressRange($0) }
      status.entries[pool] = SubnetStatus.Entry(
        addresses: ranges.first.map { AddressSet($0.family, ranges) }, application: entry.application)
    }
    try await subnet(
      name, network: network, ips: ips, text: status.text, total: total,
      allocated: allocated ?? status.allocatedCount)
  }

  /// Makes a subnet with this text of entries in its status.
  func subnet(
    _ name: String, network: String = "10.6.0.0/16", ips: [String] = ["10.6.0.1-10.6.0.20"], text: String?,
    total: Int64?, allocated: Int64?
  ) async throws {
    let json: JSONValue = [
      "apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderSubnet",
      "metadata": ["name": .string(name)],
      "spec": ["subnet": .string(network), "ips": .array(ips.map { .string($0) })],
    ]
    var value = try JSONValue(
      parsing: try await base.create(.spiderSubnet, namespace: nil, json: json.bytes).json)
    value["status"] = [:]
    value["status"]?["controlledIPPools"] = text.map { .string($0) }
    value["status"]?["totalIPCount"] = total.map { .int($0) }
    value["status"]?["allocatedIPCount"] = allocated.map { .int($0) }
    _ = try await base.updateStatus(.spiderSubnet, namespace: nil, name: name, json: value.bytes)
  }

  /// Makes an automatic pool of the subnet `s`, for an application in the namespace `default`.
  func automaticPool(
    _ name: String, ips: [String] = ["10.6.0.2-10.6.0.4"], group: String = "apps_v1",
    kind: String = "Deployment", application: String = "web", uid: String, reclaims: Bool = true
  ) async throws {
    try await pool(
      name, ips: ips,
      labels: [
        "ipam.spidernet.io/owner-spider-subnet": "s",
        "ipam.spidernet.io/owner-application-gv": .string(group),
        "ipam.spidernet.io/owner-application-kind": .string(kind),
        "ipam.spidernet.io/owner-application-namespace": "default",
        "ipam.spidernet.io/owner-application-name": .string(application),
        "ipam.spidernet.io/owner-application-uid": .string(uid),
        "ipam.spidernet.io/ippool-reclaim": .string("\(reclaims)"),
      ])
  }

  /// Makes a workload in the namespace `default`, and gives its UID.
  @discardableResult
  func workload(_ name: String, _ type: ResourceType = .deployment) async throws -> String {
    let json: JSONValue = [
      "apiVersion": .string(type.apiVersion), "kind": .string(type.kind),
      "metadata": ["name": .string(name), "namespace": "default"], "spec": ["replicas": 2],
    ]
    return try await base.create(type, namespace: "default", json: json.bytes).uid
  }

  /// What a check finds of subnets and applications: `kind subnet pool: detail`, a dash for what is not concerned.
  func subnetFindings(in other: (any ClusterStore)? = nil) async throws -> [String] {
    SubnetCheck.findings(in: try await ClusterSnapshot(of: other ?? store)).map { finding in
      let pool = finding.pool.isEmpty ? "-" : finding.pool
      return "\(finding.kind.rawValue) \(finding.subnet ?? "-") \(pool): \(finding.detail)"
    }
  }
}
