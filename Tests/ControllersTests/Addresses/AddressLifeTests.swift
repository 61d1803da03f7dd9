import Addressing
import Cluster
import IPAM
import JSON
import KubernetesAPI
import Synchronization
import TestSupport
import Testing

@testable import Admission
@testable import Controllers

/// What the API server knows, and what it would never have let come to be.
private final class Truth: Sendable {
  struct State {
    /// The live Pods' addresses, by UID.
    var pods: [PodUID: (key: PodKey, grants: [AddressGrant])] = [:]
    var stored = 0
    var faults: [String] = []
  }

  private let state = Mutex(State())

  var pods: [PodUID: (key: PodKey, grants: [AddressGrant])] { state.withLock { $0.pods } }
  var stored: Int { state.withLock { $0.stored } }
  var faults: [String] { state.withLock { $0.faults } }

  func tell(_ fault: String) { state.withLock { $0.faults.append(fault) } }

  func has(_ key: PodKey) -> Bool { state.withLock { state in state.pods.values.contains { $0.key == key } } }

  /// Whether there is no Pod of that name yet.
  func add(_ order: BindOrder) -> Bool {
    state.withLock { state in
      if state.pods.values.contains(where: { $0.key == order.pod }) { return false }
      let wanted = Set(order.grants.map(\.address))
      for (uid, other) in state.pods where !wanted.isDisjoint(with: other.grants.map(\.address)) {
        state.faults.append("\(order.uid) was given an address of \(uid)")
      }
      state.pods[order.uid] = (order.pod, order.grants)
      state.stored += 1
      return true
    }
  }

  func remove(_ uid: PodUID) { state.withLock { _ = $0.pods.removeValue(forKey: uid) } }
}

/// The creation of one Pod, as the API server goes about it: both reviews, by a server each, and then it is stored.
private struct PodCreation: Sendable {
  let key: PodKey
  let uid: PodUID
  let mutating, validating: SimulatedServer
  let truth: Truth
  let store: LocalCluster
  let clock: SimulatedClock
  let chance: Chance

  func run() async {
    let pools = ["[\"a\"]", "[\"b\", \"a\"]"][chance.below(2)]
    var annotations: JSONValue = ["ipam.spidernet.io/ippool": .string("{\"ipv4\": \(pools)}")]
    guard let order = reserve(&annotations) else { return }
    await clock.sleep(.milliseconds(chance.below(300)))
    guard await bind(order) else { return }
    await expectRecorded(order, "when it was acknowledged")
    // Somebody else refuses the Pod.
    if chance.once(in: 10) { return }
    await clock.sleep(.milliseconds(chance.below(5_000)))
    await expectRecorded(order, "when it was stored")
    guard truth.add(order) else { return }
    let change = RecordedChange(
      operation: .create, type: .pod, namespace: key.namespace, name: key.name, json: pod(annotations).bytes)
    do { _ = try await store.record(change) } catch { truth.tell("the store did not take \(uid): \(error)") }
  }

  /// The mutating review: what is to be bound then, and the annotations that tell it.
  private func reserve(_ annotations: inout JSONValue) -> BindOrder? {
    let admission = mutating.admission
    let id = ReservationID(UInt128(chance.next()))
    var parser = JSONParser()
    let facts = try? parser.parse(pod(annotations).bytes) { PodFacts($0, namespace: key.namespace) }
    guard let facts,
      case .granted(let allocation) = admission.book.reserve(
        id, for: facts, settings: admission, isDryRun: false, now: clock.milliseconds)
    else { return nil }
    let text = allocation.text()
    let token = ReservationToken(
      id, expires: clock.milliseconds + admission.reservationLifetime, allocation: text, bearer: facts.bearer,
      signer: admission.signer)
    annotations["ipam.spidernet.io/allocation"] = .string(text)
    annotations["ipam.spidernet.io/reservation"] = .string(token.text)
    return BindOrder(id: id, grants: allocation.grants, pod: key, uid: uid, owner: facts.ownerKey)
  }

  /// The validating review: whether the API server heard in time that the addresses are bound.
  private func bind(_ order: BindOrder) async -> Bool {
    let began = clock.nanoseconds
    let result = await validating.committer.bind(order, deadline: began + 7_200_000_000)
    if validating.isOver { return false }
    if clock.nanoseconds > began + 8_000_000_000 {
      await validating.committer.withdraw(order)
      return false
    }
    return result == .bound
  }

  private func expectRecorded(_ order: BindOrder, _ moment: String) async {
    for grant in order.grants {
      var parser = JSONParser()
      let holder = try? await parser.parse(store.get(.spiderIPPool, namespace: nil, name: grant.pool).json) {
        SpiderIPPool($0).holders[grant.address]
      }
      guard holder == uid else {
        truth.tell(
          "\(grant.address) was recorded for \(String(describing: holder)), not for \(uid), \(moment)")
        return
      }
    }
  }

  private func pod(_ annotations: JSONValue) -> JSONValue {
    [
      "apiVersion": "v1", "kind": "Pod",
      "metadata": [
        "name": .string(key.name), "namespace": .string(key.namespace), "uid": .string(uid.description),
        "annotations": annotations,
      ], "spec": [:],
    ]
  }
}

extension SpiderIPPool {
  /// Whose each recorded address is.
  fileprivate var holders: [IPAddress: PodUID] {
    let records = (try? AllocationText.read(allocatedIPs)) ?? []
    return Dictionary(records.map { ($0.address, $0.uid) }, uniquingKeysWith: { first, _ in first })
  }
}

/// A life of several servers, and of the Pods that they are asked about, that a generator makes up.
private final class AddressLife {
  let scene: AddressScene
  let truth = Truth()
  private var number = 0

  init(_ random: SeededGenerator) async throws {
    scene = try await AddressScene(
      random, pools: ["a": "10.6.0.1-10.6.0.12", "b": "10.6.1.1-10.6.1.12"], servers: 3)
  }

  private var chance: Chance { scene.chance }
  private var anyServer: SimulatedServer { scene.servers[chance.below(scene.servers.count)] }

  /// Something happens, and some time passes.
  func step() throws {
    switch chance.below(20) {
    case 0..<9: create()
    case 9..<14: try remove()
    case 14: breakCalls()
    case 15: breakWatches()
    case 16: scene.answerLag.duration = .milliseconds(chance.below(1_500))
    case 17: scene.eventLag.duration = .milliseconds(chance.below(8_000))
    case 18: scene.lead(chance.below(scene.servers.count))
    default: scene.replace(chance.below(scene.servers.count))
    }
    scene.advance(.milliseconds(chance.below(2_000)))
  }

  private func breakCalls() {
    let verbs: [FaultPlan.Verb] = [.updateStatus, .updateStatus, .updateStatus, .get, .list, .watch]
    let faults: [FaultPlan.Fault] = [
      .fail(.conflict("somebody was faster")), .fail(.unavailable("away")),
      .loseAnswer(.timeout("no answer")), .fail(.tooManyRequests(retryAfter: .milliseconds(300))),
    ]
    anyServer.plan.inject(faults[chance.below(4)], into: verbs[chance.below(6)], times: 1 + chance.below(3))
  }

  private func breakWatches() {
    let ends: [ClusterError?] = [nil, .gone("too old"), .unavailable("away")]
    anyServer.plan.dropWatches(ends[chance.below(3)])
  }

  private func create() {
    number += 1
    // A name comes back when its Pod is gone.
    let key = PodKey(namespace: "default", name: "pod-\(chance.below(20))")
    if truth.has(key) { return }
    let creation = PodCreation(
      key: key, uid: PodUID("uid-\(number)"), mutating: anyServer, validating: anyServer, truth: truth,
      store: scene.store, clock: scene.time, chance: chance)
    _ = Task(executorPreference: scene.executor) { await creation.run() }
  }

  private func remove() throws {
    let all = truth.pods.sorted { $0.key.description < $1.key.description }
    if all.isEmpty { return }
    let (uid, pod) = all[chance.below(all.count)]
    truth.remove(uid)
    _ = try scene.perform { store in
      try await store.delete(.pod, namespace: pod.key.namespace, name: pod.key.name)
    }
  }

  // MARK: what must hold

  /// At every moment: live Pods' addresses are theirs, and every server's ledger is in order.
  func problems() throws -> [String] {
    let holders = Dictionary(
      uniqueKeysWithValues: try scene.pools().map { ($0.metadata.name, $0.holders) })
    var problems = truth.faults
    for (uid, pod) in truth.pods {
      for grant in pod.grants where holders[grant.pool]?[grant.address] != uid {
        problems.append("\(grant.address) is \(uid)'s and not recorded for it")
      }
    }
    for server in scene.servers { problems += server.book.withState { $0.ledger.checkInvariants() } }
    return problems
  }

  /// Nothing goes wrong any more.
  func heal() {
    for server in scene.servers { server.plan.clear() }
    scene.answerLag.duration = .zero
    scene.eventLag.duration = .zero
    scene.advance(.seconds(120))
  }

  /// What is recorded and of no live Pod, and counts that are wrong: nothing, some time after all was well.
  func leaks() throws -> [String] {
    let live = truth.pods
    return try scene.pools().flatMap { pool -> [String] in
      let stray = pool.holders.filter { live[$0.value] == nil }.map {
        "\($0.key) is recorded for \($0.value)"
      }
      let isExact = pool.allocatedIPCount ?? 0 == Int64(pool.holders.count)
      return stray + (isExact ? [] : ["the count of \(pool.metadata.name) is wrong"])
    }
  }
}

@Suite(.timeLimit(.minutes(5))) struct `Addresses of several servers` {
  @Test func `have one owner, are never lost and never leak, whatever goes wrong`() async throws {
    var seeds = SeededGenerator.announced()
    var stored = 0
    for _ in 0..<12 {
      let seed = seeds.next()
      let life = try await AddressLife(SeededGenerator(seed: seed))
      for step in 0..<200 {
        try life.step()
        let problems = try life.problems()
        try #require(problems.isEmpty, "seed \(seed), step \(step): \(problems)")
      }
      life.heal()
      let problems = try life.problems() + life.leaks()
      try #require(problems.isEmpty, "seed \(seed), in the end: \(problems)")
      stored += life.truth.stored
      life.scene.end()
    }
    print("\(stored) Pods were stored")
    #expect(stored > 12 * 20)
  }
}
