import Cluster
import IPAM
import JSON
import KubernetesAPI
import Logging
import Testing

@testable import Admission
@testable import Controllers

/// A keeper whose looks at all records happen when a test says so.
private struct Keeping {
  let stored: StoredPools
  let replica: AddressReplica
  let keeper: AddressKeeper
  let clock = ReplicaClock()

  init() async throws {
    stored = try await StoredPools.make(["a": "10.6.0.1-10.6.0.9"])
    replica = AddressReplica(stored.store)
    var timing = CommitTiming()
    timing.wallClock = { [clock] in clock.now }
    timing.sleep = { _ in await Task.yield() }
    keeper = AddressKeeper(
      store: stored.store, book: replica.book, committer: replica.committer, signer: PlainSigner(),
      events: EventRecorder(store: stored.store, logger: Logger(label: "test")), clock: timing,
      logger: Logger(label: "test"))
    try await replica.catchUp()
  }

  /// A Pod that the store has; the watch has not told of it.
  func create(_ name: String) async throws -> ClusterObject {
    let pod =
      #"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"\#(name)","namespace":"default"},"spec":{}}"#
    return try await stored.store.create(.pod, namespace: "default", json: Array(pod.utf8))
  }

  func look(after seconds: UInt64 = 0) async {
    clock.advance(seconds: seconds)
    await keeper.look()
  }

  /// Waits until the status holds so many records.
  func holds(_ count: Int) async throws -> Bool {
    for _ in 0..<10_000 {
      if try await stored.records("a").count == count { return true }
      await Task.yield()
    }
    return false
  }
}

@Suite("Address keeper", .timeLimit(.minutes(5)))
struct AddressKeeperTests {
  @Test func `reclaims what no Pod has, after the grace and on a second look`() async throws {
    let keeping = try await Keeping()
    #expect(try await keeping.replica.bind("10.6.0.1", of: "a", to: "never-stored") == .bound)
    await keeping.look()
    await keeping.look(after: 64)
    #expect(try await keeping.stored.records("a").count == 1)
    await keeping.look(after: 2)
    #expect(try await keeping.holds(0))
  }

  @Test func `asks for the Pod itself before it takes an address away`() async throws {
    let keeping = try await Keeping()
    let pod = try await keeping.create("unseen")
    #expect(try await keeping.replica.bind("10.6.0.1", of: "a", to: "unseen", uid: pod.uid) == .bound)
    // Of that name, but another one.
    _ = try await keeping.create("reborn")
    #expect(try await keeping.replica.bind("10.6.0.2", of: "a", to: "reborn", uid: "earlier") == .bound)
    for _ in 0..<3 { await keeping.look(after: 100) }
    #expect(try await keeping.holds(1))
    #expect(try await keeping.stored.records("a").keys.sorted() == ["10.6.0.1"])
  }

  @Test func `takes nothing while it cannot be found out whether the Pod is there`() async throws {
    let keeping = try await Keeping()
    #expect(try await keeping.replica.bind("10.6.0.1", of: "a", to: "x") == .bound)
    let blind = AddressKeeper(
      store: FaultInjectingStore(keeping.stored.store, plan: Self.blind()), book: keeping.replica.book,
      committer: keeping.replica.committer, signer: PlainSigner(),
      events: EventRecorder(store: keeping.stored.store, logger: Logger(label: "test")),
      clock: Self.clock(keeping.clock), logger: Logger(label: "test"))
    for _ in 0..<4 {
      keeping.clock.advance(seconds: 100)
      await blind.look()
    }
    #expect(try await keeping.stored.records("a").count == 1)
  }

  @Test func `records the addresses of a Pod that nobody bound, on a second look`() async throws {
    let keeping = try await Keeping()
    let allocation = #"[{"interface":"eth0","ipv4":"10.6.0.3/16","ipv4Pool":"a"}]"#
    let bearer = ReservationToken.Bearer(namespace: "default", name: "unbound", owner: "")
    let token = ReservationToken(
      ReservationID(7), expires: 0, allocation: allocation, bearer: bearer, signer: PlainSigner())
    let pod: JSONValue = [
      "metadata": [
        "name": "unbound", "namespace": "default", "uid": "u",
        "annotations": [
          "ipam.spidernet.io/allocation": .string(allocation),
          "ipam.spidernet.io/reservation": .string(token.text),
        ],
      ], "spec": [:],
    ]
    var parser = JSONParser()
    keeping.replica.book.see(try parser.parse(pod.bytes) { PodSighting($0) }, now: 0)
    await keeping.keeper.record()
    #expect(try await keeping.stored.records("a").isEmpty)
    await keeping.keeper.record()
    #expect(try await keeping.stored.records("a") == ["10.6.0.3": "default/unbound u"])
  }

  @Test func `gives the addresses of a Pod back that was seen to go`() async throws {
    let keeping = try await Keeping()
    let pod = try await keeping.create("web-x")
    #expect(try await keeping.replica.bind("10.6.0.1", of: "a", to: "web-x", uid: pod.uid) == .bound)
    var parser = JSONParser()
    let seen = try parser.parse(pod.json) { PodSighting($0) }
    await keeping.keeper.take(.finished(seen))
    #expect(try await keeping.holds(0))
  }

  @Test(arguments: [
    ("web-0", true), ("web-2", true), ("web-3", false), ("web", false), ("db-0", false), ("web-x", false),
  ])
  func `knows which Pods a StatefulSet wants`(name: String, isWanted: Bool) async throws {
    let store = try LocalCluster.inMemory()
    let set =
      #"{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"web","namespace":"n"},"spec":{"replicas":3}}"#
    _ = try await store.create(.statefulSet, namespace: "n", json: Array(set.utf8))
    let index = StatefulSetIndex()
    let reflector = index.makeReflector(from: store, logger: Logger(label: "test"))
    let task = Task { await reflector.run() }
    await reflector.synced()
    #expect(index.wants(PodKey(namespace: "n", name: name)) == isWanted)
    #expect(!index.wants(PodKey(namespace: "other", name: name)))
    task.cancel()
    await task.value
  }

  private static func blind() -> FaultPlan {
    let plan = FaultPlan()
    plan.inject(.fail(.unavailable("away")), into: .get, times: 1_000)
    return plan
  }

  private static func clock(_ clock: ReplicaClock) -> CommitTiming {
    var timing = CommitTiming()
    timing.wallClock = { clock.now }
    return timing
  }
}
