/// The server's side of one connection in whichever protocol was negotiated. Forwards, and nothing else.
enum ServerConversation {
  case http1(HTTP1ServerConnection)
  case http2(HTTP2ServerConnection)

  /// Begins a conversation at `now`, in nanoseconds of the monotonic clock. The memory of bodies comes from `bodies`.
  init(_ version: HTTPVersion, limits: HTTPLimits, bodies: BodyStore = BodyStore(), now: UInt64) {
    switch version {
    case .http1_1: self = .http1(HTTP1ServerConnection(limits: limits, bodies: bodies, now: now))
    case .http2: self = .http2(HTTP2ServerConnection(limits: limits, bodies: bodies, now: now))
    }
  }

  /// Reads the peer's bytes. After `wantsClose` they are dropped.
  func receive(_ bytes: UnsafeRawBufferPointer, now: UInt64) {
    switch self {
    case .http1(let connection): connection.receive(bytes, now: now)
    case .http2(let connection): connection.receive(bytes, now: now)
    }
  }

  /// What was understood since; ask until nil, after `receive`, `respond` and `expire`.
  func nextEvent() -> ServerEvent? {
    switch self {
    case .http1(let connection): connection.nextEvent()
    case .http2(let connection): connection.nextEvent()
    }
  }

  /// Answers a request, once. An answer to a request that has vanished is dropped.
  func respond(_ response: HTTPResponse, to stream: StreamID, now: UInt64) {
    switch self {
    case .http1(let connection): connection.respond(response, to: stream, now: now)
    case .http2(let connection): connection.respond(response, to: stream, now: now)
    }
  }

  /// Whether there are bytes to send.
  var hasOutput: Bool {
    switch self {
    case .http1(let connection): connection.hasOutput
    case .http2(let connection): connection.hasOutput
    }
  }

  /// Hands the bytes to send to the closure, once; they are gone afterwards. Ask `hasOutput` again when they are sent:
  /// HTTP/2 hands out a bounded piece at a time.
  func withOutput<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
    switch self {
    case .http1(let connection): connection.withOutput(body)
    case .http2(let connection): connection.withOutput(body)
    }
  }

  /// False while the socket should not be read: too much was sent ahead.
  var wantsInput: Bool {
    switch self {
    case .http1(let connection): connection.wantsInput
    case .http2(let connection): connection.wantsInput
    }
  }

  /// Ends the connection in good order: HTTP/1.1 `connection: close` on each answer, HTTP/2 GOAWAY in two steps.
  func startDraining() {
    switch self {
    case .http1(let connection): connection.startDraining()
    case .http2(let connection): connection.startDraining()
    }
  }

  /// Carries out a deadline that has passed; call until nil. The refusal told here is not told as an event too.
  func expire(now: UInt64) -> Refusal? {
    switch self {
    case .http1(let connection): connection.expire(now: now)
    case .http2(let connection): connection.expire(now: now)
    }
  }

  /// When `expire` is to be called next at the latest; may be early.
  var nextDeadline: UInt64? {
    switch self {
    case .http1(let connection): connection.nextDeadline
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

  /// No request is at work and no part of one has come.
  var isIdle: Bool {
    switch self {
    case .http1(let connection): connection.isIdle
    case .http2(let connection): connection.isIdle
    }
  }
}
