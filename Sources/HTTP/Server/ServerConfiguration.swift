public import TLS
public import Transport

/// What an `HTTPServer` is to be.
public struct ServerConfiguration: Sendable {
  /// Names the server in metrics and its threads: `webhook`, `health`, …
  public var name: String
  /// Where to listen; port 0 lets the kernel choose.
  public var addresses: [SocketAddress]
  /// Threads, each with its own listening sockets.
  public var loops: Int
  /// The bounds of requests and conversations.
  public var limits = HTTPLimits()
  /// The bounds of connections.
  public var connectionLimits = ConnectionLimits()
  /// Connections open at a time, over all loops; one more is closed as soon as it is accepted.
  public var maximumConnections = 10_000
  /// The same for one peer address, nil for no such bound. A cluster's API server reaches us from few addresses.
  public var maximumConnectionsPerPeer: Int?
  /// How long a handler may keep a request; a connection in which nothing is answered for so long is closed. Nanoseconds.
  public var answerTimeout: UInt64 = 60_000_000_000
  /// Nil for plain TCP, which speaks HTTP/1.1 alone.
  public var tls: TLSServerContext?

  /// A server of that name on these addresses.
  public init(name: String, addresses: [SocketAddress], loops: Int = 1, tls: TLSServerContext? = nil) {
    self.name = name
    self.addresses = addresses
    self.loops = loops
    self.tls = tls
  }
}
