import Cluster
import JSON
import KubernetesAPI
import Logging
import TestSupport
import Testing

@testable import Admission
@testable import Controllers
@testable import IPAM

/// A pool with one address, which somebody has, and owners whose Pods were refused.
private final class WakingScene {
  static let cloneSet = ResourceType(
    group: "apps.kruise.io", version: "v1alpha1", plural: "clonesets", kind: "CloneSet", isNamespaced: true,
    hasStatus: true)

  let stored: StoredPools
  let book = AddressBook()
  let clock = ManualClock()
  let executor = StepExecutor()
  private var tasks: [Task<Void, Never>] = []

  init() async throws {
    stored = try await StoredPools.make(["a": "10.6.0.1"])
    let replica = AddressReplica(stored.store)
    try await replica.catchUp()
    #expect(try await replica.bind("10.6.0.1", of: "a", to: "holder") == .bound)
    let (clock, logger) = (clock, Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    var timing = CommitTiming()
    timing.monotonic = { clock.now }
    timing.sleep = { await clock.sleep($0) }
    let store = NetworkStore(base: stored.store, executor: executor, lag: {}, types: [Self.cloneSet])
    let types = TypeFinder(store: store, now: timing.monotonic)
    let waker = OwnerWaker(store: store, types: types, book: book, clock: timing, logger: logger)
    book.upsert(try await stored.pool("a"), now: 0)
    tasks.append(Task(executorPreference: executor) { await waker.run() })
  }

  deinit {
    for task in tasks { task.cancel() }
    executor.runAll()
  }

  /// An owner of this type, one of whose Pods is refused.
  func refuse(_ type: ResourceType, _ name: String) async throws {
    let owner: JSONValue = [
      "apiVersion": .string(type.apiVersion), "kind": .string(type.kind),
      "metadata": ["name": .string(name), "namespace": "default"],
    ]
    _ = try await stored.store.create(type, namespace: "default", json: owner.bytes)
    let pod: JSONValue = [
      "metadata": [
        "name": .string("\(name)-1"), "namespace": "default",
        "annotations": ["ipam.spidernet.io/ippool": #"{"ipv4": ["a"]}"#],
        "ownerReferences": [
          [
            "apiVersion": .string(type.apiVersion), "kind": .string(type.kind), "name": .string(name),
            "uid": "u",
            "controller": true,
          ]
        ],
      ], "spec": [:],
    ]
    var parser = JSONParser()
    let facts = try parser.parse(pod.bytes) { PodFacts($0, namespace: "default") }
    let settings = PodAdmission(book: book, signer: PlainSigner()) { 1 }
    let outcome = book.reserve(ReservationID(1), for: facts, settings: settings, isDryRun: false, now: 0)
    guard case .short = outcome else {
      Issue.record("the Pod was not refused: \(outcome)")
      return
    }
  }

  func giveBack() throws {
    let free: JSONValue = [
      "metadata": ["name": "a", "uid": "p"], "spec": ["subnet": "10.6.0.0/16", "ips": ["10.6.0.1"]],
    ]
    var parser = JSONParser()
    book.upsert(try parser.parse(free.bytes) { SpiderIPPool($0) }, now: 0)
  }

  /// Whether the owner was woken within a second.
  func isWoken(_ type: ResourceType, _ name: String) async throws -> Bool {
    executor.runAll()
    clock.advance(by: .seconds(1)) { executor.runAll() }
    let object = try await stored.store.get(type, namespace: "default", name: name)
    return try JSONValue(parsing: object.json)["metadata"]?["annotations"]?[
      "ipam.spidernet.io/addresses-available"]
      != nil
  }
}

@Suite("Owner waker", .timeLimit(.minutes(5))) struct OwnerWakerTests {
  @Test(arguments: [ResourceType.replicaSet, WakingScene.cloneSet])
  func `wakes an owner whose Pod was refused, once an address is back`(_ type: ResourceType) async throws {
    let scene = try await WakingScene()
    try await scene.refuse(type, "web")
    #expect(try await !scene.isWoken(type, "web"))
    try scene.giveBack()
    #expect(try await scene.isWoken(type, "web"))
  }

  @Test func `passes over an owner of a kind that nobody serves`() async throws {
    let scene = try await WakingScene()
    let unknown = ResourceType(
      group: "nobody.example", version: "v1", plural: "things", kind: "Thing", isNamespaced: true,
      hasStatus: false)
    try await scene.refuse(unknown, "lost")
    try await scene.refuse(.replicaSet, "web")
    try scene.giveBack()
    #expect(try await scene.isWoken(.replicaSet, "web"))
    #expect(try await !scene.isWoken(unknown, "lost"))
  }
}
