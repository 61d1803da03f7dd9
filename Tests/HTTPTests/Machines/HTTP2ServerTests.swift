import Testing

@testable import HTTP

@Suite struct `HTTP/2 server and client, against each other` {
  @Test func `the loaded nghttp2 is new enough`() {
    #expect(HTTP2.isAvailable)
    #expect(HTTP2.versionText.hasPrefix("1."))
  }

  @Test func `carry a request and its answer`() {
    let pair = HTTP2Pair()
    let stream = pair.client.send(
      HTTPRequest(
        method: .post, path: "/mutate", query: "timeout=10s",
        headers: HTTPHeaders([("Content-Type", "application/json"), ("Connection", "close")]),
        body: Array("hello".utf8)), now: pair.now)
    pair.settle()
    #expect(
      pair.server.events == [
        "POST /mutate ?timeout=10s [host=webhook:5722&content-type=application/json&content-length=5] hello"
      ])
    #expect(pair.events == ["1 head 200", "1 end"])
    #expect(pair.body(stream) == "POST /mutate")
    #expect(pair.server.conversation.isIdle && pair.client.openStreams == 0)
    #expect(!pair.server.conversation.wantsClose && !pair.client.wantsClose)
  }

  @Test func `carry many requests at a time, more than the server takes at once`() {
    let pair = HTTP2Pair()
    let streams = (0..<250).map { pair.send(.post, "/\($0)", body: Array("body \($0)".utf8)) }
    pair.settle()
    #expect(pair.server.requests.count == 250)
    for (index, stream) in streams.enumerated() { #expect(pair.body(stream) == "POST /\(index)") }
    #expect(pair.client.openStreams == 0)
  }

  @Test func `carry large bodies both ways, through the windows`() {
    let pair = HTTP2Pair()
    // No piece of it looks like the next.
    let large = Array(0..<UInt32(3 << 18)).withUnsafeBytes { Array($0) }
    pair.server.answer = { HTTPResponse(status: 200, contentType: "x/y", body: $0.body) }
    let stream = pair.send(.put, "/", body: large)
    pair.settle()
    #expect(pair.server.requests.first?.1.body == large)
    #expect(stream.map { pair.bodies[$0] == large } == true)
  }

  @Test func `hold the answer back while its reader is behind`() {
    let pair = HTTP2Pair()
    pair.consumes = false
    pair.server.answer = { _ in HTTPResponse(status: 200, body: [UInt8](repeating: 1, count: 3 << 20)) }
    let slow = pair.send(.get, "/slow")
    pair.settle()
    guard let slow else { return }
    #expect(pair.bodies[slow]?.count == 1 << 20)
    // The others go on.
    pair.server.answer = { _ in .text("quick") }
    let quick = pair.send(.get, "/quick")
    pair.settle()
    #expect(pair.body(quick) == "quick")
    pair.consumes = true
    pair.client.consume(1 << 20, of: slow)
    pair.settle()
    #expect(pair.bodies[slow]?.count == 3 << 20)
  }

  @Test func `cancelled answers nobody read do not use the connection up`() {
    var limits = HTTPClientLimits()
    limits.connectionWindow = 4 << 20
    let pair = HTTP2Pair(clientLimits: limits)
    pair.consumes = false
    pair.server.answer = { _ in HTTPResponse(status: 200, body: [UInt8](repeating: 1, count: 2 << 20)) }
    for index in 0..<12 {
      guard let stream = pair.send(.get, "/watch") else { return }
      pair.settle()
      #expect(pair.bodies[stream]?.count == 1 << 20, "request \(index)")
      pair.client.cancel(stream)
      // The reader was about to say that it used something.
      pair.client.consume(1_000, of: stream)
      pair.settle()
    }
    #expect(pair.client.openStreams == 0)
  }

  @Test func `a cancelled request's events are not told any more`() {
    let pair = HTTP2Pair()
    let first = pair.send(.get, "/1")
    pair.send(.get, "/2")
    while pair.client.hasOutput { pair.server.receive(pair.client.withOutput { Array($0) }) }
    pair.server.output.withUnsafeBytes { pair.client.receive($0, now: pair.now) }
    first.map { pair.client.cancel($0) }
    pair.takeEvents()
    #expect(pair.events == ["3 head 200", "3 end"])
  }

  @Test func `a small request needs no window update, and an answer none either`() {
    let pair = HTTP2Pair()
    pair.send(.post, "/", body: [UInt8](repeating: 1, count: 4096))
    pair.settle()
    let before = pair.server.output.count
    for _ in 0..<100 { pair.send(.post, "/", body: [UInt8](repeating: 1, count: 4096)) }
    pair.settle()
    let types = RawFrames.parse(Array(pair.server.output[before...])).map(\.type)
    #expect(types.count == 200 && !types.contains(HTTP2.FrameType.windowUpdate))
  }

  @Test func `HEAD, and statuses without a body`() {
    let pair = HTTP2Pair()
    let head = pair.send(.head, "/")
    pair.server.answer = {
      $0.method == .head ? .text("seven..") : HTTPResponse(status: 204, contentType: "")
    }
    pair.send(.get, "/none")
    pair.settle()
    #expect(pair.events.sorted() == ["1 end", "1 head 200", "3 end", "3 head 204"])
    #expect(pair.body(head) == "")
  }

  @Test func `a cancelled request's answer is dropped, and its work is counted until then`() {
    let pair = HTTP2Pair()
    pair.server.answer = { _ in nil }
    let streams = (0..<3).map { _ in pair.send(.get, "/") }
    pair.settle()
    for stream in streams.compactMap({ $0 }) { pair.client.cancel(stream) }
    pair.settle()
    #expect(pair.client.openStreams == 0)
    #expect(!pair.server.conversation.isIdle)
    for index in 0..<3 { pair.server.respond(.text("late"), to: index) }
    #expect(pair.server.conversation.isIdle)
    pair.settle()
    #expect(pair.events.isEmpty)
  }

  @Test func `a request cancelled before it was sent leaves nothing behind`() {
    let pair = HTTP2Pair()
    let stream = pair.send(.get, "/")
    stream.map { pair.client.cancel($0) }
    // Twice: nghttp2 would then send RST_STREAM for a stream that never was.
    stream.map { pair.client.cancel($0) }
    pair.settle()
    #expect(pair.client.openStreams == 0 && !pair.server.conversation.wantsClose)
    #expect(pair.server.requests.isEmpty && pair.events.isEmpty)
  }

  @Test func `draining answers what is on its way and then ends`() {
    let pair = HTTP2Pair()
    pair.server.answer = { _ in nil }
    pair.send(.get, "/1")
    pair.settle()
    pair.server.conversation.startDraining()
    // Sent before the client could hear of it: must be answered.
    pair.send(.get, "/2")
    pair.settle()
    #expect(pair.events == ["goaway"])
    #expect(!pair.client.canSend && pair.send(.get, "/3") == nil)
    #expect(pair.server.requests.map(\.1.path) == ["/1", "/2"])
    #expect(!pair.server.conversation.wantsClose)
    pair.server.respond(.text("a"), to: 0)
    pair.server.respond(.text("b"), to: 1)
    pair.settle()
    #expect(pair.events == ["goaway", "1 head 200", "1 end", "3 head 200", "3 end"])
    #expect(pair.server.conversation.wantsClose && pair.client.wantsClose)
  }

  @Test func `the client's own goodbye ends both sides`() {
    let pair = HTTP2Pair()
    pair.send(.get, "/1")
    pair.settle()
    pair.client.startDraining()
    pair.settle()
    #expect(pair.client.wantsClose && pair.server.conversation.wantsClose)
    #expect(pair.server.events == ["GET /1 ? [host=webhook:5722] "])
  }

  @Test func `a lost connection tells every open request`() {
    let pair = HTTP2Pair()
    pair.server.answer = { _ in nil }
    pair.send(.get, "/1")
    pair.settle()
    pair.send(.get, "/2")
    pair.client.receiveEnd()
    pair.takeEvents()
    #expect(pair.events == ["1 connectionLost", "3 connectionLost"])
    #expect(pair.client.wantsClose && !pair.client.canSend)
  }

  @Test func `a silent peer is asked for a sign of life, and given up without one`() {
    let pair = HTTP2Pair()
    pair.server.answer = { _ in nil }
    pair.send(.get, "/watch")
    pair.settle()
    let start = pair.now
    #expect(pair.client.nextDeadline == start + 30 * second)
    #expect(!pair.client.expire(now: start + 30 * second))
    #expect(pair.client.hasOutput && pair.client.nextDeadline == start + 45 * second)
    #expect(pair.client.expire(now: start + 45 * second))
    pair.takeEvents()
    #expect(pair.events == ["1 connectionLost"])
  }

  @Test func `a peer that answers the PING is kept`() {
    let pair = HTTP2Pair()
    pair.server.answer = { _ in nil }
    pair.send(.get, "/watch")
    pair.settle()
    for _ in 0..<50 {
      _ = pair.server.advance(30 * second)
      #expect(!pair.client.expire(now: pair.now))
      pair.settle()
    }
    #expect(pair.client.openStreams == 1)
    #expect(!pair.server.events.contains { $0.hasPrefix("refused") })
  }

  @Test func `a request beyond the body limit is answered and the client told to stop`() {
    var limits = HTTPLimits()
    limits.bodyBytes = 100_000
    let pair = HTTP2Pair(limits: limits)
    let stream = pair.send(.post, "/", body: [UInt8](repeating: 1, count: 200_000))
    pair.settle()
    #expect(pair.server.events == ["refused body_too_large"])
    #expect(pair.events == ["1 head 413", "1 end"])
    #expect(pair.body(stream).contains("limit"))
    #expect(pair.client.openStreams == 0 && pair.server.conversation.isIdle)
    pair.send(.post, "/", body: [UInt8](repeating: 1, count: 100_000))
    pair.settle()
    #expect(pair.server.requests.count == 1)
  }
}
