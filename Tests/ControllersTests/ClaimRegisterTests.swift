import Admission
import Cluster
import Controllers
import KubernetesAPI
import Testing

@Suite struct `Claims of several replicas` {
  @Test(arguments: 0..<20)
  func `one of several overlapping pools wins, whichever replicas they came through`(round: Int) async throws
  {
    let store = try LocalCluster.inMemory()
    let replicas = (0..<3).map { _ in Replica(store) }
    let admitted = await withTaskGroup(of: Bool.self) { group in
      for (number, replica) in replicas.enumerated() {
        group.addTask { await replica.admit("pool-\(number)", ips: "10.6.0.\(number + 1)-10.6.0.9") }
      }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(admitted == 1)
  }

  @Test func `the later one is told who was first, and its addresses are free again`() async throws {
    let store = try LocalCluster.inMemory()
    let (first, second) = (Replica(store), Replica(store))
    #expect(await first.admit("a", ips: "10.6.0.1-10.6.0.9"))
    let outcome = second.review("b", ips: "10.6.0.9-10.6.0.20")
    let claim = try #require(outcome.claim)
    guard case .conflict(let conflict) = await second.register.register(claim) else {
      Issue.record("the claim was not refused")
      return
    }
    #expect(conflict.winner.name == "a")
    let denial = Reviewer(directory: second.directory).denial(of: outcome, because: conflict)
    #expect(String(decoding: denial.body, as: UTF8.self).contains(#""allowed":false"#))
    #expect(await second.admit("c", ips: "10.6.0.10-10.6.0.20"))
  }

  @Test func `many that do not clash share writes`() async throws {
    let plan = FaultPlan()
    let store = FaultInjectingStore(try LocalCluster.inMemory(), plan: plan)
    let replica = Replica(store)
    #expect(await replica.admit("seed", ips: "10.6.0.250"))
    let gate = Gate()
    plan.inject(.hold(gate), into: .update)
    let admitted = await withTaskGroup(of: Bool.self) { group in
      group.addTask { await replica.admit("first", ips: "10.6.0.1") }
      await gate.reached()
      for number in 2...40 {
        group.addTask { await replica.admit("pool-\(number)", ips: "10.6.0.\(number)") }
      }
      gate.open()
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(admitted == 40)
    #expect(plan.calls(of: .update) < 40)
  }

  @Test func `a write that met another is tried again`() async throws {
    let plan = FaultPlan()
    let store = FaultInjectingStore(try LocalCluster.inMemory(), plan: plan)
    let replica = Replica(store)
    #expect(await replica.admit("a", ips: "10.6.0.1"))
    plan.inject(.fail(.conflict("somebody was faster")), into: .update, times: 3)
    #expect(await replica.admit("b", ips: "10.6.0.2"))
  }

  @Test func `nothing is admitted while the cluster is away, and all is free again when it is back`()
    async throws
  {
    let plan = FaultPlan()
    let store = FaultInjectingStore(try LocalCluster.inMemory(), plan: plan)
    let replica = Replica(store)
    plan.inject(.fail(.unavailable("no connection")), into: .get)
    let claim = try #require(replica.review("a", ips: "10.6.0.1-10.6.0.9").claim)
    #expect(await replica.register.register(claim) == .unavailable("no connection"))
    #expect(await replica.admit("b", ips: "10.6.0.1-10.6.0.9"))
  }

  @Test func `a write whose answer was lost hinders nobody for longer than a claim lives`() async throws {
    let plan = FaultPlan()
    let store = FaultInjectingStore(try LocalCluster.inMemory(), plan: plan)
    let clock = ReplicaClock()
    let (first, second) = (Replica(store, clock: clock), Replica(store, clock: clock))
    plan.inject(.loseAnswer(.timeout("no answer")), into: .create)
    #expect(await first.admit("a", ips: "10.6.0.1") == false)
    #expect(await second.admit("b", ips: "10.6.0.1") == false)
    clock.advance(seconds: 66)
    #expect(await second.admit("b", ips: "10.6.0.1"))
  }

  @Test func `claims that lapsed leave the Lease`() async throws {
    let store = try LocalCluster.inMemory()
    let replica = Replica(store)
    #expect(await replica.admit("old", ips: "10.6.0.1"))
    replica.clock.advance(seconds: 66)
    #expect(await replica.admit("new", ips: "10.6.0.2"))
    let lease = try await store.get(
      .lease, namespace: Replica.lease.namespace, name: Replica.lease.name)
    let text = String(decoding: lease.json, as: UTF8.self)
    #expect(text.contains("new") && !text.contains("old"))
  }
}
