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
    /// Whether the loop knows that there is work: it was signalled since it last took some, or gave it to itself.
    var isWoken = false
    var isOver = false
    var waiters: [CheckedContinuation<Void, Never>] = []
  }

  /// Passes over the work in one turn: what work hands over itself is done in the same turn, but not for ever.
  private static let passes = 8

  private let state: Mutex<State>
  /// Of the loop; 0 until it runs.
  private let thread = Atomic<UInt>(0)

  /// Starts the thread, named `name` (15 bytes at most are shown). It lives until `stop`.
  public init(name: String) throws(SystemError) {
    let epoll = Descriptor(owning: try SystemCall.epollCreate())
    let wake = Descriptor(owning: try SystemCall.eventDescriptor())
    let (epollNumber, wakeNumber) = (epoll.number, wake.number)
    state = Mutex(State(epoll: epoll, wake: wake))
    let reactor = Reactor(loop: self, epoll: epollNumber)
    try reactor.registerWake(wakeNumber)
    try Thread.start(name: name) { [self] in
      thread.store(pthread_self(), ordering: .relaxed)
      reactor.run()
      finish(reactor)
    }
  }

  /// Hands `work` to the loop's thread, in order. False if the loop is over: then it is dropped. On that thread itself it is done
  /// before the loop waits again.
  ///
  /// The queue has no bound of its own: each caller must have one (the server's is the requests in flight).
  @discardableResult
  public func execute(_ work: @escaping Work) -> Bool {
    state.withLock { state in
      if state.isOver { return false }
      state.work.append(work)
      if !state.isWoken {
        state.isWoken = true
        if thread.load(ordering: .relaxed) != pthread_self() { SystemCall.signal(state.wake.number) }
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

  /// Whether there is something to do.
  var hasWork: Bool { state.withLock { !$0.work.isEmpty } }

  func runWork(_ reactor: Reactor) {
    for _ in 0..<Self.passes {
      let work = state.withLock { state in
        state.isWoken = false
        defer { state.work = [] }
        return state.work
      }
      if work.isEmpty { return }
      for item in work { item(reactor) }
    }
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

/// Tasks that prefer a loop run on its thread: what they have to do with its connections needs no other one to wake up. They
/// must not block, as nothing there may.
extension EventLoop: TaskExecutor {
  /// Runs a task's next step in its turn; once the loop is over, on a thread of its own.
  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    if execute({ [self] _ in job.runSynchronously(on: asUnownedTaskExecutor()) }) { return }
    do throws(SystemError) {
      try Thread.start(name: "late task") { [self] in job.runSynchronously(on: asUnownedTaskExecutor()) }
    } catch {
      job.runSynchronously(on: asUnownedTaskExecutor())
    }
  }
}
