import Addressing
import Admission
import Cluster
import IPAM
import KubernetesAPI
import TestSupport
import Testing

@testable import Controllers

/// Several servers that make pools on one store, with writes that fail, meet others or lose their answers, and servers that do
/// not see what happens: nothing but the order of writes keeps pools apart here, since nobody judges them.
@Suite("Pools of several servers", .timeLimit(.minutes(2)))
struct PoolLifeTests {
  private static let applications = (0..<6).map { "app-\($0)" }
  private static let addresses = 24

  @Test func `never share an address, keep what Pods hold, and agree with the subnet in the end`()
    async throws
  {
    var generator = SeededGenerator.announced()
    for _ in 0..<15 {
      let life = try await PoolLife(addresses: Self.addresses)
      for _ in 0..<40 {
        let steps = (0..<Int.random(in: 1...4, using: &generator)).map { _ in
          PoolLife.Step.random(Self.applications, using: &generator)
        }
        life.disturb(using: &generator)
        await life.perform(steps)
        try await life.check()
      }
      try await life.settle(Self.applications)
    }
  }
}

private struct PoolLife {
  enum Step: Sendable {
    case scale(String, to: Int, by: Int)
    case bind(String, by: Int, rank: Int)
    case release(String, by: Int)
    case see(by: Int)
    case tidy(by: Int)

    static func random(_ names: [String], using generator: inout SeededGenerator) -> Step {
      let name = names[Int.random(in: 0..<names.count, using: &generator)]
      let server = Int.random(in: 0..<3, using: &generator)
      switch Int.random(in: 0..<10, using: &generator) {
      case 0..<4: return .scale(name, to: Int.random(in: 0...6, using: &generator), by: server)
      case 4..<7: return .bind(name, by: server, rank: Int.random(in: 0..<6, using: &generator))
      case 7: return .release(name, by: server)
      case 8: return .see(by: server)
      default: return .tidy(by: server)
      }
    }
  }

  let scene: PoolScene
  let servers: [PoolReplica]
  let all: AddressSet

  init(addresses: Int) async throws {
    scene = try PoolScene()
    try await scene.subnet("s", "10.50.0.1-10.50.0.\(addresses)")
    all = AddressSet(try AddressRange("10.50.0.1-10.50.0.\(addresses)"))
    servers = [PoolReplica(scene), PoolReplica(scene), PoolReplica(scene)]
    for server in servers { try await server.catchUp() }
  }

  func disturb(using generator: inout SeededGenerator) {
    for server in servers {
      server.plan.clear()
      for verb in [FaultPlan.Verb.updateStatus, .create, .patch, .get] {
        let skipping = Int.random(in: 0...2, using: &generator)
        switch Int.random(in: 0..<12, using: &generator) {
        case 0: server.plan.inject(.fail(.unavailable("away")), into: verb, skipping: skipping)
        case 1: server.plan.inject(.loseAnswer(.timeout("no answer")), into: verb, skipping: skipping)
        case 2: server.plan.inject(.fail(.conflict("somebody was faster")), into: verb, skipping: skipping)
        default: break
        }
      }
    }
  }

  func perform(_ steps: [Step]) async {
    await withTaskGroup(of: Void.self) { group in
      for step in steps { group.addTask { await perform(step) } }
    }
  }

  private func perform(_ step: Step) async {
    switch step {
    case .scale(let name, let count, let server): _ = await servers[server].carve(name, count)
    case .bind(let name, let server, let rank):
      guard let pool = pool(of: name, server), let address = pool.givable.address(at: UInt128(rank)) else {
        return
      }
      _ = try? await servers[server].bind("\(address)", of: pool.name)
    case .release(let name, let server):
      guard let pool = pool(of: name, server),
        let address = servers[server].book.held(of: pool.name, .v4).first
      else { return }
      try? await servers[server].release("\(address)", of: pool.name)
    case .see(let server): try? await servers[server].catchUp()
    case .tidy(let server): await servers[server].carver.tidy("s")
    }
  }

  private func pool(of name: String, _ server: Int) -> PoolFacts? {
    servers[server].book.automaticPools(of: PoolReplica.wish(name, 0).pool.application.key).first
  }

  /// What holds at every moment, as it is stored.
  func check() async throws {
    let pools = try await scene.pools()
    let held = AddressSet.disjoint(pools.values.map(\.spec.ips))
    #expect(held.isSubset(of: all))
    let status = try #require(SubnetStatus(try await scene.stored().controlledIPPools))
    for (name, pool) in pools {
      let own = AddressSet(.v4, pool.spec.ips.compactMap { try? AddressRange($0) })
      let given = [name, SubnetStatus.leavingName(name)].compactMap { status.entries[$0]?.addresses }
      #expect(
        own.isSubset(of: given.reduce(AddressSet(.v4)) { $0.union($1) }), "\(name) has what it was not given")
      for record in try AllocationText.read(pool.allocatedIPs) {
        #expect(own.contains(record.address), "\(record.address) is held and not in \(name)")
      }
    }
    AddressSet.expectDisjoint(status)
  }

  /// When nothing fails any more, every pool gets its size, and the subnet says what they have.
  func settle(_ names: [String]) async throws {
    for server in servers { server.plan.clear() }
    try await servers[0].catchUp()
    for name in names {
      let held = pool(of: name, 0).map { Int(servers[0].book.held(of: $0.name, .v4).count) } ?? 0
      _ = await servers[0].carve(name, held)
    }
    for name in names {
      let held = pool(of: name, 0).map { Int(servers[0].book.held(of: $0.name, .v4).count) } ?? 0
      let outcome = await servers[0].carve(name, held)
      #expect(outcome.name != nil, "\(name): \(outcome)")
    }
    await servers[0].carver.tidy("s")
    // What may still be on its way is waited for.
    servers[0].clock.advance(by: servers[0].carver.grace) {}
    await servers[0].carver.tidy("s")
    try await check()
    let (entries, ranges) = (try await scene.entries(), try await scene.ranges())
    for name in Set(entries.keys).union(ranges.keys) {
      #expect(entries[name] ?? "" == ranges[name] ?? "", "\(name)")
    }
  }
}

extension AddressSet {
  /// No address stands twice in a subnet's status.
  static func expectDisjoint(_ status: SubnetStatus) {
    var all = AddressSet(.v4)
    for (name, entry) in status.entries {
      guard let addresses = entry.addresses else { continue }
      #expect(!all.overlaps(addresses), "\(name) has what another has")
      all = all.union(addresses)
    }
  }
}
