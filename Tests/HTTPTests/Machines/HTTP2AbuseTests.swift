import Testing

@testable import HTTP

/// What no honest client sends, as raw frames.
@Suite struct `HTTP/2 server under abuse` {
  /// The error code of the GOAWAY in the output, if there is one.
  static func goAwayCode(_ exchange: ServerExchange) -> UInt32? {
    RawFrames.parse(exchange.output).last { $0.type == HTTP2.FrameType.goAway }
      .map { $0.payload[4..<8].reduce(0) { $0 << 8 | UInt32($1) } }
  }

  static func resets(_ exchange: ServerExchange) -> [UInt32] {
    RawFrames.parse(exchange.output).filter { $0.type == HTTP2.FrameType.resetStream }
      .map { $0.payload.reduce(0) { $0 << 8 | UInt32($1) } }
  }

  static func open(_ limits: HTTPLimits = HTTPLimits()) -> ServerExchange {
    let exchange = ServerExchange(.http2, limits: limits)
    exchange.receive(RawFrames.start.bytes)
    return exchange
  }

  static func expectGivenUp(_ exchange: ServerExchange, _ refusal: Refusal) {
    #expect(exchange.events.last == "refused \(refusal.rawValue), closes")
    #expect(exchange.conversation.wantsClose)
    #expect(exchange.conversation.isIdle && exchange.conversation.nextDeadline == nil)
    #expect(goAwayCode(exchange) == (refusal == .protocolError ? 1 : 0xB))
    let (events, output) = (exchange.events.count, exchange.output.count)
    exchange.receive(RawFrames.start.bytes)
    #expect(exchange.events.count == events && exchange.output.count == output)
  }

  @Test func `streams opened and reset end the connection after the burst, and reach no handler`() {
    let exchange = Self.open()
    var frames = RawFrames()
    for index in 0..<UInt32(100) {
      frames.headers(index * 2 + 1)
      frames.reset(index * 2 + 1)
    }
    exchange.receive(frames.bytes)
    #expect(exchange.requests.isEmpty && exchange.events.isEmpty)
    frames = RawFrames()
    frames.headers(201)
    frames.reset(201)
    exchange.receive(frames.bytes)
    Self.expectGivenUp(exchange, .resetFlood)
    #expect(exchange.requests.isEmpty)
  }

  @Test func `resets within their rate are taken for ever`() {
    var limits = HTTPLimits()
    limits.streamResets = Rate(burst: 10, perSecond: 1)
    let exchange = Self.open(limits)
    for index in 0..<UInt32(80) {
      var frames = RawFrames()
      frames.headers(index * 2 + 1, RawFrames.post, end: false)
      frames.reset(index * 2 + 1)
      exchange.receive(frames.bytes)
      #expect(exchange.advance(second) == [])
    }
    #expect(exchange.events.isEmpty)
    for index in 80..<UInt32(92) {
      var frames = RawFrames()
      frames.headers(index * 2 + 1)
      frames.reset(index * 2 + 1)
      exchange.receive(frames.bytes)
    }
    Self.expectGivenUp(exchange, .resetFlood)
  }

  @Test func `resets that the peer makes us send count as its own`() {
    var limits = HTTPLimits()
    limits.streamResets = Rate(burst: 10, perSecond: 1)
    let exchange = Self.open(limits)
    for index in 0..<UInt32(20) {
      var frames = RawFrames()
      frames.headers(index * 2 + 1, RawFrames.post + [("content-length", "1")], end: false)
      frames.add(type: HTTP2.FrameType.data, flags: 1, stream: index * 2 + 1, [1, 2])
      exchange.receive(frames.bytes)
    }
    #expect(exchange.events.last == "refused reset_flood, closes")
    #expect(exchange.conversation.wantsClose)
    #expect(Self.goAwayCode(exchange) == 0xB)
  }

  @Test func `cancelled requests that are still at work are bounded`() {
    var limits = HTTPLimits()
    limits.concurrentStreams = 10
    let exchange = Self.open(limits)
    exchange.answer = { _ in nil }
    for index in 0..<UInt32(11) {
      var frames = RawFrames()
      frames.headers(index * 2 + 1)
      exchange.receive(frames.bytes)
      frames = RawFrames()
      frames.reset(index * 2 + 1)
      exchange.receive(frames.bytes)
    }
    #expect(exchange.requests.count == 10)
    #expect(exchange.events.last == "refused connection_busy")
    exchange.respond(.text("late"), to: 3)
    var frames = RawFrames()
    frames.headers(101)
    exchange.receive(frames.bytes)
    #expect(exchange.requests.count == 11)
  }

  @Test func `a header in more CONTINUATION frames than it can need`() {
    for (count, isTaken) in [(8, true), (9, false)] {
      let exchange = Self.open()
      var frames = RawFrames()
      frames.headers(1, RawFrames.get, endHeaders: false)
      for index in 1...count {
        frames.add(type: HTTP2.FrameType.continuation, flags: index == count ? 4 : 0, stream: 1)
      }
      exchange.receive(frames.bytes)
      if isTaken {
        #expect(exchange.requests.count == 1)
      } else {
        Self.expectGivenUp(exchange, .continuationFlood)
      }
    }
  }

  private static let workless: [(String, UInt8, UInt8, UInt32, Int)] = [
    ("SETTINGS", 4, 0, 0, 0), ("PING", 6, 0, 0, 8), ("PRIORITY", 2, 0, 1, 5), ("WINDOW_UPDATE", 8, 0, 0, 4),
    ("an unknown type", 0x42, 0, 0, 3), ("empty DATA", 0, 0, 1, 0), ("padding alone", 0, 8, 1, 20),
  ]

  @Test(arguments: workless)
  func `a flood of frames that bring no work`(
    _ name: String, type: UInt8, flags: UInt8, stream: UInt32, size: Int
  ) {
    let exchange = Self.open()
    var frames = RawFrames()
    frames.headers(1, RawFrames.post, end: false)
    exchange.receive(frames.bytes)
    frames = RawFrames()
    var payload = [UInt8](repeating: 0, count: size)
    if type == HTTP2.FrameType.windowUpdate { payload[3] = 1 }
    if flags == 8 { payload[0] = UInt8(size - 1) }
    // A PRIORITY may not depend on itself.
    if type == HTTP2.FrameType.priority { payload[3] = 3 }
    frames.add(type: type, flags: flags, stream: stream, payload)
    // The preface's SETTINGS and its acknowledgement have their share.
    for _ in 0..<990 { exchange.receive(frames.bytes) }
    #expect(exchange.events == [], "\(name)")
    #expect(!exchange.conversation.wantsClose)
    for _ in 0..<20 { exchange.receive(frames.bytes) }
    Self.expectGivenUp(exchange, .controlFlood)
  }

  @Test func `health pings of hours, and window updates along with requests, are no flood`() {
    let exchange = Self.open()
    exchange.now += second
    var ping = RawFrames()
    ping.add(type: HTTP2.FrameType.ping, [UInt8](repeating: 1, count: 8))
    for _ in 0..<10 {
      exchange.receive(ping.bytes)
      #expect(exchange.advance(5 * second) == [])
    }
    for index in 0..<UInt32(2_000) {
      var frames = RawFrames()
      frames.headers(index * 2 + 1)
      for _ in 0..<8 { frames.add(type: HTTP2.FrameType.windowUpdate, [0, 0, 0, 1]) }
      exchange.receive(frames.bytes)
    }
    #expect(exchange.requests.count == 2_000)
    #expect(!exchange.events.contains { $0.hasPrefix("refused") })
    #expect(!exchange.conversation.wantsClose)
  }

  private static let malformed: [(String, [(String, String)])] = [
    ("no path", [(":method", "GET"), (":scheme", "https"), (":authority", "a")]),
    ("no method", [(":scheme", "https"), (":authority", "a"), (":path", "/")]),
    ("two paths", RawFrames.get([(":path", "/b")])),
    ("an unknown pseudo-field", RawFrames.get([(":secret", "b")])),
    ("a response's pseudo-field", RawFrames.get([(":status", "200")])),
    (
      "a pseudo-field behind a field", [("x", "y"), (":method", "GET"), (":scheme", "https"), (":path", "/")]
    ),
    ("an upper-case name", RawFrames.get([("X-Upper", "y")])),
    ("a connection field", RawFrames.get([("connection", "close")])),
    ("a transfer coding", RawFrames.get([("transfer-encoding", "chunked")])),
    ("a line break in a value", RawFrames.get([("x", "a\r\nb: c")])),
    ("a NUL in a value", RawFrames.get([("x", "a\0b")])),
    ("a space in a name", RawFrames.get([("x y", "b")])),
    ("an empty name", RawFrames.get([("", "b")])),
    ("a length without a body", RawFrames.get([("content-length", "5")])),
    ("two lengths", RawFrames.get([("content-length", "0"), ("content-length", "0")])),
    ("an empty path", [(":method", "GET"), (":scheme", "https"), (":authority", "a"), (":path", "")]),
    ("a relative path", [(":method", "GET"), (":scheme", "https"), (":authority", "a"), (":path", "x")]),
  ]

  @Test(arguments: malformed)
  func `a malformed request is reset and reaches no handler`(_ name: String, _ fields: [(String, String)]) {
    let exchange = Self.open()
    var frames = RawFrames()
    frames.headers(1, fields)
    frames.headers(3)
    exchange.receive(frames.bytes)
    #expect(exchange.requests.map(\.0.rawValue) == [3], "\(name)")
    #expect(Self.resets(exchange) == [HTTP2.ErrorCode.protocolError], "\(name)")
    #expect(!exchange.conversation.wantsClose)
  }

  @Test func `CONNECT is answered with 400`() {
    let exchange = Self.open()
    var frames = RawFrames()
    frames.headers(1, [(":method", "CONNECT"), (":authority", "a:443")])
    exchange.receive(frames.bytes)
    #expect(exchange.requests.isEmpty && exchange.events == ["refused bad_request"])
  }

  @Test func `a path with a space or beyond ASCII is answered with 400 or reset`() {
    for path in ["/a b", "/\u{E9}", "/a#b"] {
      let exchange = Self.open()
      var frames = RawFrames()
      frames.headers(1, [(":method", "GET"), (":scheme", "https"), (":authority", "a"), (":path", path)])
      exchange.receive(frames.bytes)
      #expect(exchange.requests.isEmpty)
      #expect(exchange.events == ["refused bad_request"] || Self.resets(exchange) == [1], "\(path)")
    }
  }

  @Test func `a body that is not as long as it said`() {
    for body in ["hell", "hello!"] {
      let exchange = Self.open()
      var frames = RawFrames()
      frames.headers(1, RawFrames.post + [("content-length", "5")], end: false)
      frames.add(type: HTTP2.FrameType.data, flags: 1, stream: 1, Array(body.utf8))
      exchange.receive(frames.bytes)
      #expect(exchange.requests.isEmpty)
      #expect(Self.resets(exchange) == [HTTP2.ErrorCode.protocolError])
    }
  }

  @Test func `a length above the limit is answered before the body comes`() {
    let exchange = Self.open()
    var frames = RawFrames()
    frames.headers(1, RawFrames.post + [("content-length", "7340033")], end: false)
    exchange.receive(frames.bytes)
    #expect(exchange.events == ["refused body_too_large"])
    #expect(RawFrames.parse(exchange.output).suffix(3).map(\.type) == [1, 0, 3])
    #expect(Self.resets(exchange) == [HTTP2.ErrorCode.noError])
    #expect(exchange.conversation.isIdle)
  }

  @Test func `a header above the limits is answered with 431 and kept nowhere`() {
    let many = Self.open()
    var frames = RawFrames()
    frames.headers(1, RawFrames.get + (0..<120).map { ("x-\($0)", "y") })
    many.receive(frames.bytes)
    #expect(many.events == ["refused header_too_large"])
    let large = Self.open()
    frames = RawFrames()
    let value = String(repeating: "v", count: 4_000)
    for part in 0..<5 {
      let fields = (part == 0 ? RawFrames.get : []) + (0..<4).map { ("x-\(part)-\($0)", value) }
      if part == 0 {
        frames.headers(1, fields, endHeaders: false)
      } else {
        frames.add(
          type: HTTP2.FrameType.continuation, flags: part == 4 ? 4 : 0, stream: 1, RawFrames.literal(fields))
      }
    }
    large.receive(frames.bytes)
    #expect(large.events == ["refused header_too_large"])
    frames = RawFrames()
    frames.headers(3)
    large.receive(frames.bytes)
    #expect(large.requests.map(\.0.rawValue) == [3])
  }

  @Test func `bodies of one connection together are bounded`() {
    var limits = HTTPLimits()
    limits.bufferedBytes = 100_000
    let exchange = Self.open(limits)
    for stream in stride(from: UInt32(1), to: 41, by: 2) {
      var frames = RawFrames()
      frames.headers(stream, RawFrames.post, end: false)
      frames.add(type: HTTP2.FrameType.data, stream: stream, [UInt8](repeating: 1, count: 10_000))
      exchange.receive(frames.bytes)
    }
    #expect(exchange.events == Array(repeating: "refused connection_busy", count: 10))
    #expect(Self.resets(exchange) == Array(repeating: HTTP2.ErrorCode.refusedStream, count: 10))
    var frames = RawFrames()
    for stream in stride(from: UInt32(1), to: 21, by: 2) {
      frames.add(type: HTTP2.FrameType.data, flags: 1, stream: stream)
    }
    exchange.receive(frames.bytes)
    #expect(exchange.requests.count == 10)
    // Answered: the account is empty again.
    frames = RawFrames()
    frames.headers(101, RawFrames.post, end: false)
    for _ in 0..<10 { frames.add(type: 0, stream: 101, [UInt8](repeating: 1, count: 10_000)) }
    frames.add(type: 0, flags: 1, stream: 101)
    exchange.receive(frames.bytes)
    #expect(exchange.requests.last?.1.body.count == 100_000)
  }

  private static let breaches: [(String, [UInt8])] = [
    ("not HTTP/2", Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)),
    ("DATA on stream 0", RawFrames.with { $0.add(type: 0, stream: 0, [UInt8](repeating: 1, count: 20)) }),
    ("HEADERS on an even stream", RawFrames.with { $0.headers(2) }),
    (
      "a frame above the maximum size",
      RawFrames.with { $0.add(type: 0, stream: 1, [UInt8](repeating: 1, count: 20_000)) }
    ),
    ("a bad HPACK index", RawFrames.with { $0.add(type: 1, flags: 5, stream: 1, [0xFF, 0xFF, 0x7F]) }),
    (
      "a header cut by another frame",
      RawFrames.with {
        $0.headers(1, endHeaders: false); $0.add(type: 6, [0, 0, 0, 0, 0, 0, 0, 0])
      }
    ),
    (
      "PUSH_PROMISE from a client",
      RawFrames.with {
        $0.headers(1, RawFrames.post, end: false); $0.add(type: 5, flags: 4, stream: 1, [0, 0, 0, 2])
      }
    ),
    ("a window beyond its end", RawFrames.with { $0.add(type: 8, [0x7F, 0xFF, 0xFF, 0xFF]) }),
    ("a PING of the wrong size", RawFrames.with { $0.add(type: 6, [1]) }),
  ]

  @Test(arguments: breaches)
  func `a breach of the framing ends the connection`(_ name: String, _ bytes: [UInt8]) {
    let exchange = ServerExchange(.http2)
    exchange.receive(bytes)
    #expect(exchange.events == ["refused protocol_error, closes"], "\(name)")
    #expect(exchange.conversation.wantsClose && exchange.conversation.isIdle)
    #expect(exchange.requests.isEmpty)
  }

  @Test func `trailers are dropped`() {
    let exchange = Self.open()
    var frames = RawFrames()
    frames.headers(1, RawFrames.post, end: false)
    frames.add(type: 0, stream: 1, Array("hello".utf8))
    frames.headers(1, [("x-trailer", "y")])
    exchange.receive(frames.bytes)
    #expect(exchange.events == ["POST /p ? [host=a] hello"])
  }

  @Test func `100 Continue is sent to who waits for it`() {
    let exchange = Self.open()
    var frames = RawFrames()
    frames.headers(1, RawFrames.post + [("expect", "100-continue")], end: false)
    exchange.receive(frames.bytes)
    let informational = RawFrames.parse(exchange.output).filter { $0.type == HTTP2.FrameType.headers }
    #expect(informational.count == 1 && informational.first?.flags == HTTP2.Flag.endHeaders)
    frames = RawFrames()
    frames.add(type: 0, flags: 1, stream: 1, Array("ok".utf8))
    exchange.receive(frames.bytes)
    #expect(exchange.requests.count == 1)
  }

  @Test func `means the same wherever the bytes are cut`() {
    var frames = RawFrames.start
    frames.headers(1, RawFrames.post + [("content-length", "5")], end: false)
    frames.add(type: 6, [1, 2, 3, 4, 5, 6, 7, 8])
    frames.add(type: 0, flags: 1, stream: 1, Array("hello".utf8))
    frames.headers(3, RawFrames.get, endHeaders: false)
    frames.add(type: 9, flags: 4, stream: 3, RawFrames.literal([("x", "y")]))
    frames.headers(5)
    frames.reset(5)
    frames.headers(7, RawFrames.get([("Bad", "y")]))
    let whole = ServerExchange(.http2)
    whole.receive(frames.bytes)
    #expect(whole.requests.count == 2)
    for cut in 1..<frames.bytes.count {
      let halves = ServerExchange(.http2)
      halves.receive(frames.bytes[..<cut])
      halves.receive(frames.bytes[cut...])
      // Between its HEADERS and its RST_STREAM the fifth request may be seen.
      #expect(
        halves.events.filter { !$0.hasPrefix("GET / ? [host=a] ") }
          == whole.events.filter { !$0.hasPrefix("GET / ? [host=a] ") })
      #expect(Self.resets(halves) == Self.resets(whole), "cut at \(cut)")
    }
    let single = ServerExchange(.http2)
    for byte in frames.bytes { single.receive([byte]) }
    #expect(single.requests.map(\.0.rawValue) == [1, 3, 5])
    #expect(Self.resets(single) == Self.resets(whole))
  }
}

extension RawFrames {
  /// The preface, SETTINGS and what the closure adds.
  static func with(_ fill: (inout RawFrames) -> Void) -> [UInt8] {
    var frames = RawFrames.start
    fill(&frames)
    return frames.bytes
  }
}
