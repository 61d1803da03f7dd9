internal import Cluster
internal import Synchronization

/// Looks at keys, no one of them twice at the same time, and again after a growing pause as long as something is left to do.
final class RetryingQueue<Key: Hashable & Sendable>: Sendable {
  private struct State {
    /// Looks that left something to do, in a row.
    var counts: [Key: Int] = [:]
    /// Those that come again after a pause.
    var resting: Set<Key> = []
    var isRunning = false
    var began: UInt64 = 0
  }

  private let queue: WorkQueue<Key>
  private let state = Mutex(State())
  private let clock: CommitTiming
  private let timing: ApplicationTiming

  init(clock: CommitTiming, timing: ApplicationTiming, capacity: Int = 65_536, parallel: Int = 32) {
    queue = WorkQueue(capacity: capacity, parallel: parallel)
    self.clock = clock
    self.timing = timing
  }

  /// How many wait or are looked at.
  var count: Int { queue.count }

  /// When the work began, in nanoseconds of the monotonic clock; 0 while nobody works.
  var began: UInt64 { state.withLock { $0.began } }

  /// Works until the task is cancelled.
  /// - Parameters:
  ///   - beside: what is done meanwhile.
  ///   - look: whether nothing is left to do for a key.
  func run(
    beside: @escaping @Sendable () async -> Void, look: @escaping @Sendable (Key) async -> Bool
  ) async {
    let now = clock.monotonic()
    state.withLock { $0 = State(isRunning: true, began: now) }
    await withDiscardingTaskGroup { group in
      group.addTask { await beside() }
      while let key = await queue.take() { group.addTask { await self.work(on: key, look) } }
    }
    state.withLock { $0 = State() }
  }

  /// Asks for a key to be looked at, if somebody works.
  func add(_ key: Key) {
    if state.withLock({ $0.isRunning }) { queue.add(key) }
  }

  /// Whether something was left to do at the last look at a key.
  func isRetried(_ key: Key) -> Bool { state.withLock { $0.counts[key] != nil } }

  private func work(on key: Key, _ look: @Sendable (Key) async -> Bool) async {
    let isSettled = await look(key)
    queue.done(key)
    let pause = state.withLock { state -> Duration? in
      if isSettled { state.counts[key] = nil }
      guard !isSettled, state.resting.insert(key).inserted else { return nil }
      let count = state.counts[key, default: 0]
      state.counts[key] = count + 1
      return timing.firstPause.doubled(count, upTo: timing.longestPause)
    }
    guard let pause else { return }
    await clock.sleep(pause)
    _ = state.withLock { $0.resting.remove(key) }
    if !Task.isCancelled { queue.add(key) }
  }
}

/// How often applications are looked at.
public struct ApplicationTiming: Sendable {
  /// Between two looks at all applications and all automatic pools.
  public var period = Duration.seconds(10)
  /// The pause before a second try, doubled with each further one.
  public var firstPause = Duration.milliseconds(200)
  /// What the doubling ends at.
  public var longestPause = Duration.seconds(5)

  /// The defaults.
  public init() {}
}
