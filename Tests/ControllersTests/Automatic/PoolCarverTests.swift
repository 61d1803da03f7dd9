import Addressing
import Admission
import Cluster
import IPAM
import KubernetesAPI
import Testing

@testable import Controllers

@Suite("Pool carver", .timeLimit(.minutes(5)))
struct PoolCarverTests {
  private func scene(_ ips: String = "10.50.0.1-10.50.0.20") async throws -> (PoolScene, PoolReplica) {
    let scene = try PoolScene()
    try await scene.subnet("s", ips)
    let replica = PoolReplica(scene)
    try await replica.catchUp()
    return (scene, replica)
  }

  @Test func `makes a pool of the lowest free addresses, and says so in the subnet`() async throws {
    let (scene, replica) = try await scene()
    let name = try #require(await replica.carve("web", 3).name)
    #expect(try await scene.ranges() == [name: "10.50.0.1-10.50.0.3"])
    #expect(try await scene.entries() == [name: "10.50.0.1-10.50.0.3"])
    let subnet = try await scene.stored()
    #expect(subnet.totalIPCount == 20 && subnet.allocatedIPCount == 3)
    // The next Pod finds it without any watch.
    #expect(replica.book.facts(of: name)?.givable.count == 3)
  }

  @Test func `does nothing for a pool that is as it should be`() async throws {
    let (_, replica) = try await scene()
    _ = await replica.carve("web", 3)
    let calls = FaultPlan.Verb.allCases.map { replica.plan.calls(of: $0) }
    guard case .ready(let change) = await replica.carve("web", 3) else {
      Issue.record("not ready")
      return
    }
    #expect(change.kind == .none)
    #expect(FaultPlan.Verb.allCases.map { replica.plan.calls(of: $0) } == calls)
  }

  @Test func `writes the subnet once for all who wait`() async throws {
    let (scene, replica) = try await scene()
    let gate = Gate()
    replica.plan.inject(.hold(gate), into: .updateStatus)
    await withTaskGroup(of: CarveOutcome.self) { group in
      group.addTask { await replica.carve("first", 1) }
      await gate.reached()
      for number in 1...9 { group.addTask { await replica.carve("app-\(number)", 2) } }
      while await replica.carver.waiting(for: "s") < 9 { await Task.yield() }
      gate.open()
      for await outcome in group { #expect(outcome.name != nil) }
    }
    #expect(replica.plan.calls(of: .updateStatus) == 2)
    #expect(try await scene.stored().allocatedIPCount == 19)
    #expect(try await AddressSet.disjoint(scene.pools().values.map(\.spec.ips)).count == 19)
  }

  @Test func `answers all who want the same at once`() async throws {
    let (_, replica) = try await scene()
    let gate = Gate()
    replica.plan.inject(.hold(gate), into: .updateStatus)
    await withTaskGroup(of: CarveOutcome.self) { group in
      group.addTask { await replica.carve("first", 1) }
      await gate.reached()
      for _ in 1...50 { group.addTask { await replica.carve("web", 2) } }
      while await replica.carver.waiting(for: "s") < 50 { await Task.yield() }
      gate.open()
      for await outcome in group { #expect(outcome.name != nil) }
    }
    #expect(replica.plan.calls(of: .updateStatus) == 2 && replica.plan.calls(of: .create) == 2)
    #expect(replica.plan.calls(of: .get) <= 2)
  }

  @Test(arguments: [ClusterError.conflict("somebody was faster"), .unavailable("away"), .timeout("late")])
  func `leaves nothing half made, whatever a write comes to`(_ error: ClusterError) async throws {
    for verb in [FaultPlan.Verb.updateStatus, .create, .get] {
      for lost in [true, false] {
        let (scene, replica) = try await scene()
        replica.plan.inject(lost ? .loseAnswer(error) : .fail(error), into: verb)
        var outcome = await replica.carve("web", 3)
        if outcome.name == nil { outcome = await replica.carve("web", 3) }
        let name = try #require(outcome.name, "\(verb) \(lost) \(outcome)")
        #expect(try await scene.ranges() == [name: "10.50.0.1-10.50.0.3"])
        #expect(try await scene.entries() == [name: "10.50.0.1-10.50.0.3"])
      }
    }
  }

  @Test func `cuts different pools on two replicas that know nothing of each other`() async throws {
    let (scene, first) = try await scene("10.50.0.1-10.50.0.40")
    let second = PoolReplica(scene)
    try await second.catchUp()
    await withTaskGroup(of: CarveOutcome.self) { group in
      for number in 0..<10 {
        group.addTask { await first.carve("app-\(number)", 2) }
        group.addTask { await second.carve("app-\(number)", 2) }
        group.addTask { await (number % 2 == 0 ? first : second).carve("own-\(number)", 2) }
      }
      for await outcome in group { #expect(outcome.name != nil, "\(outcome)") }
    }
    let pools = try await scene.pools()
    #expect(pools.count == 20)
    #expect(AddressSet.disjoint(pools.values.map(\.spec.ips)).count == 40)
    #expect(try await scene.entries() == scene.ranges())
  }

  @Test func `grows and shrinks, and takes no address that a Pod has`() async throws {
    let (scene, replica) = try await scene()
    let name = try #require(await replica.carve("web", 4).name)
    #expect(try await replica.bind("10.50.0.3", of: name) == .bound)
    #expect(try await replica.bind("10.50.0.1", of: name) == .bound)
    #expect(await replica.carve("web", 1) == .inUse(held: 2))
    #expect(try await scene.ranges() == [name: "10.50.0.1-10.50.0.4"])
    #expect(await replica.carve("web", 2).name == name)
    #expect(try await scene.ranges() == [name: "10.50.0.1,10.50.0.3"])
    #expect(await replica.carve("web", 5).name == name)
    #expect(try await scene.ranges() == [name: "10.50.0.1-10.50.0.5"])
    #expect(try await scene.stored().allocatedIPCount == 5)
  }

  @Test func `keeps what a Pod got while a shrinking was cut short`() async throws {
    let (scene, replica) = try await scene()
    let name = try #require(await replica.carve("web", 4).name)
    replica.plan.inject(.fail(.unavailable("away")), into: .patch)
    guard case .failed = await replica.carve("web", 1) else {
      Issue.record("the pool was written")
      return
    }
    #expect(try await scene.entries() == [name: "10.50.0.4", "\(name)~": "10.50.0.1-10.50.0.3"])
    #expect(try await scene.stored().allocatedIPCount == 4)
    #expect(try await replica.bind("10.50.0.2", of: name) == .bound)
    // Nobody else gets what the pool still has.
    let other = try #require(await replica.carve("other", 2).name)
    #expect(try await scene.ranges()[other] == "10.50.0.5-10.50.0.6")
    #expect(await replica.carve("web", 1).name == name)
    #expect(try await scene.ranges()[name] == "10.50.0.2")
    #expect(try await scene.entries()[name] == "10.50.0.2")
  }

  @Test func `says how many addresses are missing, from the subnet as it is now`() async throws {
    let (scene, replica) = try await scene("10.50.0.1-10.50.0.4")
    _ = await replica.carve("web", 3)
    #expect(await replica.carve("other", 2) == .short(needed: 2, free: 1))
    #expect(try await scene.ranges().count == 1)
    let patch = #"{"spec":{"ips":["10.50.0.1-10.50.0.5"]}}"#
    _ = try await scene.store.patch(.spiderSubnet, namespace: nil, name: "s", mergePatch: Array(patch.utf8))
    #expect(await replica.carve("other", 2).name != nil)
  }

  @Test func `takes no reserved address, and none of a pool made by hand`() async throws {
    let (scene, replica) = try await scene("10.50.0.1-10.50.0.9")
    try await scene.pool("manual", "10.50.0.1-10.50.0.2")
    let reserved = """
      {"apiVersion":"spiderpool.spidernet.io/v2beta1","kind":"SpiderReservedIP","metadata":{"name":"r"},\
      "spec":{"ipVersion":4,"ips":["10.50.0.4"]}}
      """
    _ = try await scene.store.create(.spiderReservedIP, namespace: nil, json: Array(reserved.utf8))
    try await replica.catchUp()
    let name = try #require(await replica.carve("web", 3).name)
    #expect(try await scene.ranges()[name] == "10.50.0.3,10.50.0.5-10.50.0.6")
  }

  @Test func `takes over the pool that an earlier application of the name left behind`() async throws {
    let (scene, replica) = try await scene()
    let old = PoolReplica.wish("web", 3, uid: "u-old11", reclaims: false)
    let name = try #require(await replica.carver.carve(old).name)
    let new = PoolReplica.wish("web", 4, uid: "u-new22", reclaims: false)
    #expect(await replica.carver.carve(new).name == name)
    let labels = try #require(try await scene.pools()[name]?.metadata.labels)
    #expect(labels["ipam.spidernet.io/owner-application-uid"] == "u-new22")
    #expect(try await scene.ranges() == [name: "10.50.0.1-10.50.0.4"])
    // One that goes with its application is not for the next one.
    let leaving = PoolReplica.wish("db", 1, uid: "u-old33")
    let next = PoolReplica.wish("db", 1, uid: "u-new44")
    let names = [await replica.carver.carve(leaving).name, await replica.carver.carve(next).name]
    #expect(Set(names).count == 2)
  }

  @Test func `gives two applications whose names would be the same pools of their own`() async throws {
    let (scene, replica) = try await scene()
    let one = PoolReplica.wish("web", 1, uid: "u-0a1b2c3d4e5f")
    let application = Application(
      apiVersion: "apps/v1", kind: "StatefulSet", namespace: "shop", name: "web", uid: "u-0a1b2fffffff")
    let other = PoolWish(
      pool: AutomaticPool(
        application: application, place: one.pool.place, size: .fixed(2), reclaims: true), count: 2)
    #expect(await replica.carver.carve(one).name == "auto4-web-eth0-0a1b2")
    #expect(await replica.carver.carve(other).name == "auto4-web-eth0-0a1b2ffff")
    #expect(
      try await scene.ranges() == [
        "auto4-web-eth0-0a1b2": "10.50.0.1", "auto4-web-eth0-0a1b2ffff": "10.50.0.2-10.50.0.3",
      ])
  }

  @Test func `does so for two who come at once`() async throws {
    let (scene, replica) = try await scene()
    let gate = Gate()
    replica.plan.inject(.hold(gate), into: .updateStatus)
    let names = await withTaskGroup(of: String?.self) { group in
      group.addTask { await replica.carve("first", 1).name }
      await gate.reached()
      for (uid, count) in [("u-0a1b2c3d4e5f", 2), ("u-0a1b2fffffff", 3)] {
        let namespace = "shop-\(count)"
        group.addTask {
          let application = Application(
            apiVersion: "apps/v1", kind: "Deployment", namespace: namespace, name: "web", uid: uid)
          let pool = AutomaticPool(
            application: application, place: .init(interface: "eth0", family: .v4, subnet: "s"),
            size: .fixed(count), reclaims: true)
          return await replica.carver.carve(PoolWish(pool: pool, count: count)).name
        }
      }
      while await replica.carver.waiting(for: "s") < 2 { await Task.yield() }
      gate.open()
      return await group.reduce(into: Set<String>()) { if let name = $1 { $0.insert(name) } }
    }
    #expect(names.count == 3)
    #expect(try await AddressSet.disjoint(scene.pools().values.map(\.spec.ips)).count == 6)
    #expect(try await scene.entries() == scene.ranges())
  }

  @Test func `refuses what cannot be`() async throws {
    let (scene, replica) = try await scene()
    let missing = PoolWish(
      pool: AutomaticPool(
        application: PoolReplica.wish("web", 1).pool.application,
        place: .init(interface: "eth0", family: .v4, subnet: "none"), size: .fixed(1), reclaims: true),
      count: 1)
    #expect(await replica.carver.carve(missing) == .refused("there is no SpiderSubnet \"none\""))
    try await scene.store.delete(.spiderSubnet, namespace: nil, name: "s")
    #expect(await replica.carve("web", 1) == .refused("SpiderSubnet \"s\" is being deleted"))
  }
}

extension AddressSet {
  /// The addresses of all these lists of ranges; an address that is there twice is an issue.
  static func disjoint(_ lists: [[String]]) -> AddressSet {
    var all = AddressSet(.v4)
    for list in lists {
      for range in list.compactMap({ try? AddressRange($0) }) {
        if all.overlaps(range) { Issue.record("\(range) is there twice") }
        all.insert(range)
      }
    }
    return all
  }
}
