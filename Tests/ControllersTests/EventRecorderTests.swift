import Cluster
import JSON
import KubernetesAPI
import Logging
import Testing

@testable import Controllers

/// A recorder, the store it writes to, and a clock.
private final class EventScene {
  let store: LocalCluster
  let executor = StepExecutor()
  let clock = ManualClock()
  let plan = FaultPlan()
  let recorder: EventRecorder
  private var task: Task<Void, Never>?
  private let end = Outcome<Bool>()

  var isStopped: Bool { end.value != nil }

  init(_ change: (inout EventOptions) -> Void = { _ in }) throws {
    let store = try LocalCluster.inMemory()
    let clock = clock
    var options = EventOptions()
    options.now = { 1_767_323_045 + Int64(clock.now / 1_000_000_000) - 1 }
    options.sleep = { await clock.sleep($0) }
    change(&options)
    self.store = store
    recorder = EventRecorder(
      store: FaultInjectingStore(store, plan: plan), options: options,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  /// Begins to write, and writes what waits.
  func run() {
    let recorder = recorder
    let end = end
    task = Task(executorPreference: executor) {
      await recorder.run()
      end.set(.success(true))
    }
    executor.runAll()
  }

  func stop() {
    task?.cancel()
    executor.runAll()
  }

  func advance(seconds: UInt64) {
    let target = clock.now + seconds * 1_000_000_000
    while let due = clock.nextDue, due <= target {
      clock.move(to: due)
      executor.runAll()
    }
    clock.move(to: target)
  }

  /// Records, and writes if it can be written.
  func record(_ reason: String, _ message: String = "m", about object: ObjectReference = .pool("a")) {
    recorder.record(.warning, reason: reason, message: message, about: object)
    executor.runAll()
  }

  /// The Events there are.
  func events() async throws -> [JSONValue] {
    var events: [JSONValue] = []
    _ = try await store.list(.event, namespace: nil) { object throws(ClusterError) in
      if let value = try? JSONValue(parsing: object.json) { events.append(value) }
    }
    return events
  }
}

extension ObjectReference {
  fileprivate static func pool(_ name: String) -> ObjectReference {
    ObjectReference(
      apiVersion: "spiderpool.spidernet.io/v2beta1", kind: "SpiderIPPool", namespace: nil, name: name,
      uid: "u")
  }
}

@Suite(.timeLimit(.minutes(1))) struct `An event` {
  @Test func `is written with all that kubectl shows`() async throws {
    let scene = try EventScene { $0.unique = { 0xabc } }
    scene.run()
    scene.record("PoolExhausted", "no free address", about: .pool("pool-a"))
    let event = try #require(try await scene.events().first)
    #expect(event["metadata"]?["name"] == "pool-a.0000000000000abc")
    #expect(event["metadata"]?["namespace"] == "default")
    let object: JSONValue = [
      "apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderIPPool", "name": "pool-a", "uid": "u",
    ]
    #expect(event["involvedObject"] == object)
    #expect(event["type"] == "Warning" && event["reason"] == "PoolExhausted")
    #expect(event["message"] == "no free address" && event["count"] == 1)
    #expect(event["firstTimestamp"] == "2026-01-02T03:04:05Z")
    #expect(event["lastTimestamp"] == "2026-01-02T03:04:05Z")
    #expect(event["source"] == ["component": "spiderpool-webhook"])
    #expect(event["reportingComponent"] == "spiderpool-webhook")
  }

  @Test func `lies beside an object in a namespace`() async throws {
    let scene = try EventScene()
    scene.run()
    let pod = ObjectReference(apiVersion: "v1", kind: "Pod", namespace: "team", name: "web-0", uid: "")
    scene.recorder.record(.normal, reason: "Allocated", message: "10.6.0.1", about: pod)
    scene.executor.runAll()
    let event = try #require(try await scene.events().first)
    #expect(event["metadata"]?["namespace"] == "team" && event["involvedObject"]?["namespace"] == "team")
    #expect(event["involvedObject"]?["uid"] == nil && event["type"] == "Normal")
  }

  @Test func `that happens again within some minutes is counted up`() async throws {
    let scene = try EventScene()
    scene.run()
    for _ in 0..<4 {
      scene.record("PoolExhausted")
      scene.advance(seconds: 599)
    }
    let event = try #require(try await scene.events().first)
    #expect(event["count"] == 4 && event["firstTimestamp"] == "2026-01-02T03:04:05Z")
    #expect(event["lastTimestamp"] == "2026-01-02T03:34:02Z")
    #expect(try await scene.events().count == 1)
    scene.advance(seconds: 1)
    scene.record("PoolExhausted")
    #expect(try await scene.events().compactMap { $0["count"]?.int }.sorted() == [1, 4])
    #expect(scene.recorder.status == EventStatus(recorded: 5, created: 2, counted: 3))
  }

  @Test func `that differs in object, reason, message or kind is another one`() async throws {
    let scene = try EventScene()
    scene.run()
    scene.record("A")
    scene.record("B")
    scene.record("A", "other")
    scene.record("A", about: .pool("b"))
    scene.recorder.record(.normal, reason: "A", message: "m", about: .pool("a"))
    scene.executor.runAll()
    #expect(try await scene.events().compactMap { $0["count"]?.int } == [1, 1, 1, 1, 1])
  }

  @Test func `that happens again while it waits is written once`() async throws {
    let scene = try EventScene()
    for _ in 0..<100 { scene.record("A") }
    scene.advance(seconds: 5)
    scene.record("A")
    scene.run()
    let event = try #require(try await scene.events().first)
    #expect(event["count"] == 101 && event["lastTimestamp"] == "2026-01-02T03:04:10Z")
    #expect(scene.plan.calls(of: .create) == 1 && scene.plan.calls(of: .patch) == 0)
  }

  @Test func `that is gone is written anew`() async throws {
    let scene = try EventScene()
    scene.run()
    scene.record("A")
    let name = try #require(try await scene.events().first?["metadata"]?["name"]?.string)
    try await scene.store.delete(.event, namespace: "default", name: name)
    scene.record("A")
    #expect(try await scene.events().compactMap { $0["count"]?.int } == [1])
    #expect(scene.recorder.status == EventStatus(recorded: 2, created: 2))
  }

  @Test func `has a message of 1024 bytes at most, in whole characters`() async throws {
    let scene = try EventScene()
    scene.run()
    scene.record("A", String(repeating: "x", count: 1024))
    scene.record("B", String(repeating: "x", count: 1023) + "é")
    scene.record("C", "x" + String(repeating: "😀", count: 300))
    let messages = try await scene.events().compactMap { event in
      event["message"]?.string.map { ("\(event["reason"]?.string ?? "")", $0.utf8.count) }
    }
    #expect(Dictionary(uniqueKeysWithValues: messages) == ["A": 1024, "B": 1023, "C": 1021])
  }

  @Test(arguments: [
    (String(repeating: "p", count: 253), String(repeating: "p", count: 236)),
    (String(repeating: "p", count: 235) + "-.p", String(repeating: "p", count: 235)), ("p", "p"),
  ])
  func `has a name that is no longer than names may be`(_ object: String, _ prefix: String) {
    let content = EventContent(.normal, reason: "A", message: "m", about: .pool(object))
    #expect(content.name(.max) == prefix + ".ffffffffffffffff")
  }
}

@Suite(.timeLimit(.minutes(1))) struct `An event recorder` {
  @Test func `drops what finds no room, and counts it`() async throws {
    let scene = try EventScene { $0.capacity = 3 }
    for number in 0..<5 { scene.record("R\(number)") }
    scene.record("R0")
    #expect(scene.recorder.status == EventStatus(recorded: 6, dropped: 2))
    scene.run()
    #expect(try await scene.events().count == 3)
    scene.record("R4")
    #expect(try await scene.events().count == 4)
  }

  @Test func `never makes its caller wait`() async throws {
    let scene = try EventScene { $0.capacity = 10 }
    let gate = Gate()
    scene.plan.inject(.hold(gate), into: .create)
    scene.run()
    for number in 0..<20 { scene.record("R\(number)") }
    #expect(scene.recorder.status == EventStatus(recorded: 20, dropped: 9))
    #expect(try await scene.events().isEmpty)
    gate.open()
    scene.executor.runAll()
    #expect(try await scene.events().count == 11)
  }

  @Test func `tries again while the API server is away, a few times`() async throws {
    let scene = try EventScene()
    scene.run()
    scene.plan.inject(.fail(.unavailable("no connection")), into: .create, times: 2)
    scene.record("A")
    #expect(try await scene.events().isEmpty)
    scene.advance(seconds: 3)
    #expect(try await scene.events().count == 1)

    scene.plan.inject(.fail(.unavailable("no connection")), into: .create, times: 3)
    scene.record("B")
    scene.record("C")
    scene.advance(seconds: 60)
    #expect(try await scene.events().compactMap { $0["reason"]?.string }.sorted() == ["A", "C"])
    let expected = EventStatus(
      recorded: 3, created: 2, failures: 1, lastFailure: .unavailable("no connection"))
    #expect(scene.recorder.status == expected)
  }

  @Test func `does not write an event twice whose answer was lost`() async throws {
    let scene = try EventScene()
    scene.run()
    scene.plan.inject(.loseAnswer(.timeout("no answer")), into: .create)
    scene.record("A")
    scene.advance(seconds: 1)
    #expect(try await scene.events().count == 1)
    #expect(scene.recorder.status == EventStatus(recorded: 1, created: 1))
  }

  @Test func `gives up at once what is refused`() async throws {
    let scene = try EventScene()
    scene.run()
    scene.plan.inject(.fail(.forbidden("no")), into: .create)
    scene.record("A")
    scene.record("B")
    #expect(try await scene.events().compactMap { $0["reason"]?.string } == ["B"])
    #expect(scene.recorder.status.failures == 1 && scene.plan.calls(of: .create) == 2)
  }

  @Test func `makes up for a count that was not written`() async throws {
    let scene = try EventScene()
    scene.run()
    scene.record("A")
    scene.plan.inject(.fail(.forbidden("no")), into: .patch)
    scene.record("A")
    scene.record("A")
    #expect(try await scene.events().compactMap { $0["count"]?.int } == [3])
  }

  @Test func `remembers no more than it may`() async throws {
    let scene = try EventScene { $0.remembered = 2 }
    scene.run()
    for reason in ["A", "B", "C", "B", "C", "A"] {
      scene.record(reason)
      scene.advance(seconds: 1)
    }
    #expect(scene.recorder.status == EventStatus(recorded: 6, created: 4, counted: 2))
  }

  @Test func `ends when it is cancelled, and counts what it leaves`() async throws {
    let scene = try EventScene()
    let gate = Gate()
    scene.plan.inject(.hold(gate), into: .create)
    scene.run()
    for reason in ["A", "B", "C"] { scene.record(reason) }
    scene.stop()
    gate.open()
    scene.executor.runAll()
    #expect(scene.recorder.status == EventStatus(recorded: 3, created: 1, dropped: 2))
    #expect(scene.isStopped)
    let idle = try EventScene()
    idle.run()
    #expect(!idle.isStopped)
    idle.stop()
    #expect(idle.isStopped)
  }
}

extension EventStatus {
  fileprivate init(
    recorded: Int = 0, created: Int = 0, counted: Int = 0, dropped: Int = 0, failures: Int = 0,
    lastFailure: ClusterError? = nil
  ) {
    self.init()
    self.recorded = recorded
    self.created = created
    self.counted = counted
    self.dropped = dropped
    self.failures = failures
    self.lastFailure = lastFailure
  }
}
