import KubernetesAPI
import Testing

@testable import Admission

@Suite struct `A change of a pool` {
  static let old = #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2-10.6.0.99"]}"#

  @Test func `of its network or version is denied, and nothing that follows from it is told`() {
    let answer = World().update(
      "SpiderIPPool", from: Self.old,
      to: #"{"ipVersion":6,"subnet":"fd00::/64","ips":["10.6.0.2-10.6.0.99"]}"#)
    #expect(
      answer.causes == [
        "spec.ipVersion: Forbidden: is not changeable: keep 4, or create another SpiderIPPool",
        "spec.subnet: Forbidden: is not changeable: keep 10.6.0.0/16, or create another SpiderIPPool",
      ])
    let network = World().update(
      "SpiderIPPool", from: Self.old, to: #"{"ipVersion":4,"subnet":"10.7.0.0/16","ips":["10.6.0.2"]}"#)
    #expect(network.status?.details?.causes.map(\.field) == ["spec.subnet"])
  }

  @Test func `that takes out addresses in use names them in order`() {
    let records = [99, 20, 3, 100].map {
      #"\"10.6.0.\#($0)\":{\"pod\":\"default/web-\#($0)\",\"podUid\":\"u\"}"#
    }
    let status = #"{"allocatedIPs":"{\#(records.joined(separator: ","))}"}"#
    let new =
      #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2-10.6.0.99"],"excludeIPs":["10.6.0.3-10.6.0.20","10.6.0.99"]}"#
    let answer = World().update("SpiderIPPool", from: Self.old, to: new, status: status)
    #expect(
      answer.causes == [
        """
        spec.ips: Forbidden: 10.6.0.3 is used by Pod default/web-3, 10.6.0.20 is used by Pod default/web-20, 10.6.0.99 \
        is used by Pod default/web-99; keep addresses in use in spec.ips and out of spec.excludeIPs, or delete the Pods \
        first
        """
      ])
    #expect(answer.audit["rule"] == "addresses-in-use")
  }

  @Test func `names ten addresses in use and counts the others`() {
    let records = (2..<99).map { #"\"10.6.0.\#($0)\":{\"pod\":\"d/p\"}"# }.joined(separator: ",")
    let answer = World().update(
      "SpiderIPPool", from: Self.old, to: #"{"ipVersion":4,"subnet":"10.6.0.0/16"}"#,
      status: #"{"allocatedIPs":"{\#(records)}"}"#)
    #expect(answer.causes.count == 1)
    #expect(answer.causes.first?.contains("10.6.0.11 is used by Pod d/p and 87 more are in use;") == true)
  }

  @Test func `is judged by the stored status, not by the client's`() {
    let old = World.object(
      "SpiderIPPool", "custom", Self.old, status: #"{"allocatedIPs":"{\"10.6.0.9\":{\"pod\":\"d/p\"}}"}"#)
    let new = World.object(
      "SpiderIPPool", "custom", #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2"]}"#, status: "{}")
    let review = World.review("SpiderIPPool", "UPDATE", name: "custom", object: new, old: old)
    #expect(Answer(World().answer(review, .validate)).isAllowed == false)
  }

  @Test func `that keeps the addresses in use is allowed, whatever the status holds`() {
    for status in [#"{"allocatedIPs":"nonsense"}"#, #"{"allocatedIPs":""}"#, #"{"allocatedIPs":null}"#] {
      let more = #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2-10.6.0.100"]}"#
      #expect(World().update("SpiderIPPool", from: Self.old, to: more, status: status).isAllowed)
    }
    let less = #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2"]}"#
    let answer = World().update(
      "SpiderIPPool", from: Self.old, to: less, status: #"{"allocatedIPs":"nonsense"}"#)
    #expect(answer.status?.details?.causes.map(\.field) == ["status.allocatedIPs"])
  }

  static let terminating = #","deletionTimestamp":"2026-11-23T20:00:00Z""#
  static let held = terminating + #","finalizers":["spiderpool.spidernet.io"]"#

  @Test(arguments: ["SpiderIPPool", "SpiderSubnet"])
  func `that is being deleted waits for the finalizer`(_ kind: String) {
    let refused = World().update(kind, from: Self.old, to: Self.old, metadata: Self.held)
    #expect(refused.status?.code == 403 && refused.status?.reason == "Forbidden")
    #expect(
      refused.status?.message == """
        forbidden: \(kind) "custom" is being deleted and cannot be changed any more; wait until it is gone, then create \
        it anew
        """)
    #expect(
      World().update(kind, from: Self.old, to: Self.old, metadata: Self.terminating, oldMetadata: Self.held)
        .isAllowed)
    #expect(
      World().update(kind, from: Self.old, to: Self.old, metadata: Self.held, phase: .mutate).patch == nil)
  }

  @Test func `that is a reserved address being deleted gives up its finalizers only`() {
    let spec = #"{"ipVersion":4,"ips":["10.0.0.1"]}"#
    let held = Self.terminating + #","finalizers":["foregroundDeletion"]"#
    let refused = World().update("SpiderReservedIP", from: spec, to: spec, metadata: held)
    #expect(refused.status?.code == 403)
    #expect(
      World().update("SpiderReservedIP", from: spec, to: spec, metadata: Self.terminating, oldMetadata: held)
        .isAllowed)
    #expect(
      World().update("SpiderReservedIP", from: spec, to: spec, metadata: held, oldMetadata: "").isAllowed)
  }
}

@Suite struct `A deletion` {
  private func delete(
    _ world: World, _ status: String, kind: String = "SpiderIPPool", dryRun: Bool = false
  ) -> Answer {
    let old = World.object(kind, "custom", #"{"ipVersion":4,"subnet":"10.6.0.0/16"}"#, status: status)
    return Answer(
      world.answer(
        World.review(kind, "DELETE", name: "custom", object: nil, old: old, dryRun: dryRun), .validate))
  }

  @Test func `of a pool in use is allowed, with a warning`() {
    let answer = delete(World(), #"{"allocatedIPCount":3}"#)
    #expect(answer.isAllowed)
    #expect(
      answer.warnings == [
        "status.allocatedIPCount: 3 addresses are held by Pods; it stays until they are released"
      ])
    #expect(delete(World(), "{}").warnings == [])
  }

  @Test func `that was admitted frees the name at once, and the addresses once it is seen`() throws {
    let world = World()
    let spec = #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2"]}"#
    try world.store("SpiderIPPool", "custom", spec)
    #expect(world.create("SpiderIPPool", spec).status?.reason == "AlreadyExists")
    #expect(delete(world, "{}", dryRun: true).isAllowed)
    #expect(world.create("SpiderIPPool", spec).status?.reason == "AlreadyExists")
    #expect(delete(world, "{}").isAllowed)
    let other = world.create("SpiderIPPool", spec, named: "other")
    #expect(
      other.status?.code == 409 && other.causes.first?.contains("is being deleted at this moment") == true)
    #expect(world.create("SpiderIPPool", spec, dryRun: true).isAllowed)
    try world.store("SpiderIPPool", "custom", spec)
    #expect(
      world.create("SpiderIPPool", spec).status?.reason == "AlreadyExists",
      "it was seen, so it is still there")
  }

  @Test func `of a pool in use is denied where deletion is guarded`() {
    var world = World()
    world.settings.guardsDeletion = true
    let answer = delete(world, #"{"allocatedIPCount":1}"#)
    #expect(answer.status?.code == 403 && answer.status?.reason == "Forbidden")
    #expect(
      answer.status?.message == """
        spiderippools.spiderpool.spidernet.io "custom" is forbidden: 1 address is held by Pods; delete the Pods first
        """)
    #expect(delete(world, #"{"allocatedIPCount":0}"#).isAllowed)
    #expect(delete(world, #"{"allocatedIPCount":2}"#, kind: "SpiderSubnet").isAllowed == false)
  }
}
