internal import DequeModule
internal import Synchronization
internal import TLS
internal import Transport

/// The connections of one client, and the requests that wait for one.
///
/// Everything but `admit` and `leave` runs on the loop's thread. The connections themselves are found through the loop.
final class ClientPool: Sendable {
  private struct State {
    var waiting: Deque<ClientExchange> = []
    var inFlight = 0
    /// Addresses of the host are being looked up.
    var isResolving = false
    var isClosed = false
  }

  let configuration: HTTPClientConfiguration
  private let loop: EventLoop
  private let state = Mutex(State())

  init(_ configuration: HTTPClientConfiguration, loop: EventLoop) {
    self.configuration = configuration
    self.loop = loop
  }

  // MARK: from any thread

  /// Counts one more request.
  func admit() throws(HTTPClientError) {
    let refusal: HTTPClientError? = state.withLock { state in
      if state.isClosed { return .closed }
      if state.inFlight >= configuration.maximumInFlight { return .overloaded }
      state.inFlight += 1
      return nil
    }
    if let refusal { throw refusal }
  }

  var inFlight: Int { state.withLock { $0.inFlight } }

  /// Counts one request less.
  func leave() {
    state.withLock { $0.inFlight -= 1 }
  }

  // MARK: requests

  /// Sends the request as soon as there is a connection for it.
  func begin(_ exchange: ClientExchange, _ reactor: Reactor, ahead: Bool = false) {
    let isClosed = state.withLock { state in
      if !state.isClosed {
        if ahead { state.waiting.prepend(exchange) } else { state.waiting.append(exchange) }
      }
      return state.isClosed
    }
    if isClosed { return exchange.finish(.failure(.closed)) }
    dispatch(reactor)
  }

  /// Nobody waits for it any more.
  func abandon(_ exchange: ClientExchange, _ reactor: Reactor) {
    state.withLock { state in state.waiting.removeAll { $0 === exchange } }
    guard let place = exchange.place else { return }
    connection(place.connection, reactor)?.abandon(place.stream)
  }

  /// The reader of a streamed response has used so many bytes.
  func consumed(_ count: Int, at place: ClientExchange.Place, _ reactor: Reactor) {
    connection(place.connection, reactor)?.consumed(count, of: place.stream)
  }

  /// Sends what waits, as far as connections take it, and connects if there is need.
  func dispatch(_ reactor: Reactor) {
    expireWaiting(MonotonicClock.now())
    let all = connections(reactor)
    while let connection = all.first(where: { $0.canSend }) {
      guard let exchange = state.withLock({ $0.waiting.popFirst() }) else { break }
      if exchange.isFinished || connection.send(exchange) { continue }
      // The connection has just come to its end.
      state.withLock { $0.waiting.prepend(exchange) }
    }
    guard state.withLock({ !$0.waiting.isEmpty && !$0.isResolving && !$0.isClosed }) else { return }
    let connecting = all.filter { $0.isConnecting }
    for connection in connecting { connection.updateDeadline() }
    if connecting.isEmpty, all.count < configuration.maximumConnections { connect(reactor) }
  }

  /// When the first of the waiting requests must be over; `.max` if none must.
  var waitingDeadline: UInt64 {
    state.withLock { state in state.waiting.reduce(.max) { min($0, $1.deadline) } }
  }

  /// Ends the waiting requests whose deadline has passed.
  func expireWaiting(_ now: UInt64) {
    let late = state.withLock { state in
      let late = state.waiting.filter { $0.deadline <= now }
      if !late.isEmpty { state.waiting.removeAll { $0.deadline <= now } }
      return late
    }
    for exchange in late { exchange.finish(.failure(.deadlineExceeded)) }
  }

  // MARK: connections

  private func connections(_ reactor: Reactor) -> [ClientConnection] {
    var found: [ClientConnection] = []
    reactor.forEachConnection { connection in
      if let own = connection.handler as? ClientConnection, own.pool === self { found.append(own) }
    }
    return found
  }

  private func connection(_ id: SourceID, _ reactor: Reactor) -> ClientConnection? {
    reactor.connection(id)?.handler as? ClientConnection
  }

  private func connect(_ reactor: Reactor) {
    if let host = SocketAddress.Host(configuration.host) {
      return connect(to: [SocketAddress(host: host, port: configuration.port)], reactor)
    }
    state.withLock { $0.isResolving = true }
    Resolver.resolve(configuration.host, port: configuration.port) { [loop] found in
      let result = found.mapError { HTTPClientError.unreachable("cannot look up the server: \($0)") }
      loop.execute { reactor in self.resolved(result, reactor) }
    }
  }

  private func resolved(_ result: Result<[SocketAddress], HTTPClientError>, _ reactor: Reactor) {
    state.withLock { $0.isResolving = false }
    switch result {
    case .success(let addresses): connect(to: addresses[...], reactor)
    case .failure(let error): failWaiting(error)
    }
  }

  /// Connects to the first address; the others are tried when it fails.
  func connect(to addresses: ArraySlice<SocketAddress>, _ reactor: Reactor) {
    guard let address = addresses.first else {
      return failWaiting(.unreachable("\(configuration.host) has no address"))
    }
    do {
      let session = try configuration.tls.map { context in
        try TLSSession(
          client: context, serverName: configuration.serverName ?? configuration.host, alpn: [.h2, .http1_1])
      }
      let handler = ClientConnection(pool: self, otherAddresses: addresses.dropFirst())
      let connection = try Connection.connect(
        to: address, reactor: reactor, tls: session, limits: configuration.connectionLimits, handler: handler)
      handler.began(connection)
    } catch {
      connectFailed("cannot connect to \(address): \(error)", addresses.dropFirst(), reactor)
    }
  }

  func connectFailed(_ sentence: String, _ others: ArraySlice<SocketAddress>, _ reactor: Reactor) {
    if others.isEmpty { failWaiting(.unreachable(sentence)) } else { connect(to: others, reactor) }
  }

  private func failWaiting(_ error: HTTPClientError) {
    let waiting = state.withLock { state in
      defer { state.waiting = [] }
      return state.waiting
    }
    for exchange in waiting { exchange.finish(.failure(error)) }
  }

  /// Ends everything.
  func close(_ reactor: Reactor) {
    state.withLock { $0.isClosed = true }
    failWaiting(.closed)
    for connection in connections(reactor) { connection.close() }
  }
}
