import Testing

@testable import HTTP

/// Whom a connection waits for, and how long.
@Suite struct `HTTP/2 server's deadlines` {
  @Test func `the preface must come in five seconds`() {
    let exchange = ServerExchange(.http2)
    exchange.receive(RawFrames.start.bytes.prefix(20))
    #expect(exchange.conversation.nextDeadline == exchange.now + 5 * second)
    #expect(exchange.advance(5 * second - 1) == [])
    #expect(exchange.advance(1) == [.slowHeader])
    #expect(exchange.conversation.wantsClose && exchange.events.isEmpty)
  }

  @Test func `a header that stays open ends the connection`() {
    let exchange = `HTTP/2 server under abuse`.open()
    #expect(exchange.advance(50 * second) == [])
    var frames = RawFrames()
    frames.headers(1, endHeaders: false)
    exchange.receive(frames.bytes)
    #expect(exchange.advance(5 * second - 1) == [])
    #expect(exchange.advance(1) == [.slowHeader])
    #expect(exchange.conversation.wantsClose && exchange.conversation.isIdle)
  }

  @Test func `a slow body ends its stream alone`() {
    let exchange = `HTTP/2 server under abuse`.open()
    var frames = RawFrames()
    frames.headers(1, RawFrames.post, end: false)
    frames.headers(3, RawFrames.post, end: false)
    exchange.receive(frames.bytes)
    frames = RawFrames()
    frames.add(type: 0, stream: 3, [UInt8](repeating: 1, count: 16_000))
    exchange.receive(frames.bytes)
    #expect(exchange.advance(5 * second) == [.slowBody])
    #expect(`HTTP/2 server under abuse`.resets(exchange) == [HTTP2.ErrorCode.noError])
    frames = RawFrames()
    frames.add(type: 0, flags: 1, stream: 3)
    exchange.receive(frames.bytes)
    #expect(exchange.requests.map(\.0.rawValue) == [3])
    #expect(exchange.conversation.isIdle && !exchange.conversation.wantsClose)
  }

  @Test func `an answer nobody takes is given up after thirty seconds`() {
    let exchange = ServerExchange(.http2)
    exchange.answer = { _ in HTTPResponse(status: 200, body: [UInt8](repeating: 1, count: 100)) }
    var frames = RawFrames()
    frames = RawFrames.start
    // The peer's window for streams is 10 bytes.
    frames.add(type: HTTP2.FrameType.settings, [0, 4, 0, 0, 0, 10])
    frames.headers(1)
    exchange.receive(frames.bytes)
    #expect(!exchange.conversation.isIdle)
    #expect(exchange.advance(30 * second - 1) == [])
    #expect(exchange.advance(1) == [.slowReader])
    #expect(`HTTP/2 server under abuse`.resets(exchange) == [HTTP2.ErrorCode.cancel])
    #expect(exchange.conversation.isIdle && !exchange.conversation.wantsClose)
  }

  @Test func `an idle connection gets its GOAWAY in two steps`() {
    let exchange = `HTTP/2 server under abuse`.open()
    var frames = RawFrames()
    frames.headers(1)
    exchange.receive(frames.bytes)
    #expect(exchange.advance(100 * second) == [.idle])
    let goAways = {
      RawFrames.parse(exchange.output).filter { $0.type == HTTP2.FrameType.goAway }.map(\.payload)
    }
    #expect(goAways() == [[0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]])
    #expect(!exchange.conversation.wantsClose)
    // No PING comes back: the second step follows by itself.
    #expect(exchange.advance(0) == [] && exchange.advance(second) == [])
    #expect(goAways().last == [0, 0, 0, 1, 0, 0, 0, 0])
    #expect(exchange.conversation.wantsClose)
  }

  @Test func `a connection ends in good order at its age and after its share of requests`() {
    let aged = `HTTP/2 server under abuse`.open()
    for index in 0..<UInt32(10) {
      var frames = RawFrames()
      frames.headers(index * 2 + 1)
      aged.receive(frames.bytes)
      _ = aged.advance(60 * second)
    }
    #expect(`HTTP/2 server under abuse`.goAwayCode(aged) == 0)
    var limits = HTTPLimits()
    limits.requestsPerConnection = 3
    let counted = HTTP2Pair(limits: limits)
    for index in 0..<3 { counted.send(.get, "/\(index)") }
    counted.settle()
    #expect(counted.events.contains("goaway"))
    #expect(counted.events.filter { $0.hasSuffix("end") }.count == 3)
    #expect(counted.server.conversation.wantsClose)
  }
}
