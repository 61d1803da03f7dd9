import Admission
import Cluster
import IPAM
import KubernetesAPI
import Testing

@testable import Controllers

@Suite("Application keeper", .timeLimit(.minutes(5)))
struct ApplicationKeeperTests {
  private func scene() async throws -> (PoolScene, PoolReplica) {
    let scene = try PoolScene()
    try await scene.subnet()
    return (scene, PoolReplica(scene))
  }

  @Test func `makes, scales and deletes an application's pool`() async throws {
    let (scene, replica) = try await scene()
    let uid = try await scene.deployment("web", replicas: 3)
    try await replica.catchUp()
    #expect(await replica.look(at: "web"))
    let suffix = try #require(uid.split(separator: "-").last?.prefix(5))
    let name = "auto4-web-eth0-\(suffix)"
    #expect(try await scene.ranges() == [name: "10.50.0.1-10.50.0.4"])

    try await scene.scale("web", to: 5)
    try await replica.catchUp()
    #expect(await replica.look(at: "web"))
    #expect(try await scene.ranges() == [name: "10.50.0.1-10.50.0.6"])

    try await scene.scale("web", to: 0)
    try await replica.catchUp()
    #expect(await replica.look(at: "web"))
    #expect(try await scene.ranges() == [name: "10.50.0.6"])

    try await scene.store.delete(.deployment, namespace: "default", name: "web")
    try await replica.catchUp()
    #expect(await replica.look(at: "web"))
    #expect(try await scene.pools()[name]?.metadata.isTerminating ?? true)
  }

  @Test func `comes again while Pods hold more than is wanted`() async throws {
    let (scene, replica) = try await scene()
    try await scene.deployment("web", replicas: 2, number: "+0")
    try await replica.catchUp()
    _ = await replica.look(at: "web")
    let name = try #require(try await scene.ranges().keys.first)
    #expect(try await replica.bind("10.50.0.1", of: name) == .bound)
    #expect(try await replica.bind("10.50.0.2", of: name) == .bound)
    try await scene.scale("web", to: 1)
    try await replica.catchUp()
    #expect(await replica.look(at: "web") == false)
    try await replica.release("10.50.0.1", of: name)
    #expect(await replica.look(at: "web"))
    #expect(try await scene.ranges() == [name: "10.50.0.2"])
  }

  @Test func `wakes who may have been refused before it worked, and nobody later`() async throws {
    let (scene, replica) = try await scene()
    let uid = try await scene.deployment("web", replicas: 2)
    try await scene.replicaSet("web-1", of: "web", uid, replicas: 2)
    try await scene.replicaSet("web-0", of: "web", uid, replicas: 0)
    try await replica.catchUp()
    #expect(await replica.look(at: "web"))
    #expect(replica.book.takeRefused(now: 0).map(\.name) == ["web-1"])
    replica.clock.advance(by: .seconds(20)) {}
    try await scene.scale("web", to: 3)
    try await replica.catchUp()
    #expect(await replica.look(at: "web"))
    #expect(try await scene.pools().values.map(\.spec.ips) == [["10.50.0.1-10.50.0.4"]])
    #expect(replica.book.takeRefused(now: 0).isEmpty)
  }

  @Test func `deletes nothing of an application that is there, whatever was seen`() async throws {
    let (scene, replica) = try await scene()
    try await scene.deployment("web", replicas: 1)
    try await replica.catchUp()
    _ = await replica.look(at: "web")
    replica.book.removeWorkload(.init(kind: .deployment, namespace: "default", name: "web"))
    #expect(await replica.look(at: "web"))
    #expect(try await scene.pools().values.allSatisfy { !$0.metadata.isTerminating })
    #expect(replica.plan.calls(of: .delete) == 0)
  }

  @Test func `keeps a pool that is not to be reclaimed, and gives it to the next of the name`() async throws {
    let (scene, replica) = try await scene()
    try await scene.deployment("web", replicas: 2, reclaim: "false")
    try await replica.catchUp()
    _ = await replica.look(at: "web")
    let before = try await scene.ranges()
    try await scene.store.delete(.deployment, namespace: "default", name: "web")
    try await replica.catchUp()
    #expect(await replica.look(at: "web"))
    #expect(try await scene.ranges() == before)
    let uid = try await scene.deployment("web", replicas: 2, reclaim: "false")
    try await replica.catchUp()
    #expect(await replica.look(at: "web"))
    #expect(try await scene.ranges() == before)
    let labels = try await scene.pools().values.map(\.metadata.labels)
    #expect(labels.map { $0["ipam.spidernet.io/owner-application-uid"] } == [uid])
  }

  @Test func `deletes the pool of an application that was replaced, and makes a new one`() async throws {
    let (scene, replica) = try await scene()
    try await scene.deployment("web", replicas: 1)
    try await replica.catchUp()
    _ = await replica.look(at: "web")
    let old = try #require(try await scene.ranges().keys.first)
    #expect(try await replica.bind("10.50.0.1", of: old) == .bound)
    try await scene.store.delete(.deployment, namespace: "default", name: "web")
    try await scene.deployment("web", replicas: 1)
    try await replica.catchUp()
    #expect(await replica.look(at: "web"))
    let pools = try await scene.pools()
    #expect(pools[old]?.metadata.isTerminating == true)
    #expect(
      pools.filter { !$0.value.metadata.isTerminating }.values.map(\.spec.ips) == [["10.50.0.3-10.50.0.4"]])
  }
}

@Suite("Subnet keeper", .timeLimit(.minutes(5)))
struct SubnetKeeperTests {
  private func scene(gateway: String? = nil) async throws -> (PoolScene, PoolReplica) {
    let scene = try PoolScene()
    try await scene.subnet(gateway: gateway)
    let replica = PoolReplica(scene)
    try await replica.catchUp()
    return (scene, replica)
  }

  private func look(_ replica: PoolReplica, times: Int = 2) async throws {
    for _ in 0..<times {
      try await replica.catchUp()
      await replica.subnets.look()
    }
    try await replica.catchUp()
  }

  @Test func `gives a pool that was there before to its subnet`() async throws {
    let (scene, replica) = try await scene(gateway: "10.50.255.254")
    try await scene.pool("manual", "10.50.0.5-10.50.0.7")
    try await look(replica)
    let pool = try #require(try await scene.pools()["manual"])
    #expect(pool.metadata.labels["ipam.spidernet.io/owner-spider-subnet"] == "s")
    #expect(pool.metadata.controller?.name == "s" && pool.metadata.controller?.blockOwnerDeletion == true)
    #expect(pool.spec.gateway == "10.50.255.254")
    #expect(try await scene.entries() == ["manual": "10.50.0.5-10.50.0.7"])
    #expect(try await scene.stored().allocatedIPCount == 3)
    let calls = replica.plan.calls(of: .patch)
    try await look(replica)
    #expect(replica.plan.calls(of: .patch) == calls)
  }

  @Test func `passes a new gateway on to pools that had the old one`() async throws {
    let (scene, replica) = try await scene(gateway: "10.50.255.254")
    try await scene.pool("heir", "10.50.0.5")
    try await scene.pool("other", "10.50.0.6", gateway: "10.50.255.1")
    let automatic = try #require(await replica.carve("web", 1).name)
    try await look(replica)
    let patch = #"{"spec":{"gateway":"10.50.255.253"}}"#
    _ = try await scene.store.patch(.spiderSubnet, namespace: nil, name: "s", mergePatch: Array(patch.utf8))
    try await look(replica)
    let gateways = try await scene.pools().mapValues { $0.spec.gateway }
    #expect(gateways == ["heir": "10.50.255.253", "other": "10.50.255.1", automatic: "10.50.255.253"])
  }

  @Test func `takes back what a pool had that is gone, and what was meant for one that never came`()
    async throws
  {
    let (scene, replica) = try await scene()
    let name = try #require(await replica.carve("web", 2).name)
    try await look(replica)
    let patch = #"{"metadata":{"finalizers":null}}"#
    _ = try await scene.store.patch(.spiderIPPool, namespace: nil, name: name, mergePatch: Array(patch.utf8))
    try await scene.store.delete(.spiderIPPool, namespace: nil, name: name)
    try await look(replica)
    #expect(try await scene.entries().isEmpty)

    replica.plan.inject(.fail(.unavailable("away")), into: .create)
    _ = await replica.carve("db", 2)
    try await look(replica)
    #expect(try await scene.entries().count == 1)
    replica.clock.advance(by: .seconds(76)) {}
    try await look(replica)
    #expect(try await scene.entries().isEmpty)
    #expect(try await scene.stored().allocatedIPCount == 0)
  }

  @Test func `mends counts, and entries that are missing`() async throws {
    let (scene, replica) = try await scene()
    let name = try #require(await replica.carve("web", 2).name)
    let subnet = try await scene.stored()
    let broken = """
      {"metadata":{"name":"s","resourceVersion":"\(subnet.metadata.resourceVersion)"},"status":{"allocatedIPCount":7}}
      """
    _ = try await scene.store.updateStatus(.spiderSubnet, namespace: nil, name: "s", json: Array(broken.utf8))
    try await look(replica)
    #expect(try await scene.entries() == [name: "10.50.0.1-10.50.0.2"])
    let mended = try await scene.stored()
    #expect(mended.totalIPCount == 20 && mended.allocatedIPCount == 2)
    #expect(mended.controlledIPPools?.contains("apps_v1_Deployment_default_web") == true)
  }

  @Test func `lets a deleted subnet go after its pools`() async throws {
    let (scene, replica) = try await scene()
    let name = try #require(await replica.carve("web", 2).name)
    try await look(replica)
    try await scene.store.delete(.spiderSubnet, namespace: nil, name: "s")
    try await look(replica)
    #expect(try await scene.pools()[name]?.metadata.isTerminating == true)
    #expect(try await scene.stored().metadata.isTerminating)
    let patch = #"{"metadata":{"finalizers":null}}"#
    _ = try await scene.store.patch(.spiderIPPool, namespace: nil, name: name, mergePatch: Array(patch.utf8))
    try await look(replica, times: 3)
    await #expect(throws: ClusterError.self) { try await scene.stored() }
  }
}
