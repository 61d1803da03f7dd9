import Addressing
import Cluster
import Controllers
import JSON
import KubernetesAPI
import Testing

@testable import spiderpool_webhook

@Suite struct `What ipam prints of subnets and automatic pools` {
  private let store: LocalCluster

  init() throws { store = try LocalCluster.inMemory() }

  @discardableResult
  private func make(
    _ type: ResourceType, _ name: String, metadata: JSONValue = [:], spec: JSONValue, status: JSONValue? = nil
  ) async throws -> String {
    let namespace = type.isNamespaced ? "default" : nil
    var json: JSONValue = [
      "apiVersion": .string(type.apiVersion), "kind": .string(type.kind), "metadata": metadata, "spec": spec,
    ]
    json["metadata"]?["name"] = .string(name)
    json["metadata"]?["namespace"] = namespace.map { .string($0) }
    let object = try await store.create(type, namespace: namespace, json: json.bytes)
    if let status {
      var value = try JSONValue(parsing: object.json)
      value["status"] = status
      _ = try await store.updateStatus(type, namespace: namespace, name: name, json: value.bytes)
    }
    return object.uid
  }

  /// An automatic pool of the subnet `s`, with this annotation.
  private func automatic(
    _ name: String, _ ips: String, _ number: String, for application: String, uid: String,
    kind: String = "Deployment", group: String = "apps_v1", reclaim: String = "true"
  ) async throws {
    try await make(
      .spiderIPPool, name,
      metadata: [
        "labels": [
          "ipam.spidernet.io/owner-spider-subnet": "s",
          "ipam.spidernet.io/owner-application-gv": .string(group),
          "ipam.spidernet.io/owner-application-kind": .string(kind),
          "ipam.spidernet.io/owner-application-namespace": "default",
          "ipam.spidernet.io/owner-application-name": .string(application),
          "ipam.spidernet.io/owner-application-uid": .string(uid),
          "ipam.spidernet.io/ippool-reclaim": .string(reclaim),
        ],
        "annotations": ["ipam.spidernet.io/ippool-ip-number": .string(number)],
      ], spec: ["subnet": "10.6.0.0/16", "ips": [.string(ips)]])
  }

  /// An application of three replicas with a pool of one more, one of a fixed size, one that is gone, and one of somebody
  /// else's; and a pool by hand.
  private func pools() async throws -> ClusterSnapshot {
    let uid = try await make(.deployment, "web", spec: ["replicas": 3])
    try await automatic("auto4-gone", "10.6.0.9", "+2", for: "gone", uid: "u1")
    try await automatic("auto4-web", "10.6.0.2-10.6.0.4", "+1", for: "web", uid: uid)
    try await automatic(
      "clone", "10.6.0.10", "5", for: "c", uid: "u2", kind: "CloneSet", group: "apps.kruise.io_v1alpha1",
      reclaim: "false")
    try await make(.spiderIPPool, "hand", spec: ["subnet": "10.6.0.0/16", "ips": ["10.6.0.20"]])
    try await automatic("odd", "10.6.0.11", "many", for: "web", uid: uid)
    return try await ClusterSnapshot(of: store, .applications)
  }

  @Test func `shows whose automatic pools are, and how large they should be`() async throws {
    let snapshot = try await pools()
    #expect(
      PoolListing(snapshot.pools, in: snapshot).table(isWide: false) == """
        NAME         FAMILY   SUBNET        TOTAL   WANTED   ALLOCATED   FREE   FLAGS   OWNER-SUBNET   APPLICATION
        auto4-gone   IPv4     10.6.0.0/16   1       ? (+2)   0           1      -       s              Deployment default/gone
        auto4-web    IPv4     10.6.0.0/16   3       4 (+1)   0           3      -       s              Deployment default/web
        clone        IPv4     10.6.0.0/16   1       5        0           1      -       s              CloneSet default/c
        hand         IPv4     10.6.0.0/16   1       -        0           1      -       -              -
        odd          IPv4     10.6.0.0/16   1       ?        0           1      -       s              Deployment default/web
        """)
    let hand = snapshot.pools.filter { $0.marks == nil }
    #expect(
      PoolListing(hand, in: snapshot).table(isWide: true) == """
        NAME   FAMILY   SUBNET        TOTAL   ALLOCATED   FREE   FLAGS   OWNER-SUBNET   RANGES      FREE-RANGES
        hand   IPv4     10.6.0.0/16   1       0           1      -       -              10.6.0.20   10.6.0.20
        """)
  }

  @Test func `tells programs whose automatic pools are`() async throws {
    let snapshot = try await pools()
    let json = PoolListing(snapshot.pools, in: snapshot).json.array ?? []
    let members = json.map { pool in
      ["name", "application", "ipNumber", "wanted", "reclaim"].map { pool[$0] ?? "missing" }
    }
    func application(_ apiVersion: JSONValue, _ kind: JSONValue, _ name: JSONValue, _ uid: String)
      -> JSONValue
    {
      [
        "apiVersion": apiVersion, "kind": kind, "namespace": "default", "name": name, "uid": .string(uid),
      ]
    }
    let web = application(
      "apps/v1", "Deployment", "web",
      try await store.get(.deployment, namespace: "default", name: "web").uid)
    #expect(
      members == [
        ["auto4-gone", application("apps/v1", "Deployment", "gone", "u1"), "+2", .null, true],
        ["auto4-web", web, "+1", 4, true],
        ["clone", application("apps.kruise.io/v1alpha1", "CloneSet", "c", "u2"), "5", 5, false],
        ["hand", .null, .null, .null, .null], ["odd", web, .null, .null, true],
      ])
  }

  /// Two subnets: one with two entries, a pool that has none, an excluded address and a reserved one; one that is broken.
  private func subnets() async throws -> ClusterSnapshot {
    let entries = #"{"a":{"ips":["10.6.0.1-10.6.0.3"]},"coming":{"ips":["10.6.0.5"]}}"#
    try await make(
      .spiderSubnet, "s",
      spec: ["subnet": "10.6.0.0/16", "ips": ["10.6.0.1-10.6.0.20"], "excludeIPs": ["10.6.0.12"]],
      status: ["controlledIPPools": .string(entries)])
    try await make(
      .spiderSubnet, "torn", spec: ["subnet": "fd00::/64", "ips": ["fd00::1-fd00::4"]],
      status: ["controlledIPPools": "["])
    try await make(
      .spiderIPPool, "a", spec: ["subnet": "10.6.0.0/16", "ips": ["10.6.0.1-10.6.0.3", "10.6.0.30"]])
    try await make(.spiderIPPool, "b", spec: ["subnet": "10.6.0.0/16", "ips": ["10.6.0.8-10.6.0.9"]])
    try await make(.spiderIPPool, "other", spec: ["subnet": "10.7.0.0/16", "ips": ["10.7.0.1"]])
    try await make(.spiderReservedIP, "r", spec: ["ips": ["10.6.0.18-10.6.0.22", "fd00::4"]])
    return try await ClusterSnapshot(of: store, .subnets)
  }

  @Test func `shows subnets in columns`() async throws {
    let snapshot = try await subnets()
    #expect(
      SubnetListing(snapshot.subnets, in: snapshot).table(isWide: true) == """
        NAME   FAMILY   SUBNET        TOTAL   ALLOCATED   FREE   POOLS   FLAGS   RANGES                                   FREE-RANGES
        s      IPv4     10.6.0.0/16   19      4           10     2       -       10.6.0.1-10.6.0.11,10.6.0.13-10.6.0.20   10.6.0.4,10.6.0.6-10.6.0.7,10.6.0.10-10.6.0.11,10.6.0.13-10.6.0.17
        torn   IPv6     fd00::/64     4       ?           ?      0       -       fd00::1-fd00::4                          ?
        """)
    #expect(
      SubnetListing(snapshot.subnets, in: snapshot).table(isWide: false).split(separator: "\n").first
        == "NAME   FAMILY   SUBNET        TOTAL   ALLOCATED   FREE   POOLS   FLAGS")
  }

  @Test func `tells programs of subnets`() async throws {
    let snapshot = try await subnets()
    let json = SubnetListing(snapshot.subnets, in: snapshot).json.array ?? []
    let first = try #require(json.first)
    var expected: JSONValue = [
      "name": "s", "ipVersion": 4, "subnet": "10.6.0.0/16", "total": 19, "allocated": 4, "free": 10,
      "pools": 2,
      "terminating": false, "ranges": ["10.6.0.1-10.6.0.11", "10.6.0.13-10.6.0.20"],
      "freeRanges": [
        "10.6.0.4", "10.6.0.6-10.6.0.7", "10.6.0.10-10.6.0.11", "10.6.0.13-10.6.0.17",
      ],
    ]
    expected["uid"] = first["uid"]
    expected["resourceVersion"] = first["resourceVersion"]
    #expect(first == expected && first["uid"]?.string?.isEmpty == false)
    #expect(json.last?["free"]?.isNull == true && json.last?["allocated"]?.isNull == true)
  }
}
