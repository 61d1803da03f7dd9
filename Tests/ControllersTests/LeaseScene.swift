import Cluster
import JSON
import KubernetesAPI
import Logging
import Synchronization

@testable import Controllers

/// Replicas that compete for one Lease: their tasks run step by step, and time passes as the test says.
final class LeaseScene {
  let store: LocalCluster
  let executor = StepExecutor()
  let clock = ManualClock()
  let log = WorkLog()
  /// How long answers are on their way.
  let lag = Lag()
  /// Which of so many steps is next.
  var choose: (Int) -> Int = { _ in 0 }

  init() throws { store = try LocalCluster.inMemory() }

  /// A replica that campaigns from now on.
  /// - Parameters:
  ///   - skew: how far its wall clock is off, in seconds.
  ///   - linger: how long its work goes on after it was cancelled.
  func start(
    _ name: String, skew: Int64 = 0, linger: Duration = .zero, work: (@Sendable () async -> Void)? = nil
  ) -> Candidate {
    let (executor, clock, log, lag) = (executor, clock, log, lag)
    var timing = LeaseTiming()
    timing.now = { clock.now }
    timing.wallClock = { 1_767_323_045_678_901 + Int64(clock.now / 1000) - 1_000_000 + skew * 1_000_000 }
    timing.sleep = { await clock.sleep($0) }
    timing.random = { 0.5 }
    timing.executor = executor
    let plan = FaultPlan()
    let faulty = FaultInjectingStore(store, plan: plan)
    let elector = LeaseElector(
      store: NetworkStore(base: faulty, executor: executor, lag: { await clock.sleep(lag.duration) }),
      namespace: "spiderpool", name: "leader",
      identity: name, timing: timing, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let task = Task(executorPreference: executor) {
      await elector.run {
        log.begin(name)
        if let work { await work() } else { await clock.sleep(.seconds(1_000_000_000)) }
        await Task(executorPreference: executor) { await clock.sleep(linger) }.value
        log.end(name)
      }
      log.stop(name)
    }
    settle()
    return Candidate(name: name, elector: elector, plan: plan, task: task)
  }

  /// Runs until every task waits for time to pass, or for a gate.
  func settle() { executor.runAll(choosing: choose) }

  /// Lets time pass, from one event to the next.
  func advance(_ duration: Duration) {
    clock.advance(by: duration) { settle() }
    settle()
  }

  func stop(_ candidate: Candidate) {
    candidate.task.cancel()
    settle()
  }

  /// What a call of the store gives; it must not wait for time to pass.
  func perform<Value: Sendable>(_ call: @escaping @Sendable (LocalCluster) async throws -> Value) throws
    -> Value?
  {
    try executor.perform(on: store, call) { settle() }
  }

  /// The Lease as it is now.
  func lease() throws -> JSONValue? {
    try perform { try await $0.get(.lease, namespace: "spiderpool", name: "leader") }
      .map { try JSONValue(parsing: $0.json) }
  }

  /// Somebody else changes the Lease, whatever its version.
  func interfere(_ patch: JSONValue) throws {
    _ = try perform {
      try await $0.patch(.lease, namespace: "spiderpool", name: "leader", mergePatch: patch.bytes)
    }
  }
}

/// One replica.
struct Candidate {
  let name: String
  let elector: LeaseElector
  let plan: FaultPlan
  let task: Task<Void, Never>
}

/// Who works, and who ever did.
final class WorkLog: Sendable {
  private struct State {
    var running: [String] = []
    var begun: [String] = []
    var stopped: Set<String> = []
    var most = 0
  }

  private let state = Mutex(State())

  /// Who works now.
  var running: [String] { state.withLock { $0.running } }
  /// Who began to work, in order.
  var begun: [String] { state.withLock { $0.begun } }
  /// Whose elector has come to its end.
  var stopped: Set<String> { state.withLock { $0.stopped } }
  /// How many worked at once at most.
  var most: Int { state.withLock { $0.most } }

  func begin(_ name: String) {
    state.withLock { state in
      state.running.append(name)
      state.begun.append(name)
      state.most = max(state.most, state.running.count)
    }
  }

  func end(_ name: String) { state.withLock { state in state.running.removeAll { $0 == name } } }

  func stop(_ name: String) { state.withLock { _ = $0.stopped.insert(name) } }
}

/// A duration that a test may change.
final class Lag: Sendable {
  private let state = Mutex(Duration.zero)

  var duration: Duration {
    get { state.withLock { $0 } }
    set { state.withLock { $0 = newValue } }
  }
}
