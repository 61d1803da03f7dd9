/// What a client's machine has understood of the bytes it was given. A request's events come in this order: one `head`, any
/// number of `data`, one `end`; or a `reset` in place of what is missing. After `end` and `reset` nothing follows.
public enum ClientEvent: Sendable {
  /// The final status and its fields; informational ones are dropped.
  case head(StreamID, status: Int, HTTPHeaders)
  /// A piece of the body, as it came. Tell `consume` when it is used, or the peer stops sending.
  case data(StreamID, [UInt8])
  /// The response is complete. Trailers are dropped.
  case end(StreamID)
  /// The response will not be completed.
  case reset(StreamID, StreamFailure)
  /// The peer wants no new requests here. Those at work go on, except the ones reset with `.refused`.
  case goAway

  /// The request it belongs to, if to one.
  var stream: StreamID? {
    switch self {
    case .head(let stream, _, _), .data(let stream, _), .end(let stream), .reset(let stream, _): stream
    case .goAway: nil
    }
  }
}

/// Why a response will not be completed.
public enum StreamFailure: Error, Sendable, Equatable {
  /// The peer did not look at the request: it can be sent again, whatever it is.
  case refused
  /// HTTP/2: the peer ended the stream with this error code (RFC 9113 §7).
  case reset(UInt32)
  /// The connection is gone, or was given up.
  case connectionLost
  /// The peer's answer is not well-formed, or above a limit.
  case badResponse
}

/// The bounds the client's machines keep. Times are nanoseconds of the monotonic clock that callers pass as `now`.
public struct HTTPClientLimits: Sendable {
  /// Status line and fields of one response, in bytes.
  public var headerBytes = 64 << 10
  /// Fields of one response.
  public var headerCount = 200
  /// HTTP/2: what the peer may send ahead on one stream, in bytes. HTTP/1.1 keeps the socket unread beyond it.
  public var streamWindow = 1 << 20
  /// HTTP/2: what the peer may send ahead on the connection, in bytes: enough that one stream whose reader is slow does not
  /// stop the others.
  public var connectionWindow = 16 << 20
  /// HTTP/2: silence after which the peer is asked for a sign of life, while requests are open.
  public var pingAfter = 30 * HTTPLimits.second
  /// HTTP/2: how long the peer may take to give one.
  public var pingTimeout = 15 * HTTPLimits.second

  /// The defaults; the times are client-go's.
  public init() {}
}
