/// Every bound the server's machines keep. Times are nanoseconds of the monotonic clock that callers pass as `now`.
public struct HTTPLimits: Sendable {
  static let second: UInt64 = 1_000_000_000

  // MARK: Size of a request

  /// A request body, in bytes; as large as the API server's own reviews can get.
  public var bodyBytes = 7 << 20
  /// Request line and all fields of one request, in bytes. HTTP/2 counts 32 more per field (RFC 9113 §6.5.2) and advertises it.
  public var headerBytes = 64 << 10
  /// Fields of one request.
  public var headerCount = 100
  /// All chunk extensions of one chunked body, in bytes. They are read and dropped.
  public var chunkExtensionBytes = 1 << 10
  /// The trailer of one chunked body, in bytes. It is read and dropped.
  public var trailerBytes = 8 << 10

  // MARK: Time

  /// From the first byte of a request (HTTP/2: of the connection) to the end of its header.
  public var headerDeadline = 5 * second
  /// From the end of the header to the end of the body, at most.
  public var bodyDeadline = 10 * second
  /// Bytes per second a body must keep up once `bodyGrace` is over: in time is who has sent `(age - grace) * rate` bytes.
  public var bodyRate: UInt64 = 8 << 10
  /// How long a body may take however slowly it comes.
  public var bodyGrace = 5 * second
  /// HTTP/2: from the answer to the moment the peer's windows have let all of it out.
  public var responseDeadline = 30 * second
  /// Without a request. A little above the 90 s after which client-go closes its own idle connections: who closes
  /// first should be the client, which cannot lose a request by it.
  public var idleTimeout = 100 * second
  /// How long nothing must have come on a connection before the server's end closes it. A request on its way to a connection
  /// that is closed is lost, and a client that just connected, or just had an answer, is likely to have sent one.
  public var quietBeforeClose = 1 * second

  // MARK: Life of a connection

  /// Requests after which a connection is ended in good order, so that load spreads over replicas again.
  public var requestsPerConnection = 1_000_000
  /// Age after which it is ended in good order; each connection takes off up to a quarter, so that they do not all go at once.
  public var connectionAge = 600 * second
  /// HTTP/1.1: bytes read ahead of the answer to the request before them.
  public var pipelinedBytes = 64 << 10

  // MARK: HTTP/2

  /// Streams of one connection at a time, and requests at work, cancelled ones included.
  public var concurrentStreams = 100
  /// Received body bytes of one connection that wait for their answer.
  public var bufferedBytes = 32 << 20
  /// What the peer may send ahead on one stream, in bytes.
  public var streamWindow = 1 << 20
  /// What the peer may send ahead on the connection, in bytes.
  public var connectionWindow = 4 << 20
  /// CONTINUATION frames of one header.
  public var continuations = 8
  /// Streams reset by the peer or through its faults.
  public var streamResets = Rate(burst: 100, perSecond: 10)
  /// Frames that carry no work. Each request and each frame of an answer gives some back (see `ControlFrameMeter`),
  /// so a busy client's WINDOW_UPDATEs pass, and a health PING every 30 s costs less than it gets.
  public var controlFrames = Rate(burst: 1_000, perSecond: 100)
  /// Entries of one SETTINGS frame.
  public var settingsEntries = 32
  /// PING and SETTINGS acknowledgements waiting to be sent.
  public var outboundAcknowledgements = 1_000

  /// The defaults.
  public init() {}

  /// How long after its start a body of which `received` bytes have come must be complete, if nothing more came.
  func bodyAllowance(received: Int) -> UInt64 {
    min(bodyDeadline, bodyGrace + UInt64(received) * HTTPLimits.second / bodyRate)
  }

  /// The age at which a connection that began at `start` is ended. The start's own low digits are the chance in it.
  func connectionEnd(start: UInt64) -> UInt64 {
    var mixed = start &+ 0x9E37_79B9_7F4A_7C15
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    mixed ^= mixed >> 31
    return start &+ connectionAge - mixed % (connectionAge / 4 + 1)
  }
}

/// A token bucket's size and refill.
public struct Rate: Sendable, Equatable {
  /// How many at once.
  public var burst: UInt64
  /// How many come back each second.
  public var perSecond: UInt64

  /// A bucket of `burst` tokens that refills with `perSecond`.
  public init(burst: UInt64, perSecond: UInt64) {
    self.burst = burst
    self.perSecond = perSecond
  }
}

/// A token bucket without a clock of its own. Counts in units of a billionth token, so that no refill is lost to rounding.
struct TokenBucket {
  private let rate: Rate
  private var level: UInt64
  private var last: UInt64

  init(_ rate: Rate, now: UInt64) {
    self.rate = rate
    level = rate.burst * HTTPLimits.second
    last = now
  }

  /// Takes tokens; false if there were not as many, and then none is left.
  mutating func take(_ tokens: UInt64 = 1, now: UInt64) -> Bool {
    let cost = tokens * HTTPLimits.second
    if level < cost || now &- last > HTTPLimits.second { refill(now: now) }
    guard level >= cost else {
      level = 0
      return false
    }
    level -= cost
    return true
  }

  /// Gives tokens back, up to the burst.
  mutating func give(_ tokens: UInt64) {
    level = min(rate.burst * HTTPLimits.second, level + tokens * HTTPLimits.second)
  }

  private mutating func refill(now: UInt64) {
    guard now > last else { return }
    let elapsed = min(now - last, 3_600 * HTTPLimits.second)
    level = min(rate.burst * HTTPLimits.second, level + elapsed * rate.perSecond)
    last = now
  }
}
