internal import Synchronization

/// Events on their way from those who record them to the one who writes them. Equal ones wait as one.
final class EventQueue: Sendable {
  /// What waits: an event, how often it happened, and when first and last, in seconds since 1970.
  struct Entry: Sendable {
    let content: EventContent
    var count: Int
    let first: Int64
    var last: Int64
  }

  private struct State {
    var order: [EventContent] = []
    var entries: [EventContent: Entry] = [:]
    var waiter: CheckedContinuation<Void, Never>?
  }

  private let state = Mutex(State())
  private let capacity: Int

  init(capacity: Int) { self.capacity = capacity }

  /// Puts an event in line; false if there is no room.
  func add(_ content: EventContent, at time: Int64) -> Bool {
    let (isAdded, waiter) = state.withLock { state in
      if var entry = state.entries[content] {
        entry.count += 1
        entry.last = time
        state.entries[content] = entry
        return (true, nil as CheckedContinuation<Void, Never>?)
      }
      guard state.order.count < capacity else { return (false, nil) }
      state.order.append(content)
      state.entries[content] = Entry(content: content, count: 1, first: time, last: time)
      defer { state.waiter = nil }
      return (true, state.waiter)
    }
    waiter?.resume()
    return isAdded
  }

  /// All that waits, in order; waits until there is something. Nothing when the task is cancelled. One may ask at a time.
  func take() async -> [Entry] {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isDue = state.withLock { state in
          if !state.order.isEmpty || Task.isCancelled { return true }
          state.waiter = continuation
          return false
        }
        if isDue { continuation.resume() }
      }
    } onCancel: {
      let waiter = state.withLock { state in
        defer { state.waiter = nil }
        return state.waiter
      }
      waiter?.resume()
    }
    return Task.isCancelled ? [] : takeAll()
  }

  /// All that waits, in order.
  func takeAll() -> [Entry] {
    state.withLock { state in
      let entries = state.order.compactMap { state.entries[$0] }
      state.order = []
      state.entries = [:]
      return entries
    }
  }
}
