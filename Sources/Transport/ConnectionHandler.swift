public import TLS

/// What stands above a connection. Called on the loop's thread only.
///
/// Order: `connectionOpened` once, at most; then `received`, `inputEnded` (once), `produceOutput` and `deadlineReached` as
/// they come; `connectionClosed` once, last. A connection that never came to be open is only closed. Any of them may write
/// to the connection or close it.
public protocol ConnectionHandler: AnyObject {
  /// The connect has succeeded, and the TLS handshake if there is one is done.
  func connectionOpened(_ connection: Connection)

  /// Plaintext from the peer, in order; `bytes` end with the call. `produceOutput` follows when all that came at once is told.
  func connection(_ connection: Connection, received bytes: UnsafeRawBufferPointer)

  /// The peer will send nothing more, but may still read. After TLS, a `clean` end was announced; one that is not clean
  /// may have been cut off by somebody in between.
  func connection(_ connection: Connection, inputEnded clean: Bool)

  /// Write what there is to write: after input, after `setNeedsFlush`, and when pending output has gone out. Not called while
  /// more output is pending than `ConnectionLimits.highWater`.
  func produceOutput(_ connection: Connection)

  /// The time set by `setHandlerDeadline` has come.
  func connection(_ connection: Connection, deadlineReached now: UInt64)

  /// Nothing more will be called.
  func connectionClosed(_ connection: Connection, _ reason: CloseReason)
}

/// Why a connection ended.
public enum CloseReason: Sendable, Equatable {
  /// The handler closed it.
  case closedHere
  /// The peer closed it before anything else happened, or after its end of input was answered.
  case peerClosed
  /// The connect failed, or came to nothing in time.
  case connectFailed(SystemError)
  /// The peer reset the connection, or the network did.
  case broken(SystemError)
  /// The handshake failed.
  case handshakeFailed(TLSError)
  /// The handshake was not done in time, or the peer left in the middle of it.
  case handshakeTimeout
  case handshakeAbandoned
  /// The peer broke TLS after the handshake.
  case tls(TLSError)
  /// The peer does not take what is written to it.
  case writeTimeout
  case outputLimit
  /// The loop was stopped.
  case loopStopped
}

/// The bounds of every connection. Times are nanoseconds.
public struct ConnectionLimits: Sendable {
  /// From the start of a connect to its success.
  public var connectTimeout: UInt64 = 10_000_000_000
  /// From the accepted or connected socket to the end of the TLS handshake.
  public var handshakeTimeout: UInt64 = 5_000_000_000
  /// For what is pending at one time to be taken by the peer.
  public var writeTimeout: UInt64 = 10_000_000_000
  /// How long a closed connection listens on, so that the last answer is not lost to a reset (RFC 9112 §9.6).
  public var lingerTimeout: UInt64 = 1_000_000_000
  /// Pending output above which nothing is read from the peer, and nothing new is asked of the handler.
  public var highWater = 256 << 10
  /// Pending output at which the peer is given up. Above the largest single answer.
  public var maximumPendingOutput = 16 << 20

  /// The defaults.
  public init() {}
}
