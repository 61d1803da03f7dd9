import Addressing
import JSON
import KubernetesAPI
import Testing

@testable import IPAM

@Suite struct `An automatic pool` {
  private func labels(reclaim: String = "true") -> JSONValue {
    [
      "ipam.spidernet.io/owner-spider-subnet": "s4", "ipam.spidernet.io/owner-application-gv": "apps_v1",
      "ipam.spidernet.io/owner-application-kind": "Deployment",
      "ipam.spidernet.io/owner-application-namespace": "default",
      "ipam.spidernet.io/owner-application-name": "web",
      "ipam.spidernet.io/owner-application-uid": .string(AutomaticFixture.uid),
      "ipam.spidernet.io/interface": "eth0", "ipam.spidernet.io/ippool-reclaim": .string(reclaim),
      "ipam.spidernet.io/ip-version": "IPv4", "ipam.spidernet.io/ippool-cidr": "10-6-0-0-16",
    ]
  }

  /// The pool as it would be stored.
  private func stored(
    _ pool: AutomaticPool, in subnet: SpiderSubnet, _ change: (inout JSONValue) -> Void = { _ in }
  ) throws -> SpiderIPPool {
    var object = try JSONValue(
      parsing: pool.creation(named: "p", in: subnet, try AutomaticFixture.set("10.6.0.2")))
    change(&object)
    return try AutomaticFixture.parse("\(object)") { SpiderIPPool($0) }
  }

  @Test func `is created as Spiderpool's is, with its subnet's gateway and routes`() throws {
    let subnet = try AutomaticFixture.subnet(
      spec: #","gateway":"10.6.0.1","routes":[{"dst":"10.9.0.0/16","gw":"10.6.0.1"}]"#)
    let bytes = AutomaticFixture.pool().creation(
      named: "auto4-web-eth0-0a1b2", in: subnet, try AutomaticFixture.set("10.6.0.2-10.6.0.4,10.6.0.9"))
    let expected: JSONValue = [
      "apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderIPPool",
      "metadata": [
        "name": "auto4-web-eth0-0a1b2", "labels": labels(),
        "annotations": ["ipam.spidernet.io/ippool-ip-number": "+1"],
        "finalizers": ["spiderpool.spidernet.io"],
        "ownerReferences": [
          [
            "apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderSubnet", "name": "s4",
            "uid": "uid-s4", "controller": true, "blockOwnerDeletion": true,
          ]
        ],
      ],
      "spec": [
        "ipVersion": 4, "subnet": "10.6.0.0/16", "ips": ["10.6.0.2-10.6.0.4", "10.6.0.9"],
        "gateway": "10.6.0.1", "routes": [["dst": "10.9.0.0/16", "gw": "10.6.0.1"]],
        "podAffinity": [
          "matchLabels": [
            "ipam.spidernet.io/app-api-group": "apps", "ipam.spidernet.io/app-api-version": "v1",
            "ipam.spidernet.io/app-kind": "Deployment", "ipam.spidernet.io/app-namespace": "default",
            "ipam.spidernet.io/app-name": "web",
          ]
        ],
      ],
    ]
    #expect(try JSONValue(parsing: bytes) == expected)
  }

  @Test func `has no gateway and no routes where its subnet has none`() throws {
    let pool = AutomaticFixture.pool(
      of: AutomaticFixture.application("rc", kind: "ReplicationController", apiVersion: "v1"), family: .v6,
      size: .fixed(0), reclaims: false)
    let bytes = pool.creation(named: "p", in: try AutomaticFixture.subnet(.v6), AddressSet(.v6))
    let object = try JSONValue(parsing: bytes)
    #expect(
      object["spec"]
        == [
          "ipVersion": 6, "subnet": "fd00::/64", "ips": [],
          "podAffinity": [
            "matchLabels": [
              "ipam.spidernet.io/app-api-version": "v1",
              "ipam.spidernet.io/app-kind": "ReplicationController",
              "ipam.spidernet.io/app-namespace": "default", "ipam.spidernet.io/app-name": "rc",
            ]
          ],
        ])
    let labels = object["metadata"]?["labels"]
    #expect(labels?["ipam.spidernet.io/owner-application-gv"] == "v1")
    #expect(labels?["ipam.spidernet.io/ippool-reclaim"] == "false")
    #expect(labels?["ipam.spidernet.io/ip-version"] == "IPv6")
    #expect(labels?["ipam.spidernet.io/ippool-cidr"] == "fd00---64")
    #expect(object["metadata"]?["annotations"] == ["ipam.spidernet.io/ippool-ip-number": "0"])
  }

  @Test func `of a long name has legal labels, which stay the same`() throws {
    let long = String(repeating: "abcde-", count: 42) + "z"
    #expect(long.utf8.count == 253)
    let pool = AutomaticFixture.pool(
      of: AutomaticFixture.application(
        long, kind: String(repeating: "K", count: 63), apiVersion: "\(long.prefix(200))/v1alpha1"))
    let subnet = try AutomaticFixture.subnet()
    let object = try JSONValue(parsing: pool.creation(named: "p", in: subnet, AddressSet(.v4)))
    var values = 0
    for members in [object["metadata"]?["labels"], object["spec"]?["podAffinity"]?["matchLabels"]] {
      for member in try #require(members?.object) {
        let value = try #require(member.value.string)
        #expect(LabelSyntax.fault(inValue: value) == nil, "\(member.key)")
        #expect(LabelSyntax.fault(inKey: member.key) == nil)
        values += 1
      }
    }
    #expect(values == 15)
    #expect(try JSONValue(parsing: pool.creation(named: "p", in: subnet, AddressSet(.v4))) == object)
  }

  @Test func `is changed on the condition that nobody else changed it`() throws {
    let subnet = try AutomaticFixture.subnet(spec: #","gateway":"10.6.0.1""#)
    let pool = AutomaticFixture.pool(size: .fixed(3), reclaims: false)
    let patch = pool.change(from: "17", in: subnet, try AutomaticFixture.set("10.6.0.2-10.6.0.4"))
    #expect(
      try JSONValue(parsing: patch)
        == [
          "metadata": [
            "resourceVersion": "17", "labels": labels(reclaim: "false"),
            "annotations": ["ipam.spidernet.io/ippool-ip-number": "3"],
          ],
          // A merge patch takes out what is null.
          "spec": ["ips": ["10.6.0.2-10.6.0.4"], "gateway": "10.6.0.1", "routes": .null],
        ])
  }

  @Test func `is known by what it is told to be`() throws {
    let subnet = try AutomaticFixture.subnet(spec: #","gateway":"10.6.0.1","routes":[]"#)
    let pool = AutomaticFixture.pool()
    #expect(pool.isTold(by: try stored(pool, in: subnet), in: subnet))
    let more = try stored(pool, in: subnet) { $0["metadata"]?["labels"]?["team"] = "red" }
    #expect(pool.isTold(by: more, in: subnet), "labels of others do not count")
    let addresses = try stored(pool, in: subnet) { $0["spec"]?["ips"] = ["10.6.0.7"] }
    #expect(pool.isTold(by: addresses, in: subnet), "nor do addresses")
    let noRoutes = try stored(pool, in: subnet) { $0["spec"]?["routes"] = nil }
    #expect(pool.isTold(by: noRoutes, in: subnet), "no routes are as good as an empty list")

    for label in try #require(labels().object).map(\.key) {
      let changed = try stored(pool, in: subnet) { $0["metadata"]?["labels"]?[label] = "x" }
      #expect(!pool.isTold(by: changed, in: subnet), "\(label)")
    }
    let gateway = try stored(pool, in: subnet) { $0["spec"]?["gateway"] = nil }
    #expect(!pool.isTold(by: gateway, in: subnet))
    let routes = try stored(pool, in: subnet) {
      $0["spec"]?["routes"] = [["dst": "10.9.0.0/16", "gw": "10.6.0.1"]]
    }
    #expect(!pool.isTold(by: routes, in: subnet))
    let number = AutomaticFixture.pool(size: .fixed(1))
    #expect(!number.isTold(by: try stored(pool, in: subnet), in: subnet))
    let keeping = AutomaticFixture.pool(reclaims: false)
    #expect(!keeping.isTold(by: try stored(pool, in: subnet), in: subnet))
  }

  @Test func `is read from its labels`() throws {
    let subnet = try AutomaticFixture.subnet()
    let pool = AutomaticFixture.pool(size: .fixed(3), reclaims: false)
    let marks = try #require(AutomaticPool.Marks(try stored(pool, in: subnet).metadata, .v4))
    #expect(marks.key == pool.key && marks.uid == AutomaticFixture.uid)
    #expect(marks.size == .fixed(3) && !marks.reclaims)
    let odd = try stored(pool, in: subnet) {
      $0["metadata"]?["annotations"] = ["ipam.spidernet.io/ippool-ip-number": "many"]
      $0["metadata"]?["labels"]?["ipam.spidernet.io/ippool-reclaim"] = nil
    }
    let oddMarks = try #require(AutomaticPool.Marks(odd.metadata, .v4))
    #expect(oddMarks.size == nil && oddMarks.reclaims)
    let plain = try stored(pool, in: subnet) {
      $0["metadata"]?["labels"]?["ipam.spidernet.io/owner-application-name"] = nil
    }
    #expect(AutomaticPool.Marks(plain.metadata, .v4) == nil)
  }

  @Test func `is one of each interface and family`() {
    let request = AutomaticPoolRequest(
      pools: [
        .init(interface: "eth0", family: .v4, subnet: "s4"),
        .init(interface: "net1", family: .v6, subnet: "s6"),
      ], size: .fixed(2), reclaims: false)
    let pools = AutomaticPool.pools(of: request, for: AutomaticFixture.application())
    #expect(
      pools == [
        AutomaticFixture.pool(size: .fixed(2), reclaims: false),
        AutomaticFixture.pool(interface: "net1", family: .v6, size: .fixed(2), reclaims: false),
      ])
    #expect(Set(pools.map(\.key)).count == 2)
  }
}
