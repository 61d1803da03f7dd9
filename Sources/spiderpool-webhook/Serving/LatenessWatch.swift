internal import Synchronization
internal import Transport

/// Calls those whose time is over. One task for all of them, and none while nobody waits: a timer of its own for each review
/// would cost more than the review.
final class LatenessWatch: Sendable {
  /// How late a call may come.
  private static let period = Duration.milliseconds(50)

  private struct State {
    /// Who is to be called, by number, and when in nanoseconds of the monotonic clock.
    var waiting: [UInt64: (deadline: UInt64, call: @Sendable () -> Void)] = [:]
    var nextNumber: UInt64 = 0
    var isRunning = false
  }

  private let state = Mutex(State())

  /// Calls `call` once `deadline` (monotonic nanoseconds) has passed, unless `forget` comes first.
  /// - Returns: the number to forget it by.
  func watch(until deadline: UInt64, _ call: @escaping @Sendable () -> Void) -> UInt64 {
    let (number, starts) = state.withLock { state -> (UInt64, Bool) in
      state.nextNumber += 1
      state.waiting[state.nextNumber] = (deadline, call)
      let starts = !state.isRunning
      state.isRunning = true
      return (state.nextNumber, starts)
    }
    if starts { Task { await run() } }
    return number
  }

  /// Does not call any more.
  func forget(_ number: UInt64) { state.withLock { $0.waiting[number] = nil } }

  private func run() async {
    while true {
      // Cancellation, the only error, cannot happen: nobody holds this task.
      _ = try? await Task.sleep(for: Self.period)
      let now = MonotonicClock.now()
      let (late, isOver) = state.withLock { state -> ([@Sendable () -> Void], Bool) in
        let late = state.waiting.filter { now >= $0.value.deadline }
        for number in late.keys { state.waiting[number] = nil }
        if state.waiting.isEmpty { state.isRunning = false }
        return (late.values.map(\.call), !state.isRunning)
      }
      for call in late { call() }
      if isOver { return }
    }
  }
}
