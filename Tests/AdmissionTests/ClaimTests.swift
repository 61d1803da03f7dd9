import Addressing
import JSON
import KubernetesAPI
import Testing

@testable import Admission

@Suite struct `Two objects created at the same moment` {
  static let spec = #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2-10.6.0.9"]}"#
  static let overlapping = #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.9-10.6.0.12"]}"#

  @Test func `one wins, and the other is told to try again`() {
    let world = World()
    #expect(world.create("SpiderIPPool", Self.spec, named: "a").isAllowed)
    let answer = world.create("SpiderIPPool", Self.overlapping, named: "b")
    #expect(answer.status?.code == 409 && answer.status?.reason == "Conflict")
    #expect(
      answer.status?.message == """
        SpiderIPPool.spiderpool.spidernet.io "b" came second: spec.ips: Forbidden: 10.6.0.9 overlaps SpiderIPPool "a", \
        which is being created or changed at this moment; try again in a few seconds
        """)
    #expect(answer.status?.details?.causes.map(\.field) == ["spec.ips"])
  }

  @Test func `one wins with threads on every core`() async throws {
    let world = World()
    let allowed = await withTaskGroup(of: Bool.self) { group in
      for number in 0..<64 {
        group.addTask { world.create("SpiderIPPool", Self.spec, named: "pool-\(number)").isAllowed }
      }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(allowed == 1)
  }

  @Test func `networks clash too`() {
    let world = World()
    #expect(world.create("SpiderIPPool", Self.spec, named: "a").isAllowed)
    let answer = world.create("SpiderIPPool", #"{"ipVersion":4,"subnet":"10.6.1.0/24"}"#, named: "b")
    #expect(answer.status?.code == 409)
    #expect(answer.status?.details?.causes.map(\.field) == ["spec.subnet"])
    #expect(
      world.create("SpiderSubnet", #"{"ipVersion":4,"subnet":"10.0.0.0/8"}"#, named: "s").status?.code == 409)
  }

  @Test func `of one name do not hinder each other, and both keep their addresses`() {
    let world = World()
    #expect(world.create("SpiderIPPool", Self.spec, named: "a").isAllowed)
    #expect(world.create("SpiderIPPool", Self.spec, named: "a").isAllowed)
    #expect(world.create("SpiderIPPool", Self.overlapping, named: "a").isAllowed)
    let last = #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.12"]}"#
    #expect(world.create("SpiderIPPool", last, named: "b").isAllowed == false)
    #expect(world.create("SpiderIPPool", Self.spec, named: "b").isAllowed == false)
  }

  @Test func `are both told of other mistakes at once`() {
    let world = World()
    #expect(world.create("SpiderIPPool", Self.spec, named: "a").isAllowed)
    let spec = #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.9"],"gateway":"10.9.0.1"}"#
    let answer = world.create("SpiderIPPool", spec, named: "b")
    #expect(answer.status?.code == 422)
    #expect(answer.status?.details?.causes.map(\.field) == ["spec.gateway", "spec.ips"])
  }

  @Test func `a claim lapses`() {
    var world = World()
    #expect(world.create("SpiderIPPool", Self.spec, named: "a").isAllowed)
    world.now += 64_999
    #expect(world.create("SpiderIPPool", Self.spec, named: "b").isAllowed == false)
    world.now += 1
    #expect(world.create("SpiderIPPool", Self.spec, named: "b").isAllowed)
  }

  @Test func `a claim gives way to its object, and a deleted object frees its addresses`() throws {
    let world = World()
    #expect(world.create("SpiderIPPool", Self.spec, named: "a").isAllowed)
    try world.store("SpiderIPPool", "a", Self.spec)
    #expect(world.index.claims.isEmpty)
    #expect(world.create("SpiderIPPool", Self.spec, named: "b").status?.code == 422)
    world.directory.removePool("a")
    #expect(world.create("SpiderIPPool", Self.spec, named: "b").isAllowed)
  }

  @Test func `a claim loses to an object of another replica that was seen while it was being registered`()
    throws
  {
    let (here, there) = (World(), World())
    let claim = try #require(here.create("SpiderIPPool", Self.overlapping, named: "b").outcome.claim)
    let earlier = try #require(there.create("SpiderIPPool", Self.spec, named: "a").outcome.claim)
    try here.store("SpiderIPPool", "a", Self.spec)
    here.directory.register(claims: [earlier], now: here.now)
    let conflict = here.directory.conflict(of: claim, with: [earlier], now: here.now)
    #expect(conflict?.winner.name == "a")
    here.directory.removePool("a")
    #expect(here.directory.conflict(of: claim, with: [earlier], now: here.now) == nil)
  }

  @Test func `a refused object claims nothing`() {
    let world = World()
    let wrong = #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2-10.6.0.9"],"gateway":"1.1.1.1"}"#
    #expect(world.create("SpiderIPPool", wrong, named: "a").isAllowed == false)
    #expect(world.create("SpiderIPPool", Self.spec, named: "b").isAllowed)
  }

  @Test func `a pool that grows claims what it will have, until it is seen`() throws {
    let world = World()
    let grown = #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2-10.6.0.20"]}"#
    try world.store("SpiderIPPool", "a", Self.spec)
    #expect(world.update("SpiderIPPool", named: "a", from: Self.spec, to: grown).isAllowed)
    let wanted = #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.20"]}"#
    #expect(world.create("SpiderIPPool", wanted, named: "b").status?.code == 409)
    // A change of the status alone shows the pool as it was: the claim stays.
    try world.store("SpiderIPPool", "a", Self.spec, status: #"{"allocatedIPCount":1}"#)
    #expect(world.create("SpiderIPPool", wanted, named: "b").status?.code == 409)
    try world.store("SpiderIPPool", "a", grown)
    #expect(world.create("SpiderIPPool", wanted, named: "b").status?.code == 422)
    #expect(world.index.claims.isEmpty)
  }

  @Test func `a change that takes nothing new claims nothing`() throws {
    let world = World()
    try world.store("SpiderIPPool", "a", Self.spec)
    let smaller = #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2"]}"#
    let answer = world.update("SpiderIPPool", named: "a", from: Self.spec, to: smaller)
    #expect(answer.isAllowed && answer.outcome.claim == nil)
  }

  @Test func `a shrinking subnet and a new pool cannot both have an address`() throws {
    let old = #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2-10.6.0.99"]}"#
    let new = #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2-10.6.0.8"]}"#
    let first = World()
    try first.store("SpiderSubnet", "s", old)
    #expect(first.update("SpiderSubnet", named: "s", from: old, to: new).isAllowed)
    #expect(first.create("SpiderIPPool", Self.spec).status?.code == 409)
    let second = World()
    try second.store("SpiderSubnet", "s", old)
    #expect(second.create("SpiderIPPool", Self.spec).isAllowed)
    #expect(second.update("SpiderSubnet", named: "s", from: old, to: new).status?.code == 409)
  }

  @Test func `claims beyond the limit are refused for a while`() {
    let world = World()
    for number in 0..<PoolIndex.maximumClaims {
      let network = "10.\(number / 256).\(number % 256).0/24"
      #expect(
        world.create("SpiderIPPool", #"{"ipVersion":4,"subnet":"\#(network)"}"#, named: "p\(number)")
          .isAllowed)
    }
    let answer = world.create("SpiderIPPool", #"{"ipVersion":4,"subnet":"11.0.0.0/24"}"#)
    #expect(answer.status?.code == 503 && answer.status?.reason == "ServiceUnavailable")
  }
}

@Suite struct `A dry run` {
  @Test func `changes nothing in the directory`() throws {
    let world = World()
    try world.store(
      "SpiderIPPool", "a", #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2-10.6.0.9"]}"#)
    #expect(
      world.create("SpiderIPPool", #"{"ipVersion":4,"subnet":"10.8.0.0/16","ips":["10.8.0.2"]}"#, named: "b")
        .isAllowed)
    let before = world.index
    let spec = #"{"ipVersion":4,"subnet":"10.7.0.0/16","ips":["10.7.0.2"]}"#
    for phase in Phase.allCases {
      let answer = world.create("SpiderIPPool", spec, named: "c", dryRun: true, phase: phase)
      #expect(answer.isAllowed && answer.outcome.claim == nil && answer.outcome.decision.isDryRun)
    }
    let old = #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2-10.6.0.9"]}"#
    let grown = #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2-10.6.0.20"]}"#
    #expect(world.update("SpiderIPPool", named: "a", from: old, to: grown, dryRun: true).isAllowed)
    var later = world
    later.now += 100_000
    #expect(later.create("SpiderIPPool", spec, named: "c", dryRun: true).isAllowed)
    #expect(world.index == before)
    #expect(world.create("SpiderIPPool", spec, named: "d").isAllowed)
    #expect(world.index != before, "the comparison must be able to fail")
  }

  @Test func `is judged like any other`() {
    let answer = World().create(
      "SpiderIPPool", #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.7.0.2"]}"#, dryRun: true)
    #expect(answer.isAllowed == false)
  }
}

@Suite struct `Two replicas` {
  static let spec = #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2-10.6.0.9"]}"#

  /// What replicas write claims into, on the condition that nobody wrote in between.
  struct Register {
    var version = 0
    var claims: [AddressClaim] = []

    mutating func write(_ new: [AddressClaim], ifVersion version: Int) -> Bool {
      guard self.version == version else { return false }
      self.version += 1
      claims = new
      return true
    }
  }

  @Test func `that admit clashing pools at once find out by the register`() throws {
    var register = Register()
    let (a, b) = (World(), World())
    let first = a.create("SpiderIPPool", Self.spec, named: "a").outcome
    let second = b.create("SpiderIPPool", Self.spec, named: "b").outcome
    let (claimA, claimB) = (try #require(first.claim), try #require(second.claim))
    // Both read the empty register, and neither sees a conflict there.
    #expect(a.directory.conflict(of: claimA, with: register.claims, now: World.now) == nil)
    #expect(b.directory.conflict(of: claimB, with: register.claims, now: World.now) == nil)
    let (aWrote, bWrote) = (register.write([claimA], ifVersion: 0), register.write([claimB], ifVersion: 0))
    #expect(aWrote && !bWrote)
    // The loser reads again.
    let conflict = try #require(b.directory.conflict(of: claimB, with: register.claims, now: World.now))
    let denial = Answer(b.reviewer.denial(of: second, because: conflict))
    #expect(denial.status?.code == 409 && denial.status?.reason == "Conflict")
    #expect(
      denial.status?.message == """
        SpiderIPPool.spiderpool.spidernet.io "b" came second: spec.ips: Forbidden: 10.6.0.2-10.6.0.9 overlaps \
        SpiderIPPool "a", which is being created or changed at this moment; try again in a few seconds
        """)
    #expect(denial.outcome.decision.verdict == .denied && denial.outcome.decision.uid == second.decision.uid)
    // The loser's own claim is gone, and the winner's counts.
    b.directory.register(claims: register.claims, now: World.now)
    #expect(b.create("SpiderIPPool", Self.spec, named: "c").status?.code == 409)
    #expect(b.create("SpiderIPPool", Self.spec, named: "a").isAllowed, "the same name may try again anywhere")
  }

  @Test func `read each other's claims from JSON`() throws {
    let claim = try #require(
      World().create(
        "SpiderIPPool", #"{"ipVersion":6,"subnet":"fd00::/64","ips":["fd00::1","fd00::5-fd00::9"]}"#
      )
      .outcome.claim)
    var writer = JSONWriter()
    claim.write(to: &writer)
    var parser = JSONParser()
    #expect(try parser.parse(writer.bytes) { AddressClaim($0) } == claim)
    #expect(try parser.parse(Array("{}".utf8)) { AddressClaim($0) } == nil)
  }

  @Test func `share a claim of many ranges as the one that spans them`() throws {
    let ips = (0..<100).map { #""10.6.0.\#($0 * 2)""# }.joined(separator: ",")
    let claim = try #require(
      World().create("SpiderIPPool", #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":[\#(ips)]}"#).outcome.claim
    )
    var writer = JSONWriter()
    claim.write(to: &writer)
    var parser = JSONParser()
    let read = try #require(try parser.parse(writer.bytes) { AddressClaim($0) })
    #expect(read.addresses.texts == ["10.6.0.0-10.6.0.198"])
  }

  @Test func `forget a claim whose object was seen, though the register still has it`() throws {
    let (a, b) = (World(), World())
    let claim = try #require(a.create("SpiderIPPool", Self.spec, named: "a").outcome.claim)
    b.directory.register(claims: [claim], now: World.now)
    #expect(b.create("SpiderIPPool", Self.spec, named: "b").status?.code == 409)
    try b.store("SpiderIPPool", "a", Self.spec)
    b.directory.removePool("a")
    b.directory.register(claims: [claim], now: World.now)
    let mine = b.create("SpiderIPPool", Self.spec, named: "b")
    #expect(mine.isAllowed)
    #expect(b.directory.conflict(of: try #require(mine.outcome.claim), with: [claim], now: World.now) == nil)
    // Seen before the register told of it.
    let c = World()
    try c.store("SpiderIPPool", "a", Self.spec)
    c.directory.register(claims: [claim], now: World.now)
    c.directory.removePool("a")
    c.directory.register(claims: [claim], now: World.now)
    #expect(c.create("SpiderIPPool", Self.spec, named: "b").isAllowed)
  }

  @Test func `drop foreign claims that the register no longer has, or that lapsed`() throws {
    let (a, b) = (World(), World())
    let claim = try #require(a.create("SpiderIPPool", Self.spec, named: "a").outcome.claim)
    b.directory.register(claims: [claim], now: World.now)
    b.directory.register(claims: [], now: World.now)
    #expect(b.create("SpiderIPPool", Self.spec, named: "b").isAllowed)
    let c = World()
    c.directory.register(claims: [claim], now: claim.expires)
    #expect(c.create("SpiderIPPool", Self.spec, named: "c").isAllowed)
  }

  @Test func `cannot tell each other, so nothing is admitted`() throws {
    let world = World()
    let outcome = world.create("SpiderIPPool", Self.spec, named: "a").outcome
    let denial = Answer(world.reviewer.unavailable(outcome, because: "nobody listens"))
    #expect(denial.isAllowed == false && denial.status?.code == 503)
    #expect(world.create("SpiderIPPool", Self.spec, named: "b").isAllowed)
  }
}
