import JSON
import KubernetesAPI
import TestSupport
import Testing

@testable import Admission

@Suite struct `Defaulting` {
  /// The patch for a new object with this spec, and the check that it is complete: patched, it gives no other one.
  private func patch(
    _ kind: String, _ spec: String, metadata: String = "", in world: World = World()
  ) throws -> String {
    let object = World.object(kind, "a", spec, metadata: metadata)
    let review = Array(World.review(kind, "CREATE", name: "a", object: object).utf8)
    let first = Answer(world.answer(review, .mutate))
    #expect(first.isAllowed)
    guard let patch = first.patch else { return "" }
    #expect(first.audit == ["defaulting": "defaulted"] && first.outcome.decision.isPatched)
    let again = Answer(world.answer(try Patched.review(review, by: patch), .mutate))
    #expect(again.patch == nil, "a second patch: \(again.patchText)")
    #expect(again.audit == ["defaulting": "unchanged"])
    return first.patchText
  }

  static let finalizer = #"{"op":"add","path":"/metadata/finalizers","value":["spiderpool.spidernet.io"]}"#
  static let done = """
    ,"finalizers":["spiderpool.spidernet.io"],"labels":{"ipam.spidernet.io/ippool-cidr":"10-6-0-0-16"}
    """

  @Test func `of the mission's pool adds finalizer, label and version`() throws {
    #expect(
      try patch("SpiderIPPool", #"{"subnet":"172.18.41.0/24","ips":["172.18.41.40-172.18.41.50"]}"#) == """
        [\(Self.finalizer),{"op":"add","path":"/metadata/labels","value":{"ipam.spidernet.io/ippool-cidr":\
        "172-18-41-0-24"}},{"op":"add","path":"/spec/ipVersion","value":4}]
        """)
  }

  @Test func `adds to what is there, and replaces a wrong label`() throws {
    let metadata = #","finalizers":["other"],"labels":{"app":"x","ipam.spidernet.io/ippool-cidr":"wrong"}"#
    #expect(
      try patch("SpiderIPPool", #"{"ipVersion":4,"subnet":"10.6.0.0/16"}"#, metadata: metadata) == """
        [{"op":"add","path":"/metadata/finalizers/-","value":"spiderpool.spidernet.io"},{"op":"add","path":\
        "/metadata/labels/ipam.spidernet.io~1ippool-cidr","value":"10-6-0-0-16"}]
        """)
  }

  @Test func `takes null for absent`() throws {
    let metadata = #","finalizers":null,"labels":null,"ownerReferences":null,"deletionTimestamp":null"#
    let patch = try patch(
      "SpiderIPPool", #"{"ipVersion":null,"subnet":"::/8","ips":null,"excludeIPs":null,"gateway":null}"#,
      metadata: metadata)
    #expect(
      patch == """
        [\(Self.finalizer),{"op":"add","path":"/metadata/labels","value":{"ipam.spidernet.io/ippool-cidr":"0---8"}},\
        {"op":"add","path":"/spec/ipVersion","value":6}]
        """)
  }

  @Test(arguments: [
    (#"["10.6.0.4-10.6.0.9","10.6.0.2-10.6.0.5"]"#, #"["10.6.0.2-10.6.0.9"]"#),
    (#"["10.6.0.3","10.6.0.2","10.6.0.9"]"#, #"["10.6.0.2-10.6.0.3","10.6.0.9"]"#),
    (#"["10.6.0.2","10.6.0.2"]"#, #"["10.6.0.2"]"#),
  ])
  func `merges several entries`(_ ips: String, _ merged: String) throws {
    for field in ["ips", "excludeIPs"] {
      #expect(
        try patch(
          "SpiderIPPool", #"{"ipVersion":4,"subnet":"10.6.0.0/16","\#(field)":\#(ips)}"#, metadata: Self.done)
          == #"[{"op":"replace","path":"/spec/\#(field)","value":\#(merged)}]"#)
    }
  }

  @Test(arguments: [
    #"["10.6.0.9-10.6.0.2"]"#, #"["nonsense"]"#, #"["10.6.0.2-10.6.0.3","10.6.0.9"]"#, #"["10.6.0.2","x"]"#,
    "[]", "7",
    #"["10.6.0.9-10.6.0.2","10.6.0.1"]"#,
  ])
  func `leaves one entry, mistakes and merged lists as they are`(_ ips: String) throws {
    #expect(
      try patch("SpiderIPPool", #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":\#(ips)}"#, metadata: Self.done)
        == "")
  }

  @Test(arguments: [
    #"{"subnet":"nonsense"}"#, "{}", #"{"subnet":7}"#, #"{"ipVersion":6,"subnet":"10.6.0.0/16"}"#, "null",
    "[]",
    #"{"ipVersion":"4","subnet":"10.6.0.0/16"}"#,
  ])
  func `of an object with mistakes sets the finalizer and leaves the rest to the rules`(_ spec: String) throws
  {
    #expect(try patch("SpiderIPPool", spec) == "[\(Self.finalizer)]")
    #expect(try patch("SpiderSubnet", spec) == "[\(Self.finalizer)]")
  }

  @Test func `of a subnet sets its label and merges its lists`() throws {
    #expect(
      try patch("SpiderSubnet", #"{"subnet":"fd00::/64","ips":["fd00::2","fd00::1"]}"#) == """
        [\(Self.finalizer),{"op":"add","path":"/metadata/labels","value":{"ipam.spidernet.io/subnet-cidr":"fd00---64"}},\
        {"op":"add","path":"/spec/ipVersion","value":6},\
        {"op":"replace","path":"/spec/ips","value":["fd00::1-fd00::2"]}]
        """)
  }

  @Test func `of reserved addresses sets the version and merges, and no finalizer`() throws {
    #expect(
      try patch("SpiderReservedIP", #"{"ips":["fd00::2","fd00::1"]}"#) == """
        [{"op":"add","path":"/spec/ipVersion","value":6},{"op":"replace","path":"/spec/ips","value":["fd00::1-fd00::2"]}]
        """)
    for spec in [#"{"ips":[]}"#, "{}", #"{"ips":["x"]}"#, #"{"ipVersion":4,"ips":["10.0.0.1"]}"#, "null"] {
      #expect(try patch("SpiderReservedIP", spec) == "")
    }
  }

  // MARK: The owner

  private func worldWithSubnet(_ more: String = "", metadata: String = "") throws -> World {
    let world = World()
    try world.store(
      "SpiderSubnet", "s", #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2-10.6.0.99"]\#(more)}"#,
      metadata: metadata)
    return world
  }

  static let owner = """
    {"apiVersion":"spiderpool.spidernet.io/v2beta1","kind":"SpiderSubnet","name":"s","uid":"uid-s","controller":true,\
    "blockOwnerDeletion":true}
    """
  static let ownerLabel = """
    {"op":"add","path":"/metadata/labels/ipam.spidernet.io~1owner-spider-subnet","value":"s"}
    """

  @Test func `makes the subnet of the network the owner, and inherits gateway and routes`() throws {
    let world = try worldWithSubnet(
      #","gateway":"10.6.0.1","routes":[{"dst":"10.7.0.0/16","gw":"10.6.0.1"}]"#)
    #expect(
      try patch("SpiderIPPool", #"{"ipVersion":4,"subnet":"10.6.0.0/16"}"#, metadata: Self.done, in: world)
        == """
        [\(Self.ownerLabel),{"op":"add","path":"/metadata/ownerReferences","value":[\(Self.owner)]},\
        {"op":"add","path":"/spec/gateway","value":"10.6.0.1"},\
        {"op":"add","path":"/spec/routes","value":[{"dst":"10.7.0.0/16","gw":"10.6.0.1"}]}]
        """)
    let own = #"{"ipVersion":4,"subnet":"10.6.0.0/16","gateway":"10.6.0.9","routes":[]}"#
    #expect(
      try patch("SpiderIPPool", own, metadata: Self.done, in: world) == """
        [\(Self.ownerLabel),{"op":"add","path":"/metadata/ownerReferences","value":[\(Self.owner)]}]
        """)
  }

  @Test func `keeps the pool's other owners`() throws {
    let other = #"{"apiVersion":"v1","kind":"Thing","name":"t","uid":"t"}"#
    #expect(
      try patch(
        "SpiderIPPool", #"{"ipVersion":4,"subnet":"10.6.0.0/16"}"#,
        metadata: Self.done + #","ownerReferences":[\#(other)]"#, in: try worldWithSubnet())
        == #"[\#(Self.ownerLabel),{"op":"add","path":"/metadata/ownerReferences/-","value":\#(Self.owner)}]"#)
  }

  @Test func `mends a reference to an earlier subnet of that name`() throws {
    let stale = Self.owner.replacing("uid-s", with: "uid-of-another-life")
    #expect(
      try patch(
        "SpiderIPPool", #"{"ipVersion":4,"subnet":"10.6.0.0/16"}"#,
        metadata: Self.done + #","ownerReferences":[\#(stale)]"#, in: try worldWithSubnet())
        == #"[\#(Self.ownerLabel),{"op":"replace","path":"/metadata/ownerReferences/0","value":\#(Self.owner)}]"#
    )
  }

  @Test func `leaves a pool with another controller, or of another network, or with an owner already`() throws
  {
    let spec = #"{"ipVersion":4,"subnet":"10.6.0.0/16"}"#
    let other =
      #","ownerReferences":[{"apiVersion":"v1","kind":"Thing","name":"t","uid":"t","controller":true}]"#
    let world = try worldWithSubnet(#","gateway":"10.6.0.1""#)
    #expect(try patch("SpiderIPPool", spec, metadata: Self.done + other, in: world) == "")
    let elsewhere = Self.done.replacing("10-6-0-0-16", with: "10-7-0-0-16")
    #expect(
      try patch("SpiderIPPool", #"{"ipVersion":4,"subnet":"10.7.0.0/16"}"#, metadata: elsewhere, in: world)
        == "")
    let owned = """
      ,"finalizers":["spiderpool.spidernet.io"],"labels":{"ipam.spidernet.io/ippool-cidr":"10-6-0-0-16",\
      "ipam.spidernet.io/owner-spider-subnet":"s"},"ownerReferences":[\(Self.owner)]
      """
    #expect(try patch("SpiderIPPool", spec, metadata: owned, in: world) == "", "nothing is inherited later")
    var without = world
    without.settings.usesSubnets = false
    #expect(try patch("SpiderIPPool", spec, metadata: Self.done, in: without) == "")
    let leaving = try worldWithSubnet(metadata: #","deletionTimestamp":"2026-01-01T00:00:00Z""#)
    #expect(try patch("SpiderIPPool", spec, metadata: Self.done, in: leaving) == "")
  }

  @Test(arguments: [1, 2, 3, UInt64.random(in: 4 ... .max)])
  func `of any object is complete after one patch, and does not change the verdict`(_ seed: UInt64) throws {
    var numbers = SeededGenerator(seed: seed)
    let world = try worldWithSubnet(
      #","gateway":"10.6.0.1","routes":[{"dst":"10.7.0.0/16","gw":"10.6.0.1"}]"#)
    for _ in 0..<300 {
      let (kind, spec, metadata) = Self.randomObject(&numbers)
      let object = World.object(kind, "a", spec, metadata: metadata)
      let review = Array(World.review(kind, "CREATE", name: "a", object: object, dryRun: true).utf8)
      let patch = Answer(world.answer(review, .mutate)).patch
      let patched = try patch.map { try Patched.review(review, by: $0) } ?? review
      #expect(Answer(world.answer(patched, .mutate)).patch == nil, "seed \(seed): \(object)")
      let before = Answer(world.answer(review, .validate))
      let after = Answer(world.answer(patched, .validate))
      // Inheriting the subnet's gateway can only forbid more: the addresses may hold it.
      if after.isAllowed { #expect(before.isAllowed, "seed \(seed): \(object)") }
      let inherits = patch.map { String(decoding: $0, as: UTF8.self).contains("/spec/gateway") } ?? false
      if before.isAllowed, !inherits { #expect(after.isAllowed, "seed \(seed): \(object) \(after.causes)") }
    }
  }

  private static func randomObject(_ numbers: inout SeededGenerator) -> (String, String, String) {
    func pick(_ choices: [String]) -> String { choices.randomElement(using: &numbers) ?? "" }
    let addresses = [
      "10.6.0.1", "10.6.0.2-10.6.0.9", "10.6.0.9-10.6.0.2", "10.7.0.1", "fd00::1", "x", "10.6.0.4", "::",
    ]
    func list() -> String {
      let count = Int.random(in: 0..<4, using: &numbers)
      let items = (0..<count).map { _ in
        "\"\(pick(Int.random(in: 0..<3, using: &numbers) > 0 ? [addresses[1], addresses[6], "10.6.0.20"] : addresses))\""
      }
      return "[\(items.joined(separator: ","))]"
    }
    var members: [String] = []
    let subnet = pick([
      #""10.6.0.0/16""#, #""10.6.0.0/16""#, #""fd00::/64""#, #""10.6.1.1/16""#, #""x""#, "null", #""::/0""#,
    ])
    if Int.random(in: 0..<9, using: &numbers) > 0 { members.append("\"subnet\":\(subnet)") }
    if Bool.random(using: &numbers) {
      members.append("\"ipVersion\":\(pick(["4", "4", "4", "6", "5", "null"]))")
    }
    if Int.random(in: 0..<5, using: &numbers) > 0 { members.append("\"ips\":\(list())") }
    if Bool.random(using: &numbers) { members.append("\"excludeIPs\":\(list())") }
    if Bool.random(using: &numbers) {
      members.append("\"gateway\":\(pick([#""10.6.0.1""#, #""10.6.0.99""#, "null", #""10.9.0.1""#]))")
    }
    let metadata = pick([
      "", done, #","labels":null"#, #","labels":{}"#, #","finalizers":[]"#, #","ownerReferences":[]"#,
      #","ownerReferences":[\#(owner)]"#, #","labels":{"ipam.spidernet.io/owner-spider-subnet":"other"}"#,
    ])
    return (
      pick(["SpiderIPPool", "SpiderIPPool", "SpiderSubnet", "SpiderReservedIP"]),
      "{\(members.joined(separator: ","))}",
      metadata
    )
  }
}
