import Synchronization

/// Runs the tasks of a test on the test's own thread, one step at a time and in an order that the test may draw, so that a test
/// knows when nothing more can happen.
final class StepExecutor: TaskExecutor {
  private let steps = Mutex<[UnownedJob]>([])

  func enqueue(_ job: consuming ExecutorJob) {
    let step = UnownedJob(job)
    steps.withLock { $0.append(step) }
  }

  /// Runs until every task waits for something else.
  /// - Parameter choose: which of so many steps is next.
  func runAll(choosing choose: (Int) -> Int = { _ in 0 }) {
    while true {
      let count = steps.withLock { $0.count }
      if count == 0 { return }
      let chosen = choose(count)
      let step = steps.withLock { $0.remove(at: chosen) }
      step.runSynchronously(on: asUnownedTaskExecutor())
    }
  }

  /// What a call of something gives that needs no time to pass; nil if it does.
  /// - Parameter run: runs all steps.
  func perform<Target: Sendable, Value: Sendable>(
    on target: Target, _ call: @escaping @Sendable (Target) async throws -> Value, running run: () -> Void
  ) throws -> Value? {
    let result = Outcome<Value>()
    _ = Task(executorPreference: self) {
      do { result.set(.success(try await call(target))) } catch { result.set(.failure(error)) }
    }
    run()
    return try result.value?.get()
  }
}

/// A result that a task leaves for the test.
final class Outcome<Value: Sendable>: Sendable {
  private let result = Mutex<Result<Value, any Error>?>(nil)

  var value: Result<Value, any Error>? { result.withLock { $0 } }

  func set(_ value: Result<Value, any Error>) { result.withLock { $0 = value } }
}
