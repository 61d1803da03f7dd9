import Addressing
import JSON
import KubernetesAPI
import Testing

@testable import IPAM

@Suite struct `The choice of pools` {
  @Test(arguments: [
    (["ippools": #"[{"ipv4":["a"]}]"#, "ippool": #"{"ipv4":["b"]}"#], ["eth0 IPv4 a"]),
    (["ippool": #"{"ipv4":["b"]}"#], ["eth0 IPv4 b"]),
    ([:], ["eth0 IPv4 n", "eth0 IPv6 six-n"]),
  ])
  func `goes by the first source that is there`(_ annotations: [String: String], _ chosen: [String]) throws {
    var fixture = try ChoiceFixture([
      "a": "", "b": "", "n": "", "six-n": "", "d": #""default":true"#, "six-d": #""default":true"#,
    ])
    fixture.namespace = NamespaceFacts(annotations: [
      "ipam.spidernet.io/default-ipv4-ippool": #"["n"]"#,
      "ipam.spidernet.io/default-ipv6-ippool": #"["six-n"]"#,
    ])
    #expect(try fixture.chosen(annotations) == chosen)
    fixture.namespace = NamespaceFacts(annotations: ["ipam.spidernet.io/default-ipv4-ippool": "[]"])
    #expect(try fixture.chosen() == ["eth0 IPv4 d", "eth0 IPv6 six-d"])
    fixture.namespace = nil
    #expect(try fixture.chosen() == ["eth0 IPv4 d", "eth0 IPv6 six-d"])
  }

  @Test func `leaves Pods alone that get no address from pools`() throws {
    let fixture = try ChoiceFixture(["a": #""default":true"#])
    let broken = ["ipam.spidernet.io/ippool": "broken"]
    #expect(
      fixture.choose(try ChoiceFixture.pod(annotations: broken, spec: ["hostNetwork": true])) == .leftAlone)
    let mirror = ["kubernetes.io/config.mirror": "h"]
    #expect(fixture.choose(try ChoiceFixture.pod(annotations: mirror)) == .leftAlone)
    #expect(try fixture.chosen(["subnet": "{}", "ippool": "broken"]) == ["left alone"])
    #expect(try fixture.chosen(["subnets": "[]"]) == ["left alone"])
    #expect(try ChoiceFixture(["a": ""]).chosen() == ["left alone"])
  }

  @Test func `names interfaces by their place, where the annotation names none`() throws {
    let fixture = try ChoiceFixture(["a": "", "b": "", "six": ""])
    let three = #"[{"ipv4":["a"]},{"ipv4":["a"],"ipv6":["six"]},{"ipv4":["b"],"interface":""}]"#
    #expect(
      try fixture.chosen(["ippools": three]) == [
        "eth0 IPv4 a", "net1 IPv4 a", "net1 IPv6 six", "net2 IPv4 b",
      ])
    let networks = ["ippools": three, "k8s.v1.cni.cncf.io/networks": "x@fast,y"]
    #expect(try fixture.chosen(networks).map { $0.prefix { $0 != " " } } == ["eth0", "fast", "fast", "net2"])
    let clashing = ["ippools": three, "k8s.v1.cni.cncf.io/networks": "x@net2,y"]
    #expect(try fixture.chosen(clashing).map { $0.prefix { $0 != " " } } == ["eth0", "net1", "net1", "net2"])
  }

  @Test func `keeps the interfaces that the annotation names`() throws {
    let fixture = try ChoiceFixture(["a": "", "b": ""])
    let outcome = try fixture.choose([
      "ippools": """
      [{"interface":"net1","ipv4":["b"],"cleangateway":true,"vlan":7},{"interface":"eth0","ipv4":["a"],"ipv6":null}]
      """
    ])
    let demands = [
      AddressDemand(interface: 0, family: .v4, pools: ["b"]),
      AddressDemand(interface: 1, family: .v4, pools: ["a"]),
    ]
    #expect(
      outcome
        == .chosen(
          AddressPlan(
            interfaces: [.init(name: "net1", cleanGateway: true), .init(name: "eth0")], demands: demands)))
  }

  @Test func `keeps the order written, and sorts within a pattern`() throws {
    let fixture = try ChoiceFixture([
      "w1": "", "w2": #""multusName":[]"#, "w3": #""namespaceName":["shop"]"#,
      "w4": #""podAffinity":{"matchLabels":{"app":"web"}}"#, "w5": #""namespaceAffinity":{}"#,
      "w6": #""nodeAffinity":{}"#, "w7": #""namespaceName":["shop"],"namespaceAffinity":{}"#,
      "a": "", "z": "", "six-w": "",
    ])
    #expect(
      try fixture.chosen(["ippool": #"{"ipv4":["z","w*","w2","a"]}"#], labels: ["app": "web"])
        == ["eth0 IPv4 z,w4,w6,w7,w3,w5,w1,w2,a"])
    #expect(
      try fixture.chosen(["ippool": #"{"ipv4":["w2","w[12]","?"]}"#], labels: ["app": "web"])
        == ["eth0 IPv4 w2,w1,a,z"])
  }

  @Test func `sorts default pools by affinity and name`() throws {
    let fixture = try ChoiceFixture([
      "c": #""default":true"#, "b": #""default":true,"namespaceName":["shop"]"#, "a": #""default":true"#,
    ])
    #expect(try fixture.chosen() == ["eth0 IPv4 b,a,c"])
  }

  @Test func `takes patterns from the namespace too`() throws {
    var fixture = try ChoiceFixture(["a1": "", "a2": "", "six-a": ""])
    fixture.namespace = NamespaceFacts(annotations: ["ipam.spidernet.io/default-ipv4-ippool": #"["a*"]"#])
    #expect(try fixture.chosen() == ["eth0 IPv4 a1,a2"])
  }

  @Test func `passes over families that are switched off`() throws {
    var fixture = try ChoiceFixture(["a": #""default":true"#, "six": #""default":true"#])
    fixture.settings.allowsIPv6 = false
    #expect(try fixture.chosen() == ["eth0 IPv4 a"])
    #expect(try fixture.chosen(["ippool": #"{"ipv4":["a"],"ipv6":["none"]}"#]) == ["eth0 IPv4 a"])
    let refusal = try fixture.chosen(["ippools": #"[{"ipv4":["a"]},{"ipv6":["six"]}]"#])
    #expect(refusal.count == 1)
    #expect(
      refusal[0].hasSuffix(
        "[1]: names IPv6 pools only, and IPv6 is switched off in this cluster; name IPv4 pools"))
    fixture.settings.allowsIPv4 = false
    #expect(try fixture.chosen() == ["left alone"])
  }

  @Test func `carries the routes of the annotation in canonical form`() throws {
    let fixture = try ChoiceFixture(["a": ""])
    let outcome = try fixture.choose([
      "ippool": #"{"ipv4":["a"]}"#,
      "routes": #"[{"dst":"10.9.1.1/16","gw":"10.0.0.1"},{"dst":"fd01:0::/64","gw":"fd00:0::1","metric":3}]"#,
    ])
    guard case .chosen(let plan) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    #expect(
      plan.routes == [
        SpiderRoute(destination: "10.9.0.0/16", gateway: "10.0.0.1"),
        SpiderRoute(destination: "fd01::/64", gateway: "fd00::1"),
      ])
  }
}

@Suite struct `The choice among pools that serve some Pods only` {
  /// A pool's spec, and what keeps it from a Pod of namespace shop with the labels app=web on node n1; nil when nothing.
  @Test(arguments: [
    ("", nil),
    (#""disable":true"#, "p is disabled (spec.disable)"),
    (#""nodeName":["n1"]"#, nil),
    (#""nodeName":["n1"],"nodeAffinity":{"matchLabels":{"no":"no"}}"#, nil),
    (#""nodeName":["n2","n3"]"#, "p serves the nodes n2, n3 (spec.nodeName), not n1"),
    (#""nodeAffinity":{"matchLabels":{"zone":"east"}}"#, nil),
    (#""nodeAffinity":{}"#, nil),
    (#""nodeAffinity":{"matchLabels":{"zone":"west"}}"#, "p serves other nodes than n1 (spec.nodeAffinity)"),
    (#""namespaceName":["shop"],"namespaceAffinity":{"matchLabels":{"no":"no"}}"#, nil),
    (#""namespaceName":["a"]"#, "p serves the namespaces a (spec.namespaceName), not shop"),
    (#""namespaceAffinity":{"matchLabels":{"team":"red"}}"#, nil),
    (#""namespaceAffinity":{}"#, nil),
    (
      #""namespaceAffinity":{"matchLabels":{"team":"blue"}}"#,
      "p serves other namespaces than shop (spec.namespaceAffinity)"
    ),
    (#""podAffinity":{"matchLabels":{"app":"web"}}"#, nil),
    (#""podAffinity":{"matchLabels":{"app":"db"}}"#, "p serves Pods with other labels (spec.podAffinity)"),
    (#""multusName":["kube-system/main"]"#, nil),
    (#""multusName":["x","main"]"#, nil),
    (
      #""multusName":["other/main"]"#,
      "p serves the networks other/main (spec.multusName), and eth0 is attached to kube-system/main"
    ),
    (#""disable":true,"nodeName":["n2"]"#, "p is disabled (spec.disable)"),
  ])
  func `drops the others, each for its reason`(_ spec: String, _ reason: String?) throws {
    var fixture = try ChoiceFixture(["p": spec, "q": ""])
    fixture.node = .known(NodeFacts(name: "n1", labels: ["zone": "east"]))
    fixture.namespace = NamespaceFacts(labels: ["team": "red"])
    fixture.settings.multusDefaultNetwork = "main"
    let both = try fixture.chosen(["ippool": #"{"ipv4":["p","q"]}"#], labels: ["app": "web"])
    #expect(both == [reason == nil ? "eth0 IPv4 p,q" : "eth0 IPv4 q"])
    let alone = try fixture.chosen(["ippool": #"{"ipv4":["p"]}"#], labels: ["app": "web"])
    if let reason {
      #expect(
        alone == [
          #"metadata.annotations[ipam.spidernet.io/ippool]: Invalid value: "{\"ipv4\":[\"p\"]}": "#
            + "ipv4: none of these IPv4 pools serves this Pod: \(reason)"
        ])
    } else {
      #expect(alone == ["eth0 IPv4 p"])
    }
  }

  @Test func `drops pools that are being deleted, and those of applications`() throws {
    var fixture = try ChoiceFixture(["a": ""])
    fixture.catalog.upsert(
      try ChoiceFixture.pool("t", metadata: #""deletionTimestamp":"2026-01-01T00:00:00Z""#))
    fixture.catalog.upsert(
      try ChoiceFixture.pool(
        "auto", metadata: #""labels":{"ipam.spidernet.io/owner-application-name":"web"}"#))
    #expect(try fixture.chosen(["ippool": #"{"ipv4":["*"]}"#]) == ["eth0 IPv4 a"])
    let refusal = try fixture.chosen(["ippool": #"{"ipv4":["t","auto"]}"#])
    #expect(refusal.count == 1)
    #expect(refusal[0].hasSuffix("this Pod: t is being deleted; auto is the automatic pool of web"))
  }

  @Test func `tells when the namespace's labels are not known`() throws {
    var fixture = try ChoiceFixture(["p": #""namespaceAffinity":{"matchLabels":{"a":"b"}}"#])
    fixture.namespace = nil
    let refusal = try fixture.chosen(["ippool": #"{"ipv4":["p"]}"#])
    #expect(refusal.count == 1 && refusal[0].hasSuffix("and the labels of shop are not known"))
  }

  @Test(arguments: [
    (["v1.multus-cni.io/default-network": "kube-system/main"], nil),
    (["v1.multus-cni.io/default-network": "main"], nil),
    (["v1.multus-cni.io/default-network": "other"], "eth0 is attached to kube-system/other"),
    ([:], "for eth0 the annotation v1.multus-cni.io/default-network names none"),
  ])
  func `asks Multus for the first interface's network`(_ more: [String: String], _ reason: String?) throws {
    let fixture = try ChoiceFixture(["p": #""multusName":["main"]"#])
    let result = try fixture.chosen(more.merging(["ippool": #"{"ipv4":["p"]}"#]) { $1 })
    #expect(result.count == 1)
    #expect(reason.map { result[0].hasSuffix($0) } ?? (result == ["eth0 IPv4 p"]))
  }

  @Test(arguments: [
    ("kube-system/a,kube-system/main", nil),
    ("main", "net2 the annotation k8s.v1.cni.cncf.io/networks names none"),
    ("a,main", "net2 is attached to shop/main"),
    (#"[{"name":"main","namespace":"kube-system","interface":"net2"}]"#, nil),
    ("a,,", "net2 the annotation k8s.v1.cni.cncf.io/networks cannot be read"),
  ])
  func `asks Multus for a further interface's network`(_ networks: String, _ reason: String?) throws {
    let fixture = try ChoiceFixture(["p": #""multusName":["main"]"#])
    let pools = #"[{"interface":"net2","ipv4":["p"]}]"#
    let result = try fixture.chosen(["ippools": pools, "k8s.v1.cni.cncf.io/networks": networks])
    #expect(result.count == 1)
    #expect(reason.map { result[0].hasSuffix($0) } ?? (result == ["net2 IPv4 p"]))
  }

  @Test func `waits for the node when a pool depends on it`() throws {
    var fixture = try ChoiceFixture([
      "a": "", "n": #""nodeName":["n1"]"#, "off": #""nodeName":["n1"],"disable":true"#,
      "elsewhere": #""nodeAffinity":{"matchLabels":{"a":"b"}},"namespaceName":["x"]"#,
    ])
    #expect(try fixture.chosen(["ippool": #"{"ipv4":["a","n"]}"#]) == ["awaits node"])
    #expect(try fixture.chosen(["ippools": #"[{"ipv4":["a"]},{"ipv4":["n"]}]"#]) == ["awaits node"])
    #expect(try fixture.chosen(["ippool": #"{"ipv4":["a","off","elsewhere"]}"#]) == ["eth0 IPv4 a"])
    #expect(
      try fixture.chosen(["ippools": #"[{"ipv4":["off"]},{"ipv4":["n"]}]"#]).first?.contains("disabled")
        == true)
    fixture.node = .known(NodeFacts(name: "n1"))
    #expect(try fixture.chosen(["ippool": #"{"ipv4":["a","n"]}"#]) == ["eth0 IPv4 a,n"])
  }

  @Test func `asks for a pool by name when no default pool serves the Pod`() throws {
    let fixture = try ChoiceFixture(["a": #""default":true,"disable":true"#, "six": #""default":true"#])
    #expect(
      try fixture.chosen() == [
        "metadata.annotations[ipam.spidernet.io/ippool]: Required value: none of the default IPv4 pools serves this "
          + "Pod: a is disabled (spec.disable); write "
          + #"ipam.spidernet.io/ippool: '{"ipv4":["pool-a"],"ipv6":["pool-b"]}'"#
      ])
  }

  @Test func `counts reasons beyond a few`() throws {
    var fixture = try ChoiceFixture([:])
    for number in 0..<20 { fixture.catalog.upsert(try ChoiceFixture.pool("p\(number)", #""disable":true"#)) }
    let refusal = try fixture.chosen(["ippool": #"{"ipv4":["p*"]}"#])
    #expect(refusal.count == 1 && refusal[0].hasSuffix("; so do not 12 more"))
  }
}
