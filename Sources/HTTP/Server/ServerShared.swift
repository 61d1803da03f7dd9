internal import Synchronization
internal import TLS
internal import Transport

/// What the loops of one server share.
final class ServerShared: Sendable {
  let configuration: ServerConfiguration
  private let draining = Atomic<Bool>(false)
  private let connections = Atomic<Int>(0)
  private let context: Mutex<TLSServerContext?>
  /// Connections of each peer address; kept only if they are bounded.
  private let peers = Mutex<[SocketAddress.Host: Int]>([:])
  private let waiting = Mutex(Waiting())

  /// Who waits for the last connection to go, and whether the wait was ended, which may be before it began.
  private struct Waiting {
    var continuation: CheckedContinuation<Void, Never>?
    var isOver = false
  }

  init(_ configuration: ServerConfiguration) {
    self.configuration = configuration
    context = Mutex(configuration.tls)
  }

  /// Whether connections are to be ended in good order.
  var isDraining: Bool { draining.load(ordering: .relaxed) }

  func startDraining() {
    draining.store(true, ordering: .relaxed)
  }

  /// What new connections shake hands with.
  var tls: TLSServerContext? {
    get { context.withLock { $0 } }
    set { context.withLock { $0 = newValue } }
  }

  /// Counts one more connection, unless that were too many.
  func admit(_ peer: SocketAddress.Host) -> Bool {
    let count = connections.add(1, ordering: .relaxed).newValue
    if count <= configuration.maximumConnections, admitPeer(peer) { return true }
    leave()
    return false
  }

  /// Counts one connection less.
  func release(_ peer: SocketAddress.Host) {
    if configuration.maximumConnectionsPerPeer != nil {
      peers.withLock { peers in
        let count = peers[peer, default: 1] - 1
        peers[peer] = count == 0 ? nil : count
      }
    }
    leave()
  }

  private func admitPeer(_ peer: SocketAddress.Host) -> Bool {
    guard let limit = configuration.maximumConnectionsPerPeer else { return true }
    return peers.withLock { peers in
      let count = peers[peer, default: 0]
      if count < limit { peers[peer] = count + 1 }
      return count < limit
    }
  }

  private func leave() {
    if connections.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { resumeWaiting() }
  }

  // MARK: draining

  /// Returns when no connection is open, or `stopWaiting` is or was called. Nothing must be accepting any more.
  func waitUntilEmpty() async {
    await withCheckedContinuation { continuation in
      let isOver = waiting.withLock { waiting in
        waiting.continuation = continuation
        return waiting.isOver
      }
      if isOver || connections.load(ordering: .acquiring) == 0 { resumeWaiting() }
    }
  }

  func stopWaiting() {
    waiting.withLock { $0.isOver = true }
    resumeWaiting()
  }

  private func resumeWaiting() {
    let continuation = waiting.withLock { $0.continuation.take() }
    continuation?.resume()
  }
}
