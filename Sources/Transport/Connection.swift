internal import CLinux
internal import Glibc
public import TLS

/// A stream of bytes to and from one peer, over TCP or over TLS on TCP. Confined to its loop's thread.
///
/// Bytes written are collected and sent together: one `send` for each time the loop comes round. What the peer does not take
/// stays pending, within limits of size and time.
public final class Connection: EventSource {
  /// `connecting → handshaking → open → closing → lingering → closed`; every one may go to `closed`.
  enum Phase {
    case connecting, handshaking, open
    /// Output is still to be sent, then the end is told.
    case closing
    /// The end is told, and the peer's end is awaited.
    case lingering
    case closed
  }

  /// The other end.
  public let peer: SocketAddress
  /// The TLS session, nil on plain TCP.
  public let tls: TLSSession?

  /// The bounds it keeps.
  public let limits: ConnectionLimits
  let traffic: TrafficCounters
  var socket: Socket
  /// Who is told; nil once closed.
  public internal(set) var handler: (any ConnectionHandler)?
  var phase: Phase
  /// What `connectionClosed` will be told when a close in good order is complete.
  var closeReason = CloseReason.closedHere
  var inputHasEnded = false
  /// Set to false to read nothing from the peer for now; looked at after each flush.
  public var wantsInput = true

  /// The epoll events waited for.
  var interest: UInt32
  var needsFlush = false
  /// A flush is under way, which sends whatever is written meanwhile.
  var isBeingFlushed = false
  /// Pending output of a connection without TLS, of which the part up to `plainOutputStart` is sent.
  var plainOutput: [UInt8] = []
  var plainOutputStart = 0
  /// Count of bytes ever sent, and the count at which the write deadline is met.
  var sentCount = 0
  var writeGoal = 0

  /// When the present phase must be over, when the present output must be gone, and the handler's own deadline.
  var phaseDeadline = UInt64.max
  var writeDeadline = UInt64.max
  private var handlerDeadline = UInt64.max

  init(
    _ socket: consuming Socket, _ peer: SocketAddress, _ reactor: Reactor, _ tls: TLSSession?, phase: Phase,
    _ limits: ConnectionLimits, _ traffic: TrafficCounters, _ handler: any ConnectionHandler
  ) throws(SystemError) {
    self.socket = socket
    self.peer = peer
    self.tls = tls
    self.limits = limits
    self.traffic = traffic
    self.handler = handler
    self.phase = phase
    interest = phase == .connecting ? EPOLLOUT.rawValue : EPOLLIN.rawValue
    super.init(reactor: reactor)
    try reactor.register(self, self.socket.descriptor.number, interest)
  }

  // MARK: for the handler

  /// Whether bytes can be written: the handshake is done and nobody has closed.
  public var isOpen: Bool { phase == .open }

  /// When to call the handler's `deadlineReached`, monotonic nanoseconds; nil for never.
  public func setHandlerDeadline(_ time: UInt64?) {
    handlerDeadline = time ?? .max
    updateDeadline()
  }

  /// Ends the connection in good order: what is written goes out first, and what the peer still sends is ignored for a
  /// while, so that it can read the end.
  public func closeAfterOutput() {
    closeAfterOutput(.closedHere)
  }

  /// Ends the connection at once.
  public func close() {
    close(.closedHere)
  }

  // MARK: ends

  func closeAfterOutput(_ reason: CloseReason) {
    switch phase {
    case .open, .handshaking:
      closeReason = reason
      phase = .closing
      tls?.shutdown()
      phaseDeadline = reactor.now &+ limits.writeTimeout
      updateDeadline()
      setNeedsFlush()
    case .connecting: close(reason)
    case .closing, .lingering, .closed: break
    }
  }

  func close(_ reason: CloseReason) {
    guard phase != .closed else { return }
    // What made us end it counts, however the peer then takes it.
    let isEnding = phase == .closing || phase == .lingering
    let told = isEnding && closeReason != .closedHere ? closeReason : reason
    phase = .closed
    reactor.unregister(self)
    socket.descriptor.close()
    let last = handler
    handler = nil
    last?.connectionClosed(self, told)
  }

  // MARK: events

  override func ready(_ events: UInt32) {
    if phase == .connecting { return connectEnded() }
    let ended = EPOLLHUP.rawValue | EPOLLERR.rawValue
    if events & (EPOLLIN.rawValue | ended) != 0, interest & EPOLLIN.rawValue != 0 {
      receive()
    } else if events & ended != 0 {
      return close(brokenReason())
    }
    // Sent together with what the loop's turn brings for others: whoever waits for several answers is woken once.
    setNeedsFlush()
  }

  private func brokenReason() -> CloseReason {
    let code = SystemCall.pendingError(socket.descriptor.number)
    return code == 0 ? .peerClosed : .broken(SystemError("recv", code))
  }

  override func deadlineReached() {
    let now = reactor.now
    if now >= phaseDeadline {
      switch phase {
      case .connecting: return close(.connectFailed(SystemError("connect", ETIMEDOUT)))
      case .handshaking: return close(.handshakeTimeout)
      case .closing: return close(.writeTimeout)
      case .lingering: return close(closeReason)
      case .open, .closed: break
      }
    }
    if now >= writeDeadline { return close(.writeTimeout) }
    if now >= handlerDeadline {
      handlerDeadline = .max
      handler?.connection(self, deadlineReached: now)
      if phase != .closed { flush() }
    }
    if phase != .closed { updateDeadline() }
  }

  override func loopStopped() {
    close(.loopStopped)
  }

  @inline(__always)
  func updateDeadline() {
    let next = min(handlerDeadline, phaseDeadline, writeDeadline)
    if next != deadline { setDeadline(next) }
  }
}
