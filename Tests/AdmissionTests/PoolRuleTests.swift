import KubernetesAPI
import Testing

@testable import Admission

/// A wrong manifest and the lines that kubectl prints for it, without the webhook's name.
struct WrongManifest: CustomTestStringConvertible, Sendable {
  let what: String
  let spec: String
  var metadata = ""
  let causes: [String]

  var testDescription: String { what }

  init(_ what: String, _ spec: String, metadata: String = "", _ causes: String...) {
    self.what = what
    self.spec = spec
    self.metadata = metadata
    self.causes = causes
  }
}

@Suite struct `A SpiderIPPool` {
  static let wrong: [WrongManifest] = [
    WrongManifest(
      "an address outside the network", #"{"subnet":"10.6.0.0/16","ips":["10.6.0.2","10.7.0.1"]}"#,
      #"spec.ips[1]: Invalid value: "10.7.0.1": must be inside 10.6.0.0/16"#),
    WrongManifest(
      "everything wrong at once",
      #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.7.0.1"],"excludeIPs":["10.8.0.1"],"gateway":"10.9.0.1"}"#,
      #"spec.ips[0]: Invalid value: "10.7.0.1": must be inside 10.6.0.0/16"#,
      #"spec.excludeIPs[0]: Invalid value: "10.8.0.1": must be inside 10.6.0.0/16"#,
      #"spec.gateway: Invalid value: "10.9.0.1": must be inside 10.6.0.0/16"#),
    WrongManifest(
      "a version that is none", #"{"ipVersion":5,"subnet":"10.6.0.0/16"}"#,
      #"spec.ipVersion: Unsupported value: 5: supported values: "4", "6""#),
    WrongManifest(
      "no network", #"{"ips":["10.6.0.2"]}"#,
      "spec.subnet: Required value: write the network, such as 10.6.0.0/16"),
    WrongManifest(
      "a network that is none", #"{"ipVersion":4,"subnet":"10.6.0.0"}"#,
      #"spec.subnet: Invalid value: "10.6.0.0": has no prefix length, such as /24; write a network such as 10.6.0.0/16"#
    ),
    WrongManifest(
      "host bits", #"{"ipVersion":4,"subnet":"10.6.1.5/16","ips":["10.6.9.9"]}"#,
      #"spec.subnet: Invalid value: "10.6.1.5/16": is not in canonical form; write 10.6.0.0/16"#),
    WrongManifest(
      "an IPv6 network in long form", #"{"ipVersion":6,"subnet":"FD00:0::/64"}"#,
      #"spec.subnet: Invalid value: "FD00:0::/64": is not in canonical form; write fd00::/64"#),
    WrongManifest(
      "a network of the other family", #"{"ipVersion":6,"subnet":"10.6.0.0/16","ips":["10.6.0.2"]}"#,
      """
      spec.subnet: Invalid value: "10.6.0.0/16": is IPv4, but spec.ipVersion is 6; write an IPv6 network, or set \
      spec.ipVersion to 4
      """),
    WrongManifest(
      "addresses of the other family",
      #"{"subnet":"10.6.0.0/16","ips":["fd00::1"],"excludeIPs":["10.6.0.2","fd00::2"]}"#,
      #"spec.ips[0]: Invalid value: "fd00::1": is IPv6; write IPv4 addresses inside 10.6.0.0/16"#,
      #"spec.excludeIPs[1]: Invalid value: "fd00::2": is IPv6; write IPv4 addresses inside 10.6.0.0/16"#),
    WrongManifest(
      "a falling range", #"{"subnet":"10.6.0.0/16","ips":["10.6.0.9-10.6.0.2"]}"#,
      """
      spec.ips[0]: Invalid value: "10.6.0.9-10.6.0.2": the first address is above the last; write 10.6.0.2-10.6.0.9
      """),
    WrongManifest(
      "a network among the addresses", #"{"subnet":"10.6.0.0/16","ips":["10.6.1.0/24"]}"#,
      """
      spec.ips[0]: Invalid value: "10.6.1.0/24": is a network; write its addresses as a range, such as \
      10.6.1.0-10.6.1.255
      """),
    WrongManifest(
      "spaces in a range", #"{"subnet":"10.6.0.0/16","ips":["10.6.0.2 - 10.6.0.9"]}"#,
      """
      spec.ips[0]: Invalid value: "10.6.0.2 - 10.6.0.9": the first address has a space or an unprintable character; \
      write an address, or a range such as 10.6.0.2-10.6.0.9
      """),
    WrongManifest(
      "a gateway that is no address", #"{"subnet":"10.6.0.0/16","gateway":"10.6.0.1/16"}"#,
      """
      spec.gateway: Invalid value: "10.6.0.1/16": has an unexpected '/'; write one IPv4 address inside 10.6.0.0/16, \
      without a prefix length
      """),
    WrongManifest(
      "a gateway of the other family", #"{"subnet":"10.6.0.0/16","gateway":"fd00::1"}"#,
      """
      spec.gateway: Invalid value: "fd00::1": is IPv6; write one IPv4 address inside 10.6.0.0/16, without a prefix \
      length
      """),
    WrongManifest(
      "a gateway given to Pods, written differently",
      #"{"subnet":"fd00::/64","ips":["fd00::9","fd00::1"],"gateway":"fd00::01"}"#,
      """
      spec.ips[1]: Invalid value: "fd00::1": conflicts with spec.gateway fd00::1; add fd00::1 to spec.excludeIPs, or \
      leave it out here
      """),
    WrongManifest(
      "routes",
      """
      {"subnet":"10.6.0.0/16","routes":[{"dst":"0.0.0.0/0","gw":"10.6.0.1"},{"dst":"10.8.0.0/16","gw":"10.7.0.1"},\
      {"dst":"10.8.9.9/16","gw":"10.6.0.1"},{"dst":"fd00::/64","gw":"x"},{"gw":"10.6.0.1"}]}
      """,
      #"spec.routes[0].dst: Invalid value: "0.0.0.0/0": is the default route; use spec.gateway for it"#,
      #"spec.routes[1].gw: Invalid value: "10.7.0.1": must be inside 10.6.0.0/16"#,
      """
      spec.routes[2].dst: Invalid value: "10.8.9.9/16": is the destination of spec.routes[1] already; leave one of \
      them out
      """,
      #"spec.routes[3].dst: Invalid value: "fd00::/64": is IPv6; write an IPv4 network such as 10.7.0.0/16"#,
      #"spec.routes[3].gw: Invalid value: "x": is not an IP address; write an address inside 10.6.0.0/16"#,
      "spec.routes[4].dst: Required value: write the destination network, such as 10.7.0.0/16"),
    WrongManifest(
      "an empty podAffinity", #"{"subnet":"10.6.0.0/16","podAffinity":{}}"#,
      """
      spec.podAffinity: Invalid value: {}: selects nothing: give matchLabels or matchExpressions, or leave it out
      """),
    WrongManifest(
      "a podAffinity with a wrong operator",
      #"{"subnet":"10.6.0.0/16","podAffinity":{"matchExpressions":[{"key":"a","operator":"Like"}]}}"#,
      """
      spec.podAffinity.matchExpressions[0].operator: Invalid value: "Like": not a valid selector operator; write In, \
      NotIn, Exists or DoesNotExist
      """),
    WrongManifest(
      "an automatic pool with a podAffinity of its own",
      #"{"subnet":"10.6.0.0/16","podAffinity":{"matchLabels":{"app":"web","ipam.spidernet.io/app-name":"web"}}}"#,
      metadata: #","labels":{"ipam.spidernet.io/owner-application-name":"web"}"#,
      """
      spec.podAffinity: Invalid value: "app": is no label of an automatic pool's podAffinity; allowed are \
      ipam.spidernet.io/app-api-group, ipam.spidernet.io/app-api-version, ipam.spidernet.io/app-kind, \
      ipam.spidernet.io/app-namespace, ipam.spidernet.io/app-name
      """),
  ]

  @Test(arguments: wrong)
  func `is denied with a line per mistake`(_ manifest: WrongManifest) {
    let answer = World().create("SpiderIPPool", manifest.spec, metadata: manifest.metadata)
    #expect(answer.isAllowed == false)
    #expect(answer.causes == manifest.causes)
    #expect(answer.status?.code == 422 && answer.status?.reason == "Invalid")
    #expect(answer.status?.details?.group == "spiderpool.spidernet.io")
    #expect(answer.status?.details?.kind == "SpiderIPPool" && answer.status?.details?.name == "custom")
    #expect(answer.audit["decision"] == "denied" && answer.audit["rule"]?.isEmpty == false)
    let joined =
      manifest.causes.count == 1 ? manifest.causes[0] : "[\(manifest.causes.joined(separator: ", "))]"
    #expect(answer.status?.message == "SpiderIPPool.spiderpool.spidernet.io \"custom\" is invalid: \(joined)")
  }

  @Test(arguments: wrong)
  func `is denied the same after defaulting`(_ manifest: WrongManifest) throws {
    let world = World()
    let object = World.object("SpiderIPPool", "custom", manifest.spec, metadata: manifest.metadata)
    let review = Array(World.review("SpiderIPPool", "CREATE", name: "custom", object: object).utf8)
    let patch = Answer(world.answer(review, .mutate)).patch
    let patched = try patch.map { try Patched.review(review, by: $0) } ?? review
    #expect(Answer(world.answer(patched, .validate)).isAllowed == false)
  }

  static let right: [(String, String)] = [
    ("the mission's", #"{"subnet":"172.18.41.0/24","ips":["172.18.41.40-172.18.41.50"]}"#),
    ("an empty one", #"{"ipVersion":4,"subnet":"10.6.0.0/16"}"#),
    (
      "with null members",
      #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":null,"gateway":null,"routes":null,"podAffinity":null}"#
    ),
    (
      "a gateway that is excluded",
      #"{"subnet":"10.6.0.0/16","ips":["10.6.0.1-10.6.0.9"],"excludeIPs":["10.6.0.1"],"gateway":"10.6.0.1"}"#
    ),
    ("one address", #"{"subnet":"10.6.0.5/32","ips":["10.6.0.5"]}"#),
    ("all of IPv6", #"{"subnet":"::/0","ips":["::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]}"#),
    ("network and broadcast addresses", #"{"subnet":"10.6.0.0/24","ips":["10.6.0.0-10.6.0.255"]}"#),
    (
      "ranges that overlap and touch",
      #"{"subnet":"10.6.0.0/24","ips":["10.6.0.5-10.6.0.9","10.6.0.2-10.6.0.5","10.6.0.10"]}"#
    ),
    ("routes", #"{"subnet":"10.6.0.0/24","routes":[{"dst":"10.7.0.1/16","gw":"10.6.0.1"}]}"#),
    ("a podAffinity", #"{"subnet":"10.6.0.0/24","podAffinity":{"matchLabels":{"app":"web"}}}"#),
  ]

  @Test(arguments: right)
  func `is allowed, before and after defaulting`(_ what: String, _ spec: String) throws {
    #expect(World().create("SpiderIPPool", spec).isAllowed, "\(what)")
    let review = Array(
      World.review("SpiderIPPool", "CREATE", name: "a", object: World.object("SpiderIPPool", "a", spec)).utf8)
    let patch = try #require(Answer(World().answer(review, .mutate)).patch)
    let patched = try Patched.review(review, by: patch)
    let answer = Answer(World().answer(patched, .validate))
    #expect(answer.isAllowed)
    #expect(answer.audit == ["decision": "allowed"])
    #expect(Answer(World().answer(patched, .mutate)).patch == nil, "the second patch must be empty")
  }

  @Test func `prints as kubectl shows it`() {
    let answer = World().create(
      "SpiderIPPool",
      #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.7.0.1"],"gateway":"10.9.0.1"}"#)
    #expect(
      answer.printed == """
        The SpiderIPPool "custom" is invalid:
        * spec.ips[0]: Invalid value: "10.7.0.1": must be inside 10.6.0.0/16
        * spec.gateway: Invalid value: "10.9.0.1": must be inside 10.6.0.0/16
        """)
  }

  @Test func `of a family that is switched off is denied`() {
    var world = World()
    world.settings.allowsIPv6 = false
    let answer = world.create("SpiderIPPool", #"{"ipVersion":6,"subnet":"fd00::/64"}"#)
    #expect(answer.causes == ["spec.ipVersion: Forbidden: IPv6 is disabled: use IPv4"])
  }

  @Test func `with thousands of mistakes gets an answer of bounded size`() {
    let ips = (0..<20_000).map { _ in #""\#(String(repeating: "x", count: 300))""# }.joined(separator: ",")
    let answer = World().create("SpiderIPPool", #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":[\#(ips)]}"#)
    #expect(answer.status?.details?.causes.count == 51)
    #expect(answer.causes.last == "spec: holds further mistakes, not shown")
    #expect(answer.outcome.body.count < 100_000)
  }
}
