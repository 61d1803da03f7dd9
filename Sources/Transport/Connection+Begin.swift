public import TLS

extension Connection {
  /// Takes over an accepted socket and serves it from then on. The handler is retained until `connectionClosed`.
  ///
  /// - Throws: `TLSError` or `SystemError`; the socket is closed then, and the handler is told nothing.
  @discardableResult
  public static func accept(
    _ socket: consuming Socket, peer: SocketAddress, reactor: Reactor, tls: TLSServerContext?,
    limits: ConnectionLimits, traffic: TrafficCounters, handler: any ConnectionHandler
  ) throws -> Connection {
    let session: TLSSession? = if let tls { try TLSSession(server: tls) } else { nil }
    let connection = try Connection(
      socket, peer, reactor, session, phase: tls == nil ? .open : .handshaking, limits, traffic, handler)
    if session == nil {
      handler.connectionOpened(connection)
    } else {
      connection.phaseDeadline = reactor.now &+ limits.handshakeTimeout
      connection.updateDeadline()
    }
    return connection
  }

  /// Begins to connect to `address`. The handler hears `connectionOpened`, or `connectionClosed` with the reason.
  ///
  /// - Parameter tls: the session to shake hands with after the connect, nil for plain TCP.
  /// - Throws: what the kernel refuses at once; the handler is told nothing then.
  @discardableResult
  public static func connect(
    to address: SocketAddress, reactor: Reactor, tls: TLSSession?,
    limits: ConnectionLimits = ConnectionLimits(),
    traffic: TrafficCounters = TrafficCounters(), handler: any ConnectionHandler
  ) throws(SystemError) -> Connection {
    let socket = try Socket.connecting(to: address)
    let connection = try Connection(
      socket, address, reactor, tls, phase: .connecting, limits, traffic, handler)
    connection.phaseDeadline = MonotonicClock.now() &+ limits.connectTimeout
    connection.updateDeadline()
    return connection
  }

  /// The connect under way has ended, well or not.
  func connectEnded() {
    let code = SystemCall.pendingError(socket.descriptor.number)
    guard code == 0 else { return close(.connectFailed(SystemError("connect", code))) }
    if let tls {
      phase = .handshaking
      phaseDeadline = reactor.now &+ limits.handshakeTimeout
      continueHandshake(tls)
    } else {
      phase = .open
      phaseDeadline = .max
      handler?.connectionOpened(self)
    }
    guard phase != .closed else { return }
    updateDeadline()
    flush()
  }
}
