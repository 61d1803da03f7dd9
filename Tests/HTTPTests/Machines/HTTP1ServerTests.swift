import Testing

@testable import HTTP

@Suite struct `HTTP/1.1 server` {
  static let post =
    "POST /mutate?timeout=10s HTTP/1.1\r\nHost: webhook:5722\r\nContent-Length: 5\r\n\r\nhello"

  @Test func `reads a request with a body that comes in one piece`() throws {
    let exchange = ServerExchange()
    exchange.receive(Self.post)
    #expect(exchange.events == ["POST /mutate ?timeout=10s [host=webhook:5722&content-length=5] hello"])
    #expect(
      exchange.text
        == "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 12\r\n\r\nPOST /mutate")
    #expect(!exchange.conversation.wantsClose)
    #expect(exchange.conversation.isIdle)
  }

  @Test(arguments: [
    post,
    "GET / HTTP/1.1\r\nhost: a\r\n\r\n",
    "\r\nGET /livez HTTP/1.1\r\nHost:\t a \t\r\nX-Empty:\r\n\r\n",
    "GET http://host:80/a/b?c=d?e HTTP/1.1\r\nHost: other\r\n\r\nGET https://host?q HTTP/1.1\r\nhost: h\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n5;x=\"y\"\r\nhello\r\n00A\r\n, world!!!\r\n0\r\nTrailer: t\r\n\r\n",
    post + post + "DELETE /x HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Close\r\n\r\n" + post,
    "POST /e HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\nok",
    "GET / HTTP/1.0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\nignored",
    "GET / HTTP/1.1\r\nHost: a\r\nBad Header: 1\r\n\r\n",
    "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n",
  ])
  func `means the same wherever the bytes are cut`(_ text: String) {
    let bytes = Array(text.utf8)
    let whole = ServerExchange()
    whole.receive(bytes)
    for cut in 1..<bytes.count {
      let halves = ServerExchange()
      halves.receive(bytes[..<cut])
      halves.receive(bytes[cut...])
      #expect(halves.events == whole.events, "cut at \(cut)")
      #expect(halves.output == whole.output, "cut at \(cut)")
      #expect(halves.conversation.wantsClose == whole.conversation.wantsClose, "cut at \(cut)")
    }
    let single = ServerExchange()
    for byte in bytes { single.receive([byte]) }
    #expect(single.events == whole.events)
    #expect(single.output == whole.output)
    #expect(!whole.events.isEmpty)
  }

  @Test func `answers pipelined requests in order, one at work at a time`() {
    let exchange = ServerExchange()
    exchange.answer = { _ in nil }
    exchange.receive("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(exchange.requests.map(\.1.path) == ["/1"])
    exchange.respond(.text("one"), to: 0)
    #expect(exchange.requests.map(\.1.path) == ["/1", "/2"])
    // A second answer to the first request is nobody's.
    exchange.respond(.text("again"), to: 0)
    exchange.respond(.text("two"), to: 1)
    #expect(
      exchange.text.contains("one") && exchange.text.hasSuffix("two") && !exchange.text.contains("again"))
  }

  @Test func `keeps a bounded number of bytes sent ahead`() {
    let exchange = ServerExchange()
    exchange.answer = { _ in nil }
    exchange.receive("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n")
    exchange.receive(String(repeating: "G", count: 40 << 10))
    #expect(!exchange.conversation.wantsInput)
    exchange.receive(String(repeating: "G", count: 40 << 10))
    #expect(exchange.events.last == "refused pipeline_overflow, closes")
    #expect(exchange.conversation.wantsClose)
    exchange.respond(.text("late"), to: 0)
    #expect(exchange.output.isEmpty)
  }

  @Test func `asks for the body only when it will be read`() {
    let willing = ServerExchange()
    willing.receive("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    #expect(willing.text == "HTTP/1.1 100 Continue\r\n\r\n")
    let tooLarge = ServerExchange()
    tooLarge.receive("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 7340033\r\n\r\n")
    #expect(tooLarge.statuses == [413])
    let other = ServerExchange()
    other.receive("POST / HTTP/1.1\r\nHost: a\r\nExpect: coffee\r\nContent-Length: 2\r\n\r\n")
    #expect(other.statuses == [417])
    #expect(other.events == ["refused expectation_failed, closes"])
  }

  @Test func `refuses a body above the limit by its length, before it is read`() {
    let exchange = ServerExchange()
    exchange.receive("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 7340033\r\n\r\n")
    #expect(exchange.events == ["refused body_too_large, closes"])
    #expect(exchange.statuses == [413])
    #expect(exchange.text.contains("\r\nconnection: close\r\n"))
    #expect(exchange.conversation.wantsClose)
  }

  @Test func `takes a body of exactly the limit, and not one byte more, in chunks too`() {
    var limits = HTTPLimits()
    limits.bodyBytes = 10
    let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    let full = ServerExchange(limits: limits)
    full.receive(head + "4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n")
    #expect(full.requests.first?.1.body.count == 10)
    let over = ServerExchange(limits: limits)
    over.receive(head + "4\r\n0123\r\n7\r\n")
    #expect(over.events == ["refused body_too_large, closes"])
  }

  @Test func `bounds the header's size and the number of its fields`() {
    var limits = HTTPLimits()
    limits.headerBytes = 1_000
    limits.headerCount = 5
    let long = ServerExchange(limits: limits)
    long.receive("GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "x", count: 1_000))
    #expect(long.events == ["refused header_too_large, closes"])
    #expect(long.statuses == [431])
    let endless = ServerExchange(limits: limits)
    for _ in 0..<1_001 { endless.receive("x") }
    #expect(endless.events == ["refused header_too_large, closes"])
    let many = ServerExchange(limits: limits)
    many.receive("GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X: y\r\n", count: 4) + "\r\n")
    #expect(many.requests.count == 1)
    many.receive("GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X: y\r\n", count: 5) + "\r\n")
    #expect(many.events.last == "refused header_too_large, closes")
  }

  @Test func `answers HEAD with the length and without the body`() {
    let exchange = ServerExchange()
    exchange.receive("HEAD /livez HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(exchange.text == "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 11\r\n\r\n")
  }

  @Test func `keeps control characters of an answer's headers from ending their line`() {
    let exchange = ServerExchange()
    exchange.answer = { _ in .text("", extraHeaders: [("warning", "a\r\nset-cookie: b")]) }
    exchange.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(exchange.text.contains("\r\nwarning: a  set-cookie: b\r\n"))
  }

  @Test func `tells a status it has no phrase for, and no length where there is no body`() {
    let exchange = ServerExchange()
    exchange.answer = { _ in HTTPResponse(status: 204, contentType: "") }
    exchange.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(exchange.text == "HTTP/1.1 204 No Content\r\n\r\n")
  }
}

@Suite struct `HTTP/1.1 server's deadlines` {
  @Test func `a header must be complete five seconds after its first byte`() {
    let exchange = ServerExchange()
    #expect(exchange.advance(20 * second) == [])
    exchange.receive("GET / HT")
    #expect(exchange.conversation.nextDeadline == exchange.now + 5 * second)
    #expect(exchange.advance(4 * second) == [])
    exchange.receive("TP/1.1\r\nHost: a\r\n")
    #expect(exchange.advance(1 * second) == [.slowHeader])
    #expect(exchange.statuses == [408])
    #expect(exchange.conversation.wantsClose)
    #expect(exchange.conversation.nextDeadline == nil)
  }

  @Test func `a body that trickles is cut at its grace, one that flows at ten seconds`() {
    let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n"
    let trickle = ServerExchange()
    trickle.receive(head + "x")
    #expect(trickle.advance(5 * second - 1) == [])
    #expect(trickle.advance(1 * second) == [.slowBody])
    #expect(trickle.statuses == [408])
    let flow = ServerExchange()
    flow.receive(head)
    for _ in 0..<9 {
      flow.receive(String(repeating: "x", count: 9_000))
      #expect(flow.advance(1 * second) == [])
    }
    #expect(flow.advance(1 * second) == [.slowBody])
  }

  @Test func `an idle connection is closed without a word`() {
    let exchange = ServerExchange()
    exchange.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(exchange.advance(100 * second - 1) == [])
    #expect(exchange.advance(1) == [.idle])
    #expect(exchange.statuses == [200])
    #expect(exchange.conversation.wantsClose)
  }

  @Test func `a request at work has no deadline here`() {
    let exchange = ServerExchange()
    exchange.answer = { _ in nil }
    exchange.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(exchange.conversation.nextDeadline == nil)
    #expect(exchange.advance(1_000 * second) == [])
    exchange.respond(.text("late"), to: 0)
    #expect(exchange.text.hasSuffix("late"))
  }

  @Test func `draining makes each answer the last, and leaves an idle connection to its owner`() {
    let exchange = ServerExchange()
    exchange.receive("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n")
    exchange.conversation.startDraining()
    #expect(!exchange.conversation.wantsClose && exchange.conversation.isIdle)
    exchange.receive("GET /2 HTTP/1.1\r\nHost: a\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(exchange.requests.map(\.1.path) == ["/1", "/2"])
    #expect(exchange.text.components("connection: close") == 1)
    #expect(exchange.conversation.wantsClose)
  }

  @Test func `a connection ends in good order after its share of requests, and at its age`() {
    var limits = HTTPLimits()
    limits.requestsPerConnection = 3
    let counted = ServerExchange(limits: limits)
    for _ in 0..<4 { counted.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n") }
    #expect(counted.requests.count == 3)
    #expect(counted.text.components("connection: close") == 1)

    var ends: Set<UInt64> = []
    for start in stride(from: UInt64(1), to: 1_000_000, by: 50_021) {
      let age = HTTPLimits().connectionEnd(start: start) - start
      #expect(age <= 600 * second && age >= 450 * second)
      ends.insert(age / second)
    }
    #expect(ends.count > 10)
    let aged = ServerExchange()
    for _ in 0..<10 {
      aged.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(aged.advance(60 * second) == [])
    }
    aged.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(aged.text.components("connection: close") == 1)
    #expect(aged.conversation.wantsClose)
  }
}

extension String {
  /// How often the part occurs.
  func components(_ part: String) -> Int {
    self.split(separator: part, omittingEmptySubsequences: false).count - 1
  }
}
