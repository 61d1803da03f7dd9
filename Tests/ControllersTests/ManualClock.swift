import Cluster
import Synchronization

/// A clock that stands still until it is moved, and wakes those whose time has come.
final class ManualClock: Sendable {
  private struct Sleeper {
    let due: UInt64
    let continuation: CheckedContinuation<Void, Never>
  }

  private struct State {
    var now: UInt64 = 1_000_000_000
    var lastID = 0
    var sleepers: [Int: Sleeper] = [:]
  }

  private let state = Mutex(State())

  /// Nanoseconds.
  var now: UInt64 { state.withLock { $0.now } }

  /// When the next sleeper wakes.
  var nextDue: UInt64? { state.withLock { $0.sleepers.values.map(\.due).min() } }

  func sleep(_ duration: Duration) async {
    let nanoseconds = duration.nanoseconds
    let id = state.withLock { state in
      state.lastID += 1
      return state.lastID
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isDue = state.withLock { state in
          if nanoseconds == 0 || Task.isCancelled { return true }
          state.sleepers[id] = Sleeper(due: state.now + nanoseconds, continuation: continuation)
          return false
        }
        if isDue { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.sleepers.removeValue(forKey: id) }?.continuation.resume()
    }
  }

  /// Moves the clock on, from one sleeper to the next, and has done in between what can be done then.
  func advance(by duration: Duration, _ work: () -> Void) {
    let target = now + duration.nanoseconds
    while let due = nextDue, due <= target {
      move(to: due)
      work()
    }
    move(to: target)
  }

  /// Moves the clock, and wakes those who have slept so long.
  func move(to time: UInt64) {
    let woken = state.withLock { state in
      state.now = max(state.now, time)
      let now = state.now
      let woken = state.sleepers.filter { $0.value.due <= now }.sorted { $0.key < $1.key }
      for (id, _) in woken { state.sleepers[id] = nil }
      return woken
    }
    for (_, sleeper) in woken { sleeper.continuation.resume() }
  }
}
