internal import Synchronization

/// Which calls of a store shall go wrong, and how: for tests of those who use a store.
public final class FaultPlan: Sendable {
  /// What can be asked of a store.
  public enum Verb: Hashable, Sendable, CaseIterable {
    case list, get, create, update, updateStatus, patch, delete, watch
    /// The handing over of one watch event.
    case event
  }

  /// What goes wrong.
  public enum Fault: Sendable {
    /// The call fails, and nothing was done.
    case fail(ClusterError)
    /// The call is done, and its caller is told this: the answer was lost.
    case loseAnswer(ClusterError)
    /// The call waits at the gate, and then goes on.
    case hold(Gate)
  }

  private struct Rule {
    let fault: Fault
    var skipping: Int
    var times: Int
  }

  private struct RunningWatch {
    let signal: AsyncStream<Void>.Continuation
    /// How it was dropped, if it was.
    var end: Result<Void, ClusterError>?
  }

  private struct State {
    var rules: [Verb: [Rule]] = [:]
    var calls: [Verb: Int] = [:]
    var watches: [Int: RunningWatch] = [:]
    var lastID = 0
  }

  private let state = Mutex(State())

  /// A plan by which nothing goes wrong.
  public init() {}

  /// Lets calls of `verb` go wrong: not the next `skipping` ones, but the `times` ones after. Several plans for one
  /// verb take effect one after another.
  public func inject(_ fault: Fault, into verb: Verb, skipping: Int = 0, times: Int = 1) {
    state.withLock {
      $0.rules[verb, default: []].append(Rule(fault: fault, skipping: skipping, times: times))
    }
  }

  /// Forgets what was planned and has not happened yet; calls at a gate stay there.
  public func clear() { state.withLock { $0.rules = [:] } }

  /// Ends all watches that run now: with an error, or in good order. They hand over no event begun after this.
  public func dropWatches(_ error: ClusterError? = nil) {
    let signals = state.withLock { state in
      for id in state.watches.keys { state.watches[id]?.end = error.map { .failure($0) } ?? .success(()) }
      return state.watches.values.map(\.signal)
    }
    for signal in signals { signal.finish() }
  }

  /// How often a verb was called, faults included.
  public func calls(of verb: Verb) -> Int { state.withLock { $0.calls[verb] ?? 0 } }

  /// Counts a call and tells what shall happen to it.
  func next(_ verb: Verb) -> Fault? {
    state.withLock { state in
      state.calls[verb, default: 0] += 1
      guard var rule = state.rules[verb]?.first else { return nil }
      if rule.skipping > 0 {
        rule.skipping -= 1
        state.rules[verb]?[0] = rule
        return nil
      }
      rule.times -= 1
      if rule.times > 0 { state.rules[verb]?[0] = rule } else { state.rules[verb]?.removeFirst() }
      return rule.fault
    }
  }

  /// A watch begins; the stream ends when it is dropped.
  func watchBegins() -> (id: Int, dropped: AsyncStream<Void>) {
    let (stream, signal) = AsyncStream<Void>.makeStream()
    return state.withLock { state in
      state.lastID += 1
      state.watches[state.lastID] = RunningWatch(signal: signal)
      return (state.lastID, stream)
    }
  }

  /// How a watch was dropped, if it was.
  func end(of id: Int) -> Result<Void, ClusterError>? { state.withLock { $0.watches[id]?.end } }

  /// A watch has ended.
  func watchEnds(_ id: Int) { state.withLock { $0.watches[id] = nil } }
}

/// Where calls wait until a test lets them through.
public final class Gate: Sendable {
  private struct State {
    var isOpen = false
    var arrived = 0
    var held: [CheckedContinuation<Void, Never>] = []
    var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
  }

  private let state = Mutex(State())

  /// A closed gate.
  public init() {}

  /// Lets through whoever waits, and whoever comes.
  public func open() {
    let held = state.withLock { state in
      state.isOpen = true
      defer { state.held = [] }
      return state.held
    }
    for continuation in held { continuation.resume() }
  }

  /// Returns once `count` calls in all have reached the gate.
  public func reached(by count: Int = 1) async {
    await withCheckedContinuation { continuation in
      let isDue = state.withLock { state in
        if state.arrived >= count { return true }
        state.watchers.append((count, continuation))
        return false
      }
      if isDue { continuation.resume() }
    }
  }

  /// Waits until the gate is open.
  func pass() async {
    await withCheckedContinuation { continuation in
      let resumed = state.withLock { state in
        state.arrived += 1
        let arrived = state.arrived
        var resumed = state.watchers.filter { $0.count <= arrived }.map(\.continuation)
        state.watchers.removeAll { $0.count <= arrived }
        if state.isOpen { resumed.append(continuation) } else { state.held.append(continuation) }
        return resumed
      }
      for waiter in resumed { waiter.resume() }
    }
  }
}
