internal import TLS
internal import Transport

/// The server's part on one loop: accepts, and keeps what its connections share. Confined to the loop's thread.
final class ServerLoop {
  let shared: ServerShared
  let statistics: LoopStatistics
  let handler: any LoopHandler
  let limits: HTTPLimits
  let answerTimeout: UInt64
  let bodies = BodyStore()
  private let reactor: Reactor

  init(shared: ServerShared, statistics: LoopStatistics, reactor: Reactor, handler: any LoopHandler) {
    self.shared = shared
    self.statistics = statistics
    self.reactor = reactor
    self.handler = handler
    limits = shared.configuration.limits
    answerTimeout = shared.configuration.answerTimeout
  }

  func listen(_ socket: consuming Socket) throws(SystemError) {
    // The listener, and each connection, keeps this loop alive.
    _ = try Listener(socket, reactor: reactor) { socket, peer in
      self.accept(socket, peer)
    } onTrouble: { _ in
      self.statistics.count(.outOfDescriptors)
    }
  }

  private func accept(_ socket: consuming Socket, _ peer: SocketAddress) {
    statistics.accepted.add()
    guard shared.admit(peer.host) else {
      statistics.count(.connectionLimit)
      return
    }
    statistics.open.add()
    do {
      try Connection.accept(
        socket, peer: peer, reactor: reactor, tls: shared.tls, limits: shared.configuration.connectionLimits,
        traffic: statistics.traffic, handler: ServerConnection(loop: self, peer: peer.host))
    } catch {
      statistics.count(.outOfDescriptors)
      statistics.open.add(-1)
      shared.release(peer.host)
    }
  }

  func closed(_ connection: ServerConnection, peer: SocketAddress.Host, _ reason: CloseReason) {
    statistics.open.add(-1)
    switch reason {
    case .handshakeFailed(let error): statistics.countHandshakeFailure(HandshakeFailure(error))
    case .handshakeTimeout: statistics.countHandshakeFailure(.timeout)
    case .handshakeAbandoned: statistics.countHandshakeFailure(.abandoned)
    case .writeTimeout, .outputLimit: statistics.count(.slowReader)
    case .closedHere, .peerClosed, .connectFailed, .broken, .tls, .loopStopped: break
    }
    shared.release(peer)
  }
}
