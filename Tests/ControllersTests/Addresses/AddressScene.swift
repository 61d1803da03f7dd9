import Admission
import Cluster
import IPAM
import JSON
import KubernetesAPI
import Logging
import Synchronization
import TestSupport

@testable import Controllers

/// Several servers, each with all that it learns by watches of its own, and the store that they share. Their tasks run step by
/// step, and time passes as the test says.
final class AddressScene {
  let store: LocalCluster
  let chance: Chance
  let time = SimulatedClock()
  let executor = StepExecutor()
  /// How long answers, and events, take at most; each takes a time of its own.
  let answerLag = Lag(), eventLag = Lag()
  private(set) var servers: [SimulatedServer] = []
  /// Of `servers`, the one that gives addresses back.
  private(set) var leader = 0

  /// A scene with pools of these names and ranges, which lie in 10.6.0.0/16.
  init(_ random: SeededGenerator, pools: [String: String], servers count: Int) async throws {
    store = try LocalCluster.inMemory()
    chance = Chance(random)
    for (name, ips) in pools.sorted(by: { $0.key < $1.key }) {
      let json: JSONValue = [
        "apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderIPPool",
        "metadata": ["name": .string(name)],
        "spec": ["ipVersion": 4, "subnet": "10.6.0.0/16", "ips": [.string(ips)]],
      ]
      _ = try await store.create(.spiderIPPool, namespace: nil, json: json.bytes)
    }
    for _ in 0..<count { join() }
    servers[leader].lead()
    settle()
  }

  func settle() { executor.runAll { [chance] count in chance.below(count) } }

  func advance(_ duration: Duration) {
    settle()
    time.clock.advance(by: duration) { settle() }
    settle()
  }

  private func join() {
    servers.append(SimulatedServer(self))
    settle()
  }

  /// A server is no more, with all that it had on its way, and another one comes.
  func replace(_ index: Int) {
    servers.remove(at: index).end()
    settle()
    join()
    if index == leader { lead(chance.below(servers.count)) } else if index < leader { leader -= 1 }
  }

  /// Another server has the Lease from now on; the one before knows at once.
  func lead(_ index: Int) {
    if leader < servers.count { servers[leader].follow() }
    leader = index
    servers[index].lead()
    settle()
  }

  /// What a call of the store gives; it must not wait for time to pass.
  func perform<Value: Sendable>(_ call: @escaping @Sendable (LocalCluster) async throws -> Value) throws
    -> Value?
  {
    try executor.perform(on: store, call) { settle() }
  }

  /// The pools as they are stored.
  func pools() throws -> [SpiderIPPool] {
    try perform { store in
      var parser = JSONParser()
      var pools: [SpiderIPPool] = []
      _ = try await store.list(.spiderIPPool, namespace: nil) { object throws(ClusterError) in
        if let pool = try? parser.parse(object.json, { SpiderIPPool($0) }) { pools.append(pool) }
      }
      return pools
    } ?? []
  }

  func end() {
    for server in servers { server.end() }
    settle()
  }
}

/// One server, as far as addresses are concerned.
final class SimulatedServer: Sendable {
  let plan = FaultPlan()
  let admission: PodAdmission
  let committer: PoolCommitter
  private let keeper: AddressKeeper
  private let executor: StepExecutor
  private let following: Task<Void, Never>
  private let keeping = Mutex<Task<Void, Never>?>(nil)
  private let isEnded = Atomic(false)

  var book: AddressBook { admission.book }
  var isOver: Bool { isEnded.load(ordering: .relaxed) }

  init(_ scene: AddressScene) {
    let (clock, chance, answerLag, eventLag) = (scene.time, scene.chance, scene.answerLag, scene.eventLag)
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let store = NetworkStore(
      base: FaultInjectingStore(scene.store, plan: plan), executor: scene.executor,
      lag: { await clock.sleep(chance.upTo(answerLag.duration)) },
      eventLag: { await clock.sleep(chance.upTo(eventLag.duration)) })
    let now: @Sendable () -> UInt64 = { clock.milliseconds }
    var watching = ReflectorTiming()
    watching.now = { clock.nanoseconds }
    watching.sleep = { await clock.sleep($0) }
    watching.random = { 0.5 }
    var timing = CommitTiming()
    timing.monotonic = { clock.nanoseconds }
    timing.wallClock = now
    timing.sleep = { await clock.sleep($0) }
    var keeping = AddressKeeper.Timing()
    keeping.grace = 20_000
    keeping.following = watching
    var limits = Ledger.Limits()
    limits.arrival = keeping.grace
    let book = AddressBook(limits: limits)
    var admission = PodAdmission(book: book, signer: PlainSigner()) { UInt128(chance.next()) }
    admission.scattersSearches = true
    self.admission = admission
    executor = scene.executor
    committer = PoolCommitter(store: store, book: book, timing: timing, logger: logger)
    keeper = AddressKeeper(
      store: store, book: book, committer: committer, signer: PlainSigner(),
      events: EventRecorder(store: store, logger: logger), clock: timing, timing: keeping, logger: logger)
    let feed = DirectoryFeed(PoolDirectory(), book, from: store, timing: watching, now: now, logger: logger)
    let follower = PodFollower(book, from: store, timing: watching, now: now, logger: logger)
    let (keeper, leads) = (keeper, leads)
    following = Task(executorPreference: executor) {
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await feed.run() }
        group.addTask { await follower.run() }
        group.addTask { for await news in follower.news where leads.value { await keeper.take(news) } }
      }
    }
  }

  private let leads = Flag()

  func lead() {
    leads.value = true
    keeping.withLock { [keeper, executor] task in
      task = Task(executorPreference: executor) { await keeper.run() }
    }
  }

  func follow() {
    leads.value = false
    keeping.withLock { task in
      task?.cancel()
      task = nil
    }
  }

  /// Nothing that it does from now on reaches the store, and nobody hears of it.
  func end() {
    isEnded.store(true, ordering: .relaxed)
    for verb in FaultPlan.Verb.allCases {
      plan.inject(.fail(.unavailable("the server is no more")), into: verb, times: .max)
    }
    plan.dropWatches(.unavailable("the server is no more"))
    follow()
    following.cancel()
  }
}

/// A clock that shows two times, as a system does.
struct SimulatedClock: Sendable {
  let clock = ManualClock()

  /// Since 1970.
  var milliseconds: UInt64 { clock.now / 1_000_000 + 1_700_000_000_000 }
  /// Monotonic.
  var nanoseconds: UInt64 { clock.now }

  func sleep(_ duration: Duration) async { await clock.sleep(duration) }
}

/// Something that is so or not.
final class Flag: Sendable {
  private let state = Atomic(false)

  var value: Bool {
    get { state.load(ordering: .relaxed) }
    set { state.store(newValue, ordering: .relaxed) }
  }
}

/// Draws for tasks that run one step at a time.
final class Chance: Sendable {
  private let random: Mutex<SeededGenerator>

  init(_ random: SeededGenerator) { self.random = Mutex(random) }

  func next() -> UInt64 { random.withLock { $0.next() } }

  /// A number from 0 up to, not including, `count`.
  func below(_ count: Int) -> Int { random.withLock { Int.random(in: 0..<count, using: &$0) } }

  /// True once in so many times.
  func once(in count: Int) -> Bool { below(count) == 0 }

  func upTo(_ longest: Duration) -> Duration {
    longest == .zero ? .zero : .nanoseconds(Int64(below(Int(longest.nanoseconds))))
  }
}

/// Codes that nobody in a test forges.
struct PlainSigner: TokenSigner {
  func code(of message: [UInt8]) -> [UInt8] {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in message { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return (0..<32).map { UInt8(truncatingIfNeeded: hash >> UInt64($0 % 8 * 8)) }
  }

  func areEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool { one == other }
}
