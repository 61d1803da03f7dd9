import Cluster
import JSON
import KubernetesAPI
import Logging

@testable import Controllers

/// A recorder, the store it writes to, and a clock.
final class EventScene {
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
    clock.advance(by: .seconds(seconds)) { executor.runAll() }
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
  static func pool(_ name: String) -> ObjectReference {
    ObjectReference(
      apiVersion: "spiderpool.spidernet.io/v2beta1", kind: "SpiderIPPool", namespace: nil, name: name,
      uid: "u")
  }
}

extension EventStatus {
  init(
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
