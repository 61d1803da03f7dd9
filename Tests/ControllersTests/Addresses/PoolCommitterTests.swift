import Addressing
import Admission
import Cluster
import IPAM
import JSON
import KubernetesAPI
import Logging
import Synchronization
import Testing

@testable import Controllers

@Suite("Pool committer", .timeLimit(.minutes(5)))
struct PoolCommitterTests {
  @Test func `stores a binding before it says so, in Spiderpool's form`() async throws {
    let stored = try await StoredPools.make(["a": "10.6.0.1-10.6.0.9"])
    let replica = AddressReplica(stored.store)
    try await replica.catchUp()
    #expect(try await replica.bind("10.6.0.2", of: "a", to: "web-0") == .bound)
    let pool = try await stored.pool("a")
    #expect(pool.allocatedIPs == #"{"10.6.0.2":{"pod":"default/web-0","podUid":"uid-web-0"}}"#)
    #expect(pool.allocatedIPCount == 1 && pool.totalIPCount == 9)
  }

  @Test func `puts what comes during a write into the next one`() async throws {
    let stored = try await StoredPools.make(["a": "10.6.0.1-10.6.0.99"])
    let replica = AddressReplica(stored.store)
    try await replica.catchUp()
    let gate = Gate()
    replica.plan.inject(.hold(gate), into: .updateStatus)
    try await withThrowingTaskGroup(of: BindResult.self) { group in
      group.addTask { try await replica.bind("10.6.0.1", of: "a", to: "first") }
      await gate.reached()
      for number in 2...40 {
        group.addTask { try await replica.bind("10.6.0.\(number)", of: "a", to: "web-\(number)") }
      }
      while replica.book.draft(of: "a")?.records != 40 { await Task.yield() }
      gate.open()
      for try await result in group { #expect(result == .bound) }
    }
    #expect(replica.plan.calls(of: .updateStatus) == 2)
    #expect(try await stored.records("a").count == 40)
  }

  @Test func `lets one of two replicas have an address, and tells the other whose it is`() async throws {
    let stored = try await StoredPools.make(["a": "10.6.0.1-10.6.0.9"])
    let (first, second) = (AddressReplica(stored.store), AddressReplica(stored.store))
    try await first.catchUp()
    try await second.catchUp()
    #expect(try await first.bind("10.6.0.5", of: "a", to: "one") == .bound)
    let result = try await second.bind("10.6.0.5", of: "a", to: "two")
    guard case .refused(.taken("a", let holder)) = result else {
      Issue.record("\(result)")
      return
    }
    #expect(holder.pod.name == "one")
    // What the second one holds is laid over what the first one wrote.
    #expect(try await second.bind("10.6.0.6", of: "a", to: "two") == .bound)
    #expect(
      try await stored.records("a") == ["10.6.0.5": "default/one uid-one", "10.6.0.6": "default/two uid-two"])
  }

  @Test(arguments: [
    FaultPlan.Fault.fail(.tooManyRequests(retryAfter: .milliseconds(1))), .fail(.unavailable("away")),
    .fail(.conflict("somebody was faster")), .loseAnswer(.timeout("no answer")),
  ])
  func `tries again until it is stored`(fault: FaultPlan.Fault) async throws {
    let stored = try await StoredPools.make(["a": "10.6.0.1-10.6.0.9"])
    let replica = AddressReplica(stored.store)
    try await replica.catchUp()
    replica.plan.inject(fault, into: .updateStatus, times: 3)
    #expect(try await replica.bind("10.6.0.2", of: "a", to: "web-0") == .bound)
    #expect(try await stored.records("a") == ["10.6.0.2": "default/web-0 uid-web-0"])
  }

  @Test func `gives all addresses of an order back when one cannot be had`() async throws {
    let stored = try await StoredPools.make(["a": "10.6.0.1-10.6.0.9", "b": "10.6.1.1-10.6.1.9"])
    let (first, second) = (AddressReplica(stored.store), AddressReplica(stored.store))
    try await first.catchUp()
    try await second.catchUp()
    #expect(try await first.bind("10.6.1.1", of: "b", to: "one") == .bound)
    let grants = [("a", "10.6.0.1"), ("b", "10.6.1.1")]
    let order = BindOrder(
      id: ReservationID(7),
      grants: try grants.enumerated().map { index, grant in
        AddressGrant(interface: index, pool: grant.0, address: try .init(grant.1))
      },
      pod: PodKey(namespace: "default", name: "two"), uid: PodUID("uid-two"),
      owner: OwnerKey(id: "owner", label: "owner"))
    guard case .refused = await second.committer.bind(order, deadline: .max) else {
      Issue.record("an address of another Pod was bound")
      return
    }
    while try await stored.pool("a").allocatedIPs != nil { await Task.yield() }
    #expect(try await stored.records("b") == ["10.6.1.1": "default/one uid-one"])
  }

  @Test func `moves the address of an earlier Pod of that name, once it is gone`() async throws {
    let stored = try await StoredPools.make(["a": "10.6.0.1-10.6.0.9"])
    let replica = AddressReplica(stored.store)
    try await replica.catchUp()
    let pod = #"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web-0","namespace":"default"},"spec":{}}"#
    let live = try await stored.store.create(.pod, namespace: "default", json: Array(pod.utf8))
    #expect(try await replica.bind("10.6.0.2", of: "a", to: "web-0", uid: live.uid) == .bound)
    guard case .refused(.unseenPod) = try await replica.bind("10.6.0.2", of: "a", to: "web-0", uid: "new")
    else {
      Issue.record("an address was moved whose Pod may still come to be")
      return
    }
    var parser = JSONParser()
    replica.book.see(try parser.parse(live.json) { PodSighting($0) }, now: 0)
    guard case .refused(.earlierPod) = try await replica.bind("10.6.0.2", of: "a", to: "web-0", uid: "new")
    else {
      Issue.record("the address of a live Pod was moved")
      return
    }
    try await stored.store.delete(.pod, namespace: "default", name: "web-0")
    #expect(try await replica.bind("10.6.0.2", of: "a", to: "web-0", uid: "new") == .bound)
    #expect(try await stored.records("a") == ["10.6.0.2": "default/web-0 new"])
  }

  @Test func `does not store an address that the pool has lost before the write came through`() async throws {
    let stored = try await StoredPools.make(["a": "10.6.0.1-10.6.0.9"])
    let replica = AddressReplica(stored.store)
    try await replica.catchUp()
    let shrunk = #"{"spec":{"ips":["10.6.0.1-10.6.0.4"]}}"#
    _ = try await stored.store.patch(.spiderIPPool, namespace: nil, name: "a", mergePatch: Array(shrunk.utf8))
    let result = try await replica.bind("10.6.0.5", of: "a", to: "web-0")
    #expect(result == .refused(.notGivable(pool: "a", try IPAddress("10.6.0.5"))))
    #expect(try await stored.records("a").isEmpty)
    #expect(try await replica.bind("10.6.0.4", of: "a", to: "web-0") == .bound)
  }

  @Test func `lets an address go that was released before it was stored`() async throws {
    let stored = try await StoredPools.make(["a": "10.6.0.1-10.6.0.9"])
    let replica = AddressReplica(stored.store)
    try await replica.catchUp()
    await replica.committer.mend("a")
    let address = try IPAddress("10.6.0.2")
    let order = BindOrder(
      id: ReservationID(7), grants: [AddressGrant(interface: 0, pool: "a", address: address)],
      pod: PodKey(namespace: "default", name: "web-0"), uid: PodUID("uid-web-0"),
      owner: OwnerKey(id: "owner", label: "owner"))
    try replica.book.bind(order, now: 0)
    let record = AllocationRecord(address: address, pod: order.pod, uid: order.uid)
    #expect(replica.book.release("a", record, now: 0))
    let writes = replica.plan.calls(of: .updateStatus)
    await replica.committer.mend("a")
    #expect(replica.book.holder(of: address, in: "a") == nil)
    #expect(replica.plan.calls(of: .updateStatus) <= writes + 1)
  }

  @Test func `says that the pool is gone when it is`() async throws {
    let stored = try await StoredPools.make(["a": "10.6.0.1-10.6.0.9"])
    let replica = AddressReplica(stored.store)
    try await replica.catchUp()
    try await stored.store.delete(.spiderIPPool, namespace: nil, name: "a")
    #expect(try await replica.bind("10.6.0.2", of: "a", to: "web-0") == .refused(.unknownPool("a")))
  }
}

/// A committer whose writes take 10 ms of a clock that a test moves.
private final class SlowCommitting: Sendable {
  private let book = AddressBook()
  private let clock = ManualClock()
  private let executor = StepExecutor()
  private let plan = FaultPlan()
  private let committer: PoolCommitter
  private let bound = Mutex(0)

  init() async throws {
    let (clock, stored) = (clock, try await StoredPools.make(["a": "10.6.0.1-10.6.0.99"]))
    var timing = CommitTiming()
    timing.monotonic = { clock.now }
    timing.sleep = { await clock.sleep($0) }
    let store = NetworkStore(
      base: FaultInjectingStore(stored.store, plan: plan), executor: executor,
      lag: { await clock.sleep(.milliseconds(10)) })
    committer = PoolCommitter(store: store, book: book, timing: timing, logger: Logger(label: "test"))
    book.upsert(try await stored.pool("a"), now: 0)
  }

  var writes: Int { plan.calls(of: .updateStatus) }
  var answered: Int { bound.withLock { $0 } }

  func bind(_ host: Int) throws {
    let grant = AddressGrant(interface: 0, pool: "a", address: try IPAddress("10.6.0.\(host)"))
    let order = BindOrder(
      id: ReservationID(UInt128(host)), grants: [grant], pod: PodKey(namespace: "default", name: "p\(host)"),
      uid: PodUID("u\(host)"), owner: OwnerKey(id: "owner", label: "owner"))
    _ = Task(executorPreference: executor) { [committer, self] in
      if await committer.bind(order, deadline: .max) == .bound { bound.withLock { $0 += 1 } }
    }
    executor.runAll()
  }

  func pass(milliseconds: Int) { clock.advance(by: .milliseconds(milliseconds)) { executor.runAll() } }
}

@Suite("Pool committer's patience", .timeLimit(.minutes(5)))
struct PoolCommitterPatienceTests {
  @Test func `who comes alone does not wait, and of many several share a write`() async throws {
    let committing = try await SlowCommitting()
    try committing.bind(1)
    committing.pass(milliseconds: 10)
    #expect((committing.writes, committing.answered) == (1, 1))
    // While one is being written, two come.
    for host in 2...4 { try committing.bind(host) }
    committing.pass(milliseconds: 20)
    #expect((committing.writes, committing.answered) == (3, 4))
    // After a write for several, the next one waits until no more come for 5 ms.
    try committing.bind(5)
    committing.pass(milliseconds: 4)
    try committing.bind(6)
    committing.pass(milliseconds: 4)
    try committing.bind(7)
    committing.pass(milliseconds: 7)
    #expect((committing.writes, committing.answered) == (4, 4))
    committing.pass(milliseconds: 10)
    #expect((committing.writes, committing.answered) == (4, 7))
    // And at most four times as long as the last one took.
    for host in 10..<19 {
      try committing.bind(host)
      committing.pass(milliseconds: 4)
    }
    committing.pass(milliseconds: 4)
    #expect((committing.writes, committing.answered) == (5, 7))
  }
}
