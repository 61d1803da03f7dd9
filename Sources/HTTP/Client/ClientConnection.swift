internal import TLS
internal import Transport

/// One connection of a client: carries bytes between the peer and the conversation, and parts of responses to those who wait.
/// Confined to the loop's thread.
final class ClientConnection: ConnectionHandler {
  let pool: ClientPool
  private let otherAddresses: ArraySlice<SocketAddress>
  private var connection: Connection?
  private var conversation: ClientConversation?
  private var exchanges: [StreamID: ClientExchange] = [:]
  /// Whether the peer has ever answered here: it may since have closed a connection that we still believe open.
  private var hasAnswered = false
  /// How the connection was lost, if it was.
  private var lossSentence = "the server closed the connection"

  init(pool: ClientPool, otherAddresses: ArraySlice<SocketAddress>) {
    self.pool = pool
    self.otherAddresses = otherAddresses
  }

  // MARK: for the pool

  func began(_ connection: Connection) {
    self.connection = connection
    updateDeadline()
  }

  /// Neither open nor closed yet.
  var isConnecting: Bool { conversation == nil && connection != nil }

  var canSend: Bool { conversation?.canSend == true && connection?.isOpen == true }

  /// False: this connection takes no more requests.
  func send(_ exchange: ClientExchange) -> Bool {
    guard let connection, let stream = conversation?.send(exchange.request, now: connection.reactor.now)
    else {
      return false
    }
    exchange.sent(to: ClientExchange.Place(connection: connection.id, stream: stream))
    exchanges[stream] = exchange
    connection.setNeedsFlush()
    return true
  }

  /// Ends a request that nobody waits for.
  func abandon(_ stream: StreamID) {
    guard exchanges.removeValue(forKey: stream) != nil else { return }
    conversation?.cancel(stream)
    connection?.setNeedsFlush()
  }

  func consumed(_ count: Int, of stream: StreamID) {
    conversation?.consume(count, of: stream)
    connection?.setNeedsFlush()
  }

  func close() {
    connection?.close()
  }

  /// Waits for the next thing that may be late.
  func updateDeadline() {
    let requests = exchanges.values.reduce(UInt64.max) { min($0, $1.deadline) }
    let next = min(requests, pool.waitingDeadline, conversation?.nextDeadline ?? .max)
    connection?.setHandlerDeadline(next == .max ? nil : next)
  }

  // MARK: the connection's calls

  func connectionOpened(_ connection: Connection) {
    self.connection = connection
    let version: HTTPVersion = connection.tls?.negotiatedALPN == .h2 ? .http2 : .http1_1
    conversation = ClientConversation(
      version, limits: pool.configuration.limits, authority: pool.configuration.authority,
      scheme: connection.tls == nil ? "http" : "https", now: connection.reactor.now)
    pool.dispatch(connection.reactor)
  }

  func connection(_ connection: Connection, received bytes: UnsafeRawBufferPointer) {
    conversation?.receive(bytes, now: connection.reactor.now)
    tell(connection.reactor)
  }

  func connection(_ connection: Connection, inputEnded clean: Bool) {
    conversation?.receiveEnd()
    tell(connection.reactor)
    connection.closeAfterOutput()
  }

  func produceOutput(_ connection: Connection) {
    guard let conversation else { return }
    while conversation.hasOutput, connection.pendingOutput <= connection.limits.highWater {
      conversation.withOutput { connection.write($0) }
    }
    if conversation.hasOutput { return }
    tell(connection.reactor)
    connection.wantsInput = conversation.wantsInput
    if conversation.wantsClose {
      connection.closeAfterOutput()
    } else {
      updateDeadline()
    }
  }

  func connection(_ connection: Connection, deadlineReached now: UInt64) {
    pool.expireWaiting(now)
    for (stream, exchange) in exchanges where exchange.deadline <= now {
      exchange.finish(.failure(.deadlineExceeded))
      abandon(stream)
    }
    if conversation?.expire(now: now) == true {
      // A peer that gives no sign of life would not read the end either.
      lossSentence = "\(connection.peer) gives no sign of life"
      tell(connection.reactor)
      return connection.close()
    }
    updateDeadline()
    connection.setNeedsFlush()
  }

  func connectionClosed(_ connection: Connection, _ reason: CloseReason) {
    self.connection = nil
    let reactor = connection.reactor
    guard conversation != nil else {
      return pool.connectFailed(sentence(connection.peer, reason), otherAddresses, reactor)
    }
    lossSentence = sentence(connection.peer, reason)
    conversation?.receiveEnd()
    tell(reactor)
    conversation = nil
    pool.dispatch(reactor)
  }

  private func sentence(_ peer: SocketAddress, _ reason: CloseReason) -> String {
    switch reason {
    case .connectFailed(let error): "cannot connect to \(peer): \(error)"
    case .handshakeFailed(let error): "no TLS with \(peer): \(error)"
    case .handshakeTimeout: "no TLS with \(peer): no answer in time"
    case .handshakeAbandoned: "no TLS with \(peer): it closed the connection"
    case .broken(let error): "the connection to \(peer) broke: \(error)"
    case .tls(let error): "\(peer) broke off TLS: \(error)"
    case .writeTimeout, .outputLimit: "\(peer) does not read what is sent"
    case .closedHere, .peerClosed, .loopStopped: "the connection to \(peer) was closed"
    }
  }

  // MARK: responses

  /// Passes on what the conversation has understood.
  private func tell(_ reactor: Reactor) {
    var mayFollow = false
    while let event = conversation?.nextEvent() {
      switch event {
      case .head(let stream, let status, let headers):
        hasAnswered = true
        exchanges[stream]?.headCame(status: status, headers)
      case .data(let stream, let bytes): dataCame(stream, bytes)
      case .end(let stream):
        exchanges.removeValue(forKey: stream)?.finish(.success(()))
        mayFollow = true
      case .reset(let stream, let failure):
        if let exchange = exchanges.removeValue(forKey: stream) { failed(exchange, failure, reactor) }
        mayFollow = true
      case .goAway: mayFollow = true
      }
    }
    if mayFollow { pool.dispatch(reactor) }
  }

  private func dataCame(_ stream: StreamID, _ bytes: [UInt8]) {
    guard let exchange = exchanges[stream] else {
      conversation?.consume(bytes.count, of: stream)
      return
    }
    let isWithinLimit = exchange.dataCame(bytes)
    if exchange.maximumBytes != nil { conversation?.consume(bytes.count, of: stream) }
    if !isWithinLimit {
      exchange.finish(.failure(.responseTooLarge))
      abandon(stream)
    }
  }

  /// A request that the peer did not look at is sent again, and so is one that asks only, when the connection turns out to
  /// have been closed before.
  private func failed(_ exchange: ClientExchange, _ failure: StreamFailure, _ reactor: Reactor) {
    let isRepeatable = exchange.request.method == .get && hasAnswered && failure == .connectionLost
    if failure == .refused || isRepeatable, exchange.attempts < 3, !exchange.hasHead, !exchange.isFinished {
      pool.begin(exchange, reactor, ahead: true)
    } else {
      exchange.finish(.failure(HTTPClientError(failure, connection: lossSentence)))
    }
  }
}
