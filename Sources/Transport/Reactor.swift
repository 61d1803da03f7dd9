internal import CLinux
internal import Glibc

/// The part of an event loop that belongs to its thread: who waits for which descriptor, and until when.
///
/// In: what epoll reports, what other threads handed to `EventLoop.execute`, and the clock, read once per turn.
/// Out: calls into the sources. It knows neither TLS nor what the bytes mean. Not `Sendable`: whoever holds a reactor is
/// on its thread.
public final class Reactor {
  /// How others reach this reactor.
  public let loop: EventLoop
  /// The time of this turn, monotonic nanoseconds.
  public private(set) var now = MonotonicClock.now()

  /// Where ciphertext is received, and where it is decrypted to. One of each per loop instead of per connection.
  let receiveBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 64)
  let plaintextBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 64)

  private struct Slot {
    var source: EventSource?
    var generation: UInt32 = 0
  }

  private static let wakeToken = UInt64.max - 1
  private static let eventRoom = 256
  /// Sources that are served before what they write is sent: wakes few, and makes the first wait for few.
  private static let servedTogether = 16

  private let epoll: Int32
  private let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: eventRoom)
  private var slots: [Slot] = []
  private var freeSlots: [Int] = []
  private var deadlines = DeadlineHeap()
  private var unflushed: [Connection] = []
  private var isStopping = false

  init(loop: EventLoop, epoll: Int32) {
    self.loop = loop
    self.epoll = epoll
  }

  deinit {
    receiveBuffer.deallocate()
    plaintextBuffer.deallocate()
    events.deallocate()
  }

  /// The connection of that name, if it is still there.
  public func connection(_ id: SourceID) -> Connection? {
    guard id.slot < slots.count, slots[id.slot].generation == id.generation else { return nil }
    return slots[id.slot].source as? Connection
  }

  /// Every connection there is now; `body` may close any of them.
  public func forEachConnection(_ body: (Connection) -> Void) {
    for index in slots.indices {
      if let connection = slots[index].source as? Connection { body(connection) }
    }
  }

  /// Every listener there is now; `body` may stop any of them.
  public func forEachListener(_ body: (Listener) -> Void) {
    for index in slots.indices {
      if let listener = slots[index].source as? Listener { body(listener) }
    }
  }

  /// Ends the loop after this turn.
  public func stop() {
    isStopping = true
  }

  // MARK: for sources

  /// Waits for `events` on `descriptor` on behalf of `source`, and gives it its name. Refused when the loop ends.
  func register(_ source: EventSource, _ descriptor: Int32, _ events: UInt32) throws(SystemError) {
    guard !isStopping else { throw SystemError("epoll_ctl", ECANCELED) }
    let slot = freeSlots.last ?? slots.count
    let generation = slot < slots.count ? slots[slot].generation : 0
    let id = SourceID(slot: slot, generation: generation)
    try SystemCall.epollControl(epoll, EPOLL_CTL_ADD, descriptor, events, id.token)
    if slot < slots.count {
      freeSlots.removeLast()
      slots[slot].source = source
    } else {
      slots.append(Slot(source: source))
    }
    source.id = id
  }

  /// Waits for other events than before.
  func change(_ source: EventSource, _ descriptor: Int32, _ events: UInt32) {
    do {
      try SystemCall.epollControl(epoll, EPOLL_CTL_MOD, descriptor, events, source.id.token)
    } catch {
      preconditionFailure("a registered descriptor is not registered: \(error)")
    }
  }

  /// Forgets `source`, which closes its descriptor itself: that takes it out of the epoll too.
  func unregister(_ source: EventSource) {
    deadlines.remove(source)
    guard source.id != .none else { return }
    let slot = source.id.slot
    source.id = .none
    slots[slot].source = nil
    slots[slot].generation &+= 1
    freeSlots.append(slot)
  }

  func arm(_ source: EventSource) {
    if !isStopping { deadlines.arm(source) }
  }

  /// Calls `connection.flush` before the loop waits again.
  func flushLater(_ connection: Connection) {
    if !isStopping { unflushed.append(connection) }
  }

  // MARK: the loop

  /// Waits for eventfd `wake`, which other threads signal. Edge-triggered, so it need not be read.
  func registerWake(_ wake: Int32) throws(SystemError) {
    let events = EPOLLIN.rawValue | EPOLLET.rawValue
    try SystemCall.epollControl(epoll, EPOLL_CTL_ADD, wake, events, Self.wakeToken)
  }

  /// Turns until stopped, then tells every source.
  func run() {
    while !isStopping {
      turn()
    }
    for index in slots.indices {
      slots[index].source?.loopStopped()
    }
    // What is left holds this reactor, and would keep it for ever.
    slots = []
    unflushed = []
    deadlines.removeAll()
  }

  private func turn() {
    let count = SystemCall.epollWait(epoll, events, Int32(Self.eventRoom), milliseconds: timeout())
    now = MonotonicClock.now()
    for index in 0..<count {
      let event = events[index]
      if event.data.u64 == Self.wakeToken { continue }
      // A source closed earlier in this turn is not found: its slot's generation has moved on.
      let id = SourceID(token: event.data.u64)
      if slots[id.slot].generation == id.generation, let source = slots[id.slot].source {
        source.ready(event.events)
      }
      if index % Self.servedTogether == Self.servedTogether - 1 { flushAll() }
    }
    loop.runWork(self)
    while let source = deadlines.popExpired(now) {
      source.clearDeadline()
      source.deadlineReached()
    }
    flushAll()
  }

  /// Who asks again while being flushed has its turn after the others' next one.
  private func flushAll() {
    let count = unflushed.count
    guard count > 0 else { return }
    for index in 0..<count { unflushed[index].flush() }
    unflushed.removeFirst(count)
  }

  /// Milliseconds until the next deadline, rounded up; −1 for no limit.
  private func timeout() -> Int32 {
    if !unflushed.isEmpty || loop.hasWork { return 0 }
    let earliest = deadlines.earliest
    if earliest == .max { return -1 }
    if earliest <= now { return 0 }
    return Int32(min((earliest - now + 999_999) / 1_000_000, 3_600_000))
  }
}
