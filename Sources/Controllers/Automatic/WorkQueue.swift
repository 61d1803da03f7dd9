internal import DequeModule
internal import Synchronization

/// What is to be looked at, each once: a key that comes again while it waits is there already, and one that comes while it is
/// looked at is looked at again afterwards. So no key is looked at twice at the same time.
final class WorkQueue<Key: Hashable & Sendable>: Sendable {
  private struct State {
    var waiting: Deque<Key> = []
    var isWaiting: Set<Key> = []
    /// Those that are looked at, and whether they came again meanwhile.
    var taken: [Key: Bool] = [:]
    var dropped: UInt64 = 0
  }

  private let state = Mutex(State())
  private let bell = Doorbell()
  private let capacity: Int
  private let parallel: Int

  /// - Parameters:
  ///   - capacity: keys that may wait; more are dropped and counted.
  ///   - parallel: keys that may be looked at at the same time.
  init(capacity: Int, parallel: Int) {
    self.capacity = capacity
    self.parallel = parallel
  }

  /// Keys that were dropped because too many waited. Somebody who looks at everything now and then makes up for them.
  var dropped: UInt64 { state.withLock { $0.dropped } }

  /// How many wait or are looked at.
  var count: Int { state.withLock { $0.waiting.count + $0.taken.count } }

  /// Asks for a key to be looked at.
  func add(_ key: Key) {
    state.withLock { add(key, &$0) }
    bell.ring()
  }

  private func add(_ key: Key, _ state: inout State) {
    if state.taken[key] != nil {
      state.taken[key] = true
    } else if !state.isWaiting.contains(key) {
      if state.waiting.count >= capacity {
        state.dropped += 1
      } else {
        state.isWaiting.insert(key)
        state.waiting.append(key)
      }
    }
  }

  /// The next key, when there is one and not too many are looked at; nil when the task is cancelled. For one consumer.
  func take() async -> Key? {
    while !Task.isCancelled {
      let next = state.withLock { state -> Key? in
        guard state.taken.count < parallel, let key = state.waiting.popFirst() else { return nil }
        state.isWaiting.remove(key)
        state.taken[key] = false
        return key
      }
      if let next { return next }
      await bell.wait()
    }
    return nil
  }

  /// The key was looked at.
  func done(_ key: Key) {
    state.withLock { state in
      if state.taken.removeValue(forKey: key) == true { add(key, &state) }
    }
    bell.ring()
  }
}
