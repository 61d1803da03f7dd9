internal import Synchronization
public import TLS
public import Transport

/// An HTTP server on loops of its own: HTTP/1.1, and HTTP/2 where TLS agreed on it.
///
/// Life: `start`, then `beginDraining` when connections should move elsewhere (new ones are still served), then `drain`,
/// after which nothing is left of it. All may be called from any thread.
public final class HTTPServer: Sendable {
  /// Makes the handler of the loop of that number, on its thread.
  public typealias MakeHandler = @Sendable (Int) -> any LoopHandler

  private struct State {
    var loops: [EventLoop] = []
    var isStarted = false
    var isDrained = false
    var metrics: ServerMetrics
  }

  private let shared: ServerShared
  private let makeHandler: MakeHandler
  private let loopStatistics: [LoopStatistics]
  private let state: Mutex<State>

  /// Not listening yet.
  public init(_ configuration: ServerConfiguration, makeHandler: @escaping MakeHandler) {
    precondition(configuration.loops > 0, "a server has at least one loop")
    shared = ServerShared(configuration)
    self.makeHandler = makeHandler
    loopStatistics = (0..<configuration.loops).map { _ in LoopStatistics() }
    state = Mutex(State(metrics: ServerMetrics(server: configuration.name)))
  }

  /// Listens, once. Returns the addresses with the ports the kernel chose, in the order of the configuration.
  ///
  /// - Throws: what kept an address from being listened on; then nothing is listening.
  @discardableResult
  public func start() async throws -> [SocketAddress] {
    let configuration = shared.configuration
    var bound: [SocketAddress] = []
    var sockets: [[SocketTransfer]] = Array(repeating: [], count: configuration.loops)
    for address in configuration.addresses {
      let listening = try Socket.listening(on: address, count: configuration.loops)
      bound.append(listening.address)
      for (index, socket) in listening.sockets.enumerated() { sockets[index].append(socket) }
    }
    let loops = try (0..<configuration.loops).map { try EventLoop(name: "\(configuration.name)-\($0)") }
    state.withLock { state in
      precondition(!state.isStarted, "a server is started once")
      state.isStarted = true
      state.loops = loops
    }
    for (index, loop) in loops.enumerated() {
      try await serve(on: loop, index, sockets[index])
    }
    return bound
  }

  private func serve(on loop: EventLoop, _ index: Int, _ sockets: [SocketTransfer]) async throws {
    let outcome = await loop.run { [shared, makeHandler, statistics = loopStatistics[index]] reactor in
      let serverLoop = ServerLoop(
        shared: shared, statistics: statistics, reactor: reactor, handler: makeHandler(index))
      return Result<Void, SystemError> { () throws(SystemError) in
        for transfer in sockets {
          if let socket = transfer.take() { try serverLoop.listen(socket) }
        }
      }
    }
    try outcome?.get()
  }

  /// From now on new connections shake hands with `context`; the others go on as they are.
  public func replaceCertificate(_ context: TLSServerContext) {
    shared.tls = context
  }

  // MARK: the end

  /// Asks every peer to come back on another connection, after the next answer: `connection: close`, or GOAWAY. Connections
  /// are still accepted, and treated the same way, until `drain`.
  public func beginDraining() {
    shared.startDraining()
    for loop in state.withLock({ $0.loops }) {
      loop.execute { reactor in
        reactor.forEachConnection { ($0.handler as? ServerConnection)?.startDraining() }
      }
    }
  }

  /// Stops accepting, closes connections as they fall quiet, waits for the others at most `timeout` nanoseconds, and ends the loops.
  ///
  /// - Returns: how many connections were cut off.
  @discardableResult
  public func drain(timeout: UInt64) async -> Int {
    let loops = state.withLock { state in
      defer { state.isDrained = true }
      return state.isDrained ? [] : state.loops
    }
    guard let first = loops.first else { return 0 }
    beginDraining()
    for loop in loops { await loop.run(Self.stopAccepting) }
    let shared = shared
    first.execute { reactor in
      Alarm(reactor: reactor) { _ in shared.stopWaiting() }.set(MonotonicClock.now() &+ timeout)
    }
    await shared.waitUntilEmpty()
    let cutOff = statistics.open
    for loop in loops { loop.stop() }
    for loop in loops { await loop.stopped() }
    return cutOff
  }

  private static func stopAccepting(_ reactor: Reactor) {
    reactor.forEachListener { $0.stop() }
    reactor.forEachConnection { ($0.handler as? ServerConnection)?.closeWhenQuiet() }
  }

  // MARK: what it tells

  /// The sum over all loops, each read a little later than the one before.
  public var statistics: ServerStatistics {
    var sum = ServerStatistics()
    for loop in loopStatistics { loop.add(to: &sum) }
    return sum
  }

  /// Brings the metrics `spiderpool_webhook_server_…` up to date; call it whenever they are about to be read.
  public func publishMetrics() {
    state.withLock { $0.metrics.publish(statistics) }
  }
}
