internal import CLinux

/// Accepts connections on one listening socket. Confined to its loop's thread.
public final class Listener: EventSource {
  /// Takes an accepted socket.
  public typealias Accept = (consuming Socket, SocketAddress) -> Void

  /// What went wrong while accepting, for a counter.
  public enum Trouble: Sendable {
    /// No descriptor was left: one waiting connection was closed instead of being left to wait for ever.
    case outOfDescriptors
    /// The kernel refused; accepting goes on after a pause.
    case refused(SystemError)
  }

  /// How many are accepted in one go before other connections get their turn.
  private static let burst = 64
  /// How many are accepted at the end: the whole queue of the socket.
  private static let stopBurst = 4096
  /// How long to leave a listening socket alone that reports connections but gives none.
  private static let pause: UInt64 = 50_000_000

  private var socket: Socket
  private var reserve: Descriptor
  private var isPaused = false
  private let onAccept: Accept
  private let onTrouble: (Trouble) -> Void

  /// Listens from now on.
  public init(
    _ socket: consuming Socket, reactor: Reactor, onAccept: @escaping Accept,
    onTrouble: @escaping (Trouble) -> Void
  ) throws(SystemError) {
    self.socket = socket
    reserve = Descriptor(owning: SystemCall.reserveDescriptor())
    self.onAccept = onAccept
    self.onTrouble = onTrouble
    super.init(reactor: reactor)
    try reactor.register(self, self.socket.descriptor.number, EPOLLIN.rawValue)
  }

  /// Accepts what is waiting, then stops listening: nobody who was let in is reset.
  public func stop() {
    guard id != .none else { return }
    for _ in 0..<Self.stopBurst {
      guard acceptOne() else { break }
    }
    loopStopped()
  }

  override func ready(_ events: UInt32) {
    for _ in 0..<Self.burst {
      guard acceptOne() else { return }
    }
  }

  override func deadlineReached() {
    isPaused = false
    reopenReserve()
    reactor.change(self, socket.descriptor.number, EPOLLIN.rawValue)
  }

  override func loopStopped() {
    reactor.unregister(self)
    socket.descriptor.close()
    reserve.close()
  }

  /// False when there is nothing more to accept now.
  private func acceptOne() -> Bool {
    switch SystemCall.accept(socket.descriptor.number) {
    case .connection(let number, let raw):
      onAccept(Socket(owning: number), SocketAddress(raw))
      return true
    case .wouldBlock:
      return false
    case .aborted:
      return true
    case .exhausted:
      return turnOneAway()
    case .failed(let code):
      onTrouble(.refused(SystemError("accept4", code)))
      pauseAccepting()
      return false
    }
  }

  /// Gives up the reserve to accept one connection and close it, so that it is not reported again and again.
  private func turnOneAway() -> Bool {
    onTrouble(.outOfDescriptors)
    reserve.close()
    var isTurnedAway = false
    if case .connection(let number, _) = SystemCall.accept(socket.descriptor.number) {
      SystemCall.close(number)
      isTurnedAway = true
    }
    reopenReserve()
    // Another thread was faster and has the last descriptor, or it is not descriptors that lack.
    guard isTurnedAway, reserve.number >= 0 else {
      pauseAccepting()
      return false
    }
    return true
  }

  private func reopenReserve() {
    if reserve.number < 0 { reserve = Descriptor(owning: SystemCall.reserveDescriptor()) }
  }

  private func pauseAccepting() {
    guard !isPaused else { return }
    isPaused = true
    reactor.change(self, socket.descriptor.number, 0)
    setDeadline(reactor.now &+ Self.pause)
  }
}
