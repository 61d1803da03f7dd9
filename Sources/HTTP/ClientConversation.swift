/// The client's side of one connection in whichever protocol was negotiated. Forwards, and nothing else.
enum ClientConversation {
  case http1(HTTP1ClientConnection)
  case http2(HTTP2ClientConnection)

  /// Begins a conversation at `now`, in nanoseconds of the monotonic clock. `authority` is host and port as in a URL.
  init(
    _ version: HTTPVersion, limits: HTTPClientLimits = HTTPClientLimits(), authority: String,
    scheme: String = "https", now: UInt64
  ) {
    switch version {
    case .http1_1: self = .http1(HTTP1ClientConnection(limits: limits, authority: authority, now: now))
    case .http2:
      self = .http2(HTTP2ClientConnection(limits: limits, authority: authority, scheme: scheme, now: now))
    }
  }

  /// Sends a request; nil if none can be sent here now.
  func send(_ request: HTTPRequest, now: UInt64) -> StreamID? {
    switch self {
    case .http1(let connection): connection.send(request, now: now)
    case .http2(let connection): connection.send(request, now: now)
    }
  }

  /// Whether a request can be sent here now.
  var canSend: Bool {
    switch self {
    case .http1(let connection): connection.canSend
    case .http2(let connection): connection.canSend
    }
  }

  /// Requests whose responses are not complete.
  var openStreams: Int {
    switch self {
    case .http1(let connection): connection.openStreams
    case .http2(let connection): connection.openStreams
    }
  }

  /// Ends a request whose response nobody wants any more; no event comes for it. With HTTP/1.1 the connection ends too.
  func cancel(_ id: StreamID) {
    switch self {
    case .http1(let connection): connection.cancel(id)
    case .http2(let connection): connection.cancel(id)
    }
  }

  /// Bytes of `data` events were used: the peer may send as many more.
  func consume(_ count: Int, of id: StreamID) {
    switch self {
    case .http1(let connection): connection.consume(count, of: id)
    case .http2(let connection): connection.consume(count, of: id)
    }
  }

  /// Reads the peer's bytes.
  func receive(_ bytes: UnsafeRawBufferPointer, now: UInt64) {
    switch self {
    case .http1(let connection): connection.receive(bytes, now: now)
    case .http2(let connection): connection.receive(bytes, now: now)
    }
  }

  /// The peer has closed its side, or the connection has failed: open requests get their last event.
  func receiveEnd() {
    switch self {
    case .http1(let connection): connection.receiveEnd()
    case .http2(let connection): connection.receiveEnd()
    }
  }

  /// What was understood since; ask until nil.
  func nextEvent() -> ClientEvent? {
    switch self {
    case .http1(let connection): connection.nextEvent()
    case .http2(let connection): connection.nextEvent()
    }
  }

  /// Whether there are bytes to send.
  var hasOutput: Bool {
    switch self {
    case .http1(let connection): connection.hasOutput
    case .http2(let connection): connection.hasOutput
    }
  }

  /// Hands the bytes to send to the closure, once; they are gone afterwards. A bounded piece at a time.
  func withOutput<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
    switch self {
    case .http1(let connection): connection.withOutput(body)
    case .http2(let connection): connection.withOutput(body)
    }
  }

  /// False while the socket should not be read: the reader of a response is behind.
  var wantsInput: Bool {
    switch self {
    case .http1(let connection): connection.wantsInput
    case .http2: true
    }
  }

  /// Takes no more requests, and ends the connection when those at work are done.
  func startDraining() {
    switch self {
    case .http1(let connection): connection.startDraining()
    case .http2(let connection): connection.startDraining()
    }
  }

  /// HTTP/2's sign of life; true if the peer gave none and the connection has just been given up.
  func expire(now: UInt64) -> Bool {
    switch self {
    case .http1: false
    case .http2(let connection): connection.expire(now: now)
    }
  }

  /// When `expire` is to be called next; nil: never.
  var nextDeadline: UInt64? {
    switch self {
    case .http1: nil
    case .http2(let connection): connection.nextDeadline
    }
  }

  /// The connection is to be closed once the output is sent.
  var wantsClose: Bool {
    switch self {
    case .http1(let connection): connection.wantsClose
    case .http2(let connection): connection.wantsClose
    }
  }
}
