import TestSupport
import Testing

@testable import HTTP

/// Random conversations; a failure prints the seed that repeats it.
@Suite struct `Random conversations` {
  static let seeds: [UInt64] = [1, 2, .random(in: 0...UInt64.max), .random(in: 0...UInt64.max)]

  @Test(arguments: seeds)
  func `HTTP/1.1 requests in random pieces come out whole and in order`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var wire: [UInt8] = []
    var expected: [String] = []
    for index in 0..<60 {
      let body = String(repeating: "b", count: Int.random(in: 0...3_000, using: &random))
      let fields = (0..<Int.random(in: 0...6, using: &random)).map { "X-\($0): \(index)\r\n" }.joined()
      wire += "POST /\(index)?q=\(seed) HTTP/1.1\r\nHost: a\r\n\(fields)".utf8
      if Bool.random(using: &random) {
        wire += "Content-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8
      } else {
        wire += "Transfer-Encoding: chunked\r\n\r\n".utf8
        var rest = body[...]
        while !rest.isEmpty {
          let piece = rest.prefix(Int.random(in: 1...900, using: &random))
          wire += "\(String(piece.utf8.count, radix: 16))\r\n\(piece)\r\n".utf8
          rest = rest.dropFirst(piece.count)
        }
        wire += "0\r\n\r\n".utf8
      }
      expected.append("/\(index) \(body.utf8.count)")
    }
    let exchange = ServerExchange()
    var offset = 0
    while offset < wire.count {
      let end = min(wire.count, offset + Int.random(in: 1...2_000, using: &random))
      exchange.receive(wire[offset..<end])
      offset = end
    }
    #expect(exchange.requests.map { "\($0.1.path) \($0.1.body.count)" } == expected, "seed \(seed)")
    #expect(exchange.statuses == Array(repeating: 200, count: 60), "seed \(seed)")
    #expect(exchange.conversation.isIdle, "seed \(seed)")
  }

  /// What one request of the random HTTP/2 conversation went through.
  struct Fate {
    var body: [UInt8]
    var isCancelled = false
    var isAnswered = false
  }

  @Test(arguments: seeds)
  func `HTTP/2 requests, cancellations and late answers in any order leave nothing behind`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var limits = HTTPLimits()
    // Cancelling is not the subject here; a real second has not passed for nghttp2's own count either.
    limits.streamResets = Rate(burst: 10_000, perSecond: 10_000)
    limits.concurrentStreams = 20
    let pair = HTTP2Pair(limits: limits)
    pair.server.answer = { _ in nil }
    var fates: [StreamID: Fate] = [:]
    var answered = 0
    for _ in 0..<250 {
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<4:
        let body = [UInt8](
          repeating: UInt8.random(in: 0...255, using: &random),
          count: Int.random(in: 0...20_000, using: &random))
        if let stream = pair.send(.post, "/", body: body) { fates[stream] = Fate(body: body) }
      case 4:
        guard let stream = fates.keys.sorted(by: { $0.rawValue < $1.rawValue }).randomElement(using: &random)
        else { break }
        pair.client.cancel(stream)
        fates[stream]?.isCancelled = true
      case 5..<8:
        // Any request that is still open at the server, echoed.
        guard answered < pair.server.requests.count else { break }
        pair.server.respond(
          HTTPResponse(status: 200, body: pair.server.requests[answered].1.body), to: answered)
        answered += 1
      case 8: _ = pair.server.advance(UInt64.random(in: 0...100_000_000, using: &random))
      default: pair.settle()
      }
    }
    pair.settle()
    while answered < pair.server.requests.count {
      pair.server.respond(
        HTTPResponse(status: 200, body: pair.server.requests[answered].1.body), to: answered)
      answered += 1
      pair.settle()
    }
    #expect(pair.server.conversation.isIdle && pair.client.openStreams == 0, "seed \(seed)")
    let refusals = Set(pair.server.events.filter { $0.hasPrefix("refused") })
    #expect(refusals.isSubset(of: ["refused connection_busy"]), "seed \(seed)")
    #expect(!pair.client.wantsClose, "seed \(seed)")
    for (stream, fate) in fates where !fate.isCancelled && !pair.events.contains("\(stream.rawValue) refused")
    {
      #expect(pair.events.contains("\(stream.rawValue) end"), "seed \(seed), stream \(stream.rawValue)")
      #expect(pair.bodies[stream] ?? [] == fate.body, "seed \(seed), stream \(stream.rawValue)")
    }
  }

  @Test(arguments: seeds)
  func `noise never gets past the first fault, and never stops the machine`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<60 {
      for version in [HTTPVersion.http1_1, .http2] {
        var bytes =
          version == .http2
          ? RawFrames.with { $0.headers(1, RawFrames.post, end: false) } : Array(`HTTP/1.1 server`.post.utf8)
        for _ in 0..<Int.random(in: 1...4, using: &random) {
          bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
        let exchange = ServerExchange(version)
        exchange.receive(bytes)
        exchange.receive(bytes)
        _ = exchange.advance(20 * second)
        _ = exchange.advance(200 * second)
        _ = exchange.advance(200 * second)
        _ = exchange.advance(200 * second)
        #expect(exchange.conversation.wantsClose, "seed \(seed)")
      }
    }
  }
}
