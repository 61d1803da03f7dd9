// In: connections and listening sockets; work from other threads.
// Out: bytes to and from peers, plain or through TLS, as calls into a `ConnectionHandler` on the loop's thread.
// It deliberately does not know what the bytes mean, nor any message, method or status.

internal import CLinux
internal import Glibc
internal import Synchronization

/// One thread that waits for descriptors with epoll. This is what other threads hold of it; its `Reactor` does the work.
public final class EventLoop: Sendable {
  /// Something to do on the loop's thread.
  public typealias Work = @Sendable (Reactor) -> Void

  private struct State: ~Copyable {
    /// Closed when the loop is over, under the lock, so that nobody signals a descriptor that is another's by then.
    var epoll: Descriptor
    var wake: Descriptor
    var work: [Work] = []
    /// Whether the eventfd was signalled since the loop last took the work.
    var isWoken = false
    var isOver = false
    var waiters: [CheckedContinuation<Void, Never>] = []
  }

  private let state: Mutex<State>

  /// Starts the thread, named `name` (15 bytes at most are shown). It lives until `stop`.
  public init(name: String) throws(SystemError) {
    let epoll = Descriptor(owning: try SystemCall.epollCreate())
    let wake = Descriptor(owning: try SystemCall.eventDescriptor())
    let (epollNumber, wakeNumber) = (epoll.number, wake.number)
    state = Mutex(State(epoll: epoll, wake: wake))
    let reactor = Reactor(loop: self, epoll: epollNumber)
    try reactor.registerWake(wakeNumber)
    try Thread.start(name: name) { [self] in
      reactor.run()
      finish(reactor)
    }
  }

  /// Hands `work` to the loop's thread, in order. False if the loop is over: then it is dropped.
  ///
  /// The queue has no bound of its own: each caller must have one (the server's is the requests in flight).
  @discardableResult
  public func execute(_ work: @escaping Work) -> Bool {
    state.withLock { state in
      if state.isOver { return false }
      state.work.append(work)
      if !state.isWoken {
        state.isWoken = true
        SystemCall.signal(state.wake.number)
      }
      return true
    }
  }

  /// Runs `body` on the loop's thread and waits for what it returns; nil if the loop is over.
  public func run<Result: Sendable>(_ body: @escaping @Sendable (Reactor) -> Result) async -> Result? {
    await withCheckedContinuation { continuation in
      let accepted = execute { reactor in continuation.resume(returning: body(reactor)) }
      if !accepted { continuation.resume(returning: nil) }
    }
  }

  /// Ends the loop: what was handed over before is still done, then every connection is closed.
  public func stop() {
    execute { reactor in reactor.stop() }
  }

  /// Returns when the loop's thread has let go of everything.
  public func stopped() async {
    await withCheckedContinuation { continuation in
      let isOver = state.withLock { state in
        if !state.isOver { state.waiters.append(continuation) }
        return state.isOver
      }
      if isOver { continuation.resume() }
    }
  }

  // MARK: on the thread

  func runWork(_ reactor: Reactor) {
    let work = state.withLock { state in
      state.isWoken = false
      defer { state.work = [] }
      return state.work
    }
    for item in work { item(reactor) }
  }

  private func finish(_ reactor: Reactor) {
    let (rest, waiters) = state.withLock { state in
      state.isOver = true
      state.epoll.close()
      state.wake.close()
      defer {
        state.work = []
        state.waiters = []
      }
      return (state.work, state.waiters)
    }
    // Whoever was told "accepted" gets its turn, on a reactor that has no connections any more.
    for item in rest { item(reactor) }
    for waiter in waiters { waiter.resume() }
  }
}
