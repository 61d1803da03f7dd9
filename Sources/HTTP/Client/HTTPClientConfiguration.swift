public import TLS
public import Transport

/// What a client speaks to, and its bounds.
public struct HTTPClientConfiguration: Sendable {
  /// A DNS name, or an address without brackets.
  public var host: String
  /// The port.
  public var port: UInt16
  /// Whom to trust and what to show; plain TCP and HTTP/1.1 if nil.
  public var tls: TLSClientContext?
  /// The name the server's certificate must be for; the host if nil.
  public var serverName: String?
  /// What the protocols' machines accept, and when a silent peer is asked for a sign of life.
  public var limits = HTTPClientLimits()
  /// The bounds of each connection.
  public var connectionLimits = ConnectionLimits()
  /// Requests under way or waiting; one more is refused with `.overloaded`.
  public var maximumInFlight = 1024
  /// Connections at one time. HTTP/2 needs one, and another while the first is going away; HTTP/1.1 one per request.
  public var maximumConnections = 16
  /// Bytes of the body of a response that is collected; a streamed one has no bound.
  public var maximumResponseBytes = 256 << 20

  /// For a host and a port, with the defaults.
  public init(host: String, port: UInt16, tls: TLSClientContext?) {
    self.host = host
    self.port = port
    self.tls = tls
    connectionLimits.connectTimeout = 5_000_000_000
    // An API server that has just started has many to shake hands with.
    connectionLimits.handshakeTimeout = 10_000_000_000
    // A list of thousands of objects may go out and come in slowly.
    connectionLimits.writeTimeout = 30_000_000_000
  }

  /// Host and port, as a request names them.
  var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
