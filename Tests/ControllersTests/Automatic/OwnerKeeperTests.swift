import Admission
import Cluster
import IPAM
import KubernetesAPI
import Logging
import Testing

@testable import Controllers

/// A replica that keeps the pools of CloneSets.
private struct OwnerScene {
  let store: OperatorStore
  let scene: PoolScene
  let replica: PoolReplica
  let keeper: OwnerKeeper

  init(followsThirdParties: Bool = false) async throws {
    store = OperatorStore(try LocalCluster.inMemory())
    scene = PoolScene(in: store)
    try await scene.subnet()
    replica = PoolReplica(scene)
    var settings = AdmissionSettings()
    settings.followsThirdParties = followsThirdParties
    let manual = replica.clock
    var clock = CommitTiming()
    clock.monotonic = { manual.now }
    clock.sleep = { await manual.sleep($0) }
    keeper = OwnerKeeper(
      pools: replica.pools, directory: replica.directory, settings: settings, events: replica.events,
      clock: clock, following: ReflectorTiming(), logger: Logger(label: "test"))
  }

  func application(_ name: String, _ uid: String) -> Application {
    Application(
      apiVersion: "apps.kruise.io/v1alpha1", kind: "CloneSet", namespace: "default", name: name, uid: uid)
  }

  /// Has a Pod's pool made.
  func prepare(_ name: String, _ uid: String, _ size: PoolSize, reclaims: Bool = true) async throws {
    #expect(
      await replica.pools.prepare(scene.need(name, uid, size, reclaims: reclaims)) == .ready)
    try await replica.catchUp()
  }

  func look(at name: String, _ uid: String) async throws -> Bool {
    let isSettled = await keeper.look(at: application(name, uid))
    try await replica.catchUp()
    return isSettled
  }

  /// The pools that are not on their way out, with their ranges.
  func standing() async throws -> [String] {
    try await scene.pools().values.filter { !$0.metadata.isTerminating }
      .map { $0.spec.ips.joined(separator: ",") }.sorted()
  }
}

@Suite("Owner keeper", .timeLimit(.minutes(5)))
struct OwnerKeeperTests {
  @Test func `deletes the pool of an application that is gone`() async throws {
    let scene = try await OwnerScene()
    let uid = try await scene.scene.cloneSet("web")
    try await scene.prepare("web", uid, .fixed(5))
    #expect(try await scene.look(at: "web", uid))
    #expect(try await scene.standing() == ["10.50.0.1-10.50.0.5"])
    try await scene.store.delete(OperatorStore.cloneSet, namespace: "default", name: "web")
    #expect(try await scene.look(at: "web", uid))
    #expect(try await scene.standing().isEmpty)
  }

  @Test func `tells two applications of one name apart by their UIDs`() async throws {
    let scene = try await OwnerScene()
    let first = try await scene.scene.cloneSet("web")
    try await scene.prepare("web", first, .fixed(2))
    try await scene.store.delete(OperatorStore.cloneSet, namespace: "default", name: "web")
    let second = try await scene.scene.cloneSet("web")
    try await scene.prepare("web", second, .fixed(3))
    #expect(try await scene.standing() == ["10.50.0.1-10.50.0.2", "10.50.0.3-10.50.0.5"])
    #expect(try await scene.look(at: "web", first))
    #expect(try await scene.look(at: "web", second))
    #expect(try await scene.standing() == ["10.50.0.3-10.50.0.5"])
  }

  @Test func `keeps a pool that is not to be reclaimed`() async throws {
    let scene = try await OwnerScene()
    let uid = try await scene.scene.cloneSet("web")
    try await scene.prepare("web", uid, .fixed(2), reclaims: false)
    try await scene.store.delete(OperatorStore.cloneSet, namespace: "default", name: "web")
    #expect(try await scene.look(at: "web", uid))
    #expect(try await scene.standing().count == 1)
    let next = try await scene.scene.cloneSet("web")
    try await scene.prepare("web", next, .fixed(2), reclaims: false)
    #expect(try await scene.standing() == ["10.50.0.1-10.50.0.2"])
  }

  @Test func `deletes nothing of a kind that cannot be read`() async throws {
    let scene = try await OwnerScene()
    let uid = try await scene.scene.cloneSet("web")
    try await scene.prepare("web", uid, .fixed(2))
    try await scene.store.delete(OperatorStore.cloneSet, namespace: "default", name: "web")
    scene.store.isForbidden = true
    #expect(try await scene.look(at: "web", uid), "there is nothing to be tried again at once")
    #expect(try await scene.standing().count == 1)
    scene.store.isForbidden = false
    #expect(try await scene.look(at: "web", uid))
    #expect(try await scene.standing().isEmpty)
  }

  @Test func `deletes the pools of a kind that stays uninstalled, once no Pod has an address of them`()
    async throws
  {
    let scene = try await OwnerScene()
    let thing = OwnerReference(apiVersion: "example.com/v1", kind: "Thing", name: "t", uid: "u")
    let need = PoolNeed(
      namespace: "default", owner: thing, request: scene.scene.need("t", "u", .fixed(2)).request)
    #expect(await scene.replica.pools.prepare(need) == .ready)
    try await scene.replica.catchUp()
    let name = try #require(try await scene.scene.ranges().keys.first)
    #expect(try await scene.replica.bind("10.50.0.1", of: name) == .bound)
    let application = Application(thing, namespace: "default")
    await scene.keeper.lookAtAll()
    #expect(await scene.keeper.look(at: application))
    scene.replica.clock.advance(by: .seconds(61)) {}
    #expect(await scene.keeper.look(at: application))
    #expect(try await scene.standing().count == 1, "a Pod has an address")
    try await scene.replica.release("10.50.0.1", of: name)
    #expect(await scene.keeper.look(at: application))
    #expect(try await scene.standing().isEmpty)
  }

  @Test func `deletes nothing while the store is away`() async throws {
    let scene = try await OwnerScene()
    let uid = try await scene.scene.cloneSet("web")
    try await scene.prepare("web", uid, .fixed(2))
    scene.replica.plan.inject(.fail(.unavailable("away")), into: .get)
    #expect(await scene.keeper.look(at: scene.application("web", uid)) == false)
    #expect(try await scene.standing().count == 1)
  }

  @Test func `lets a pool shrink when its addresses come back`() async throws {
    let scene = try await OwnerScene()
    let uid = try await scene.scene.cloneSet("web")
    try await scene.prepare("web", uid, .fixed(3))
    let name = try #require(try await scene.scene.ranges().keys.first)
    for last in 1...3 { #expect(try await scene.replica.bind("10.50.0.\(last)", of: name) == .bound) }
    try await scene.replica.catchUp()
    // The newest Pod asks for fewer, and more are held.
    try await scene.prepare("web", uid, .fixed(2))
    #expect(try await scene.standing() == ["10.50.0.1-10.50.0.3"])
    #expect(scene.replica.book.facts(of: name)?.marks?.size == .fixed(2))
    try await scene.replica.release("10.50.0.1", of: name)
    #expect(try await scene.look(at: "web", uid))
    #expect(try await scene.standing() == ["10.50.0.2-10.50.0.3"])
  }

  @Test func `lets a pool follow the replicas that a kind tells`() async throws {
    let scene = try await OwnerScene(followsThirdParties: true)
    let uid = try await scene.scene.cloneSet("web", replicas: 3)
    try await scene.prepare("web", uid, .above(1))
    #expect(try await scene.standing() == ["10.50.0.1-10.50.0.4"])
    let patch = #"{"spec":{"replicas":6}}"#
    _ = try await scene.store.patch(
      OperatorStore.cloneSet, namespace: "default", name: "web", mergePatch: Array(patch.utf8))
    #expect(try await scene.look(at: "web", uid))
    #expect(try await scene.standing() == ["10.50.0.1-10.50.0.7"])
    let name = try #require(try await scene.scene.ranges().keys.first)
    for last in 1...2 { #expect(try await scene.replica.bind("10.50.0.\(last)", of: name) == .bound) }
    let none = #"{"spec":{"replicas":0}}"#
    _ = try await scene.store.patch(
      OperatorStore.cloneSet, namespace: "default", name: "web", mergePatch: Array(none.utf8))
    #expect(try await scene.look(at: "web", uid) == false, "it is looked at again, as Pods hold more")
    try await scene.replica.release("10.50.0.1", of: name)
    #expect(try await scene.look(at: "web", uid))
    #expect(try await scene.standing() == ["10.50.0.2"])
  }

  @Test func `makes no pool of more than the replicas of a kind that does not tell them`() async throws {
    let scene = try await OwnerScene()
    var need = scene.scene.need("thing", "u", .above(1))
    need = PoolNeed(
      namespace: "default",
      owner: OwnerReference(apiVersion: "example.com/v1", kind: "Thing", name: "t", uid: "u"),
      request: need.request)
    #expect(
      await scene.replica.pools.prepare(need)
        == .failed("Thing default/t has no scale subresource that tells its replicas"))
  }

  @Test func `follows kinds while it works`() async throws {
    let scene = try await OwnerScene()
    let uid = try await scene.scene.cloneSet("web")
    let kept = try await scene.scene.cloneSet("kept")
    try await scene.prepare("web", uid, .fixed(2))
    try await scene.prepare("kept", kept, .fixed(2))
    let work = Task { await scene.keeper.run() }
    defer { work.cancel() }
    try await scene.store.delete(OperatorStore.cloneSet, namespace: "default", name: "web")
    while try await scene.standing().count > 1 {
      scene.replica.clock.advance(by: .seconds(1)) {}
      await Task.yield()
    }
    #expect(try await scene.standing() == ["10.50.0.3-10.50.0.4"])
  }
}
