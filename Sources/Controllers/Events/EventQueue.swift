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
  }

  private let state = Mutex(State())
  private let bell = Doorbell()
  private let capacity: Int

  init(capacity: Int) { self.capacity = capacity }

  /// Puts an event in line; false if there is no room.
  func add(_ content: EventContent, at time: Int64) -> Bool {
    let (isAdded, isNews) = state.withLock { state in
      if var entry = state.entries[content] {
        entry.count += 1
        entry.last = time
        state.entries[content] = entry
        return (true, false)
      }
      guard state.order.count < capacity else { return (false, false) }
      state.order.append(content)
      state.entries[content] = Entry(content: content, count: 1, first: time, last: time)
      return (true, true)
    }
    if isNews { bell.ring() }
    return isAdded
  }

  /// All that waits, in order; waits until there is something. Nothing when the task is cancelled. One may ask at a time.
  func take() async -> [Entry] {
    while !Task.isCancelled {
      let entries = takeAll()
      if !entries.isEmpty { return entries }
      await bell.wait()
    }
    return []
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
