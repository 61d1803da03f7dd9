import TLS
import Testing
import Transport

@testable import HTTP

@Suite("HTTP server's limits", .timeLimit(.minutes(5)))
struct ServerLimitTests {
  @Test func `closes connections beyond the maximum, and counts them`() async throws {
    let test = try await TestServer { $0.maximumConnections = 3 }
    try await withClientLoop { loop in
      var clients: [TextClient] = []
      for _ in 0..<3 {
        clients.append(try await TextClient(test.port, loop: loop))
        _ = try await clients.last?.ask("/")
      }
      let refused = try await TextClient(test.port, loop: loop)
      #expect(await refused.end().isEmpty)
      #expect(test.refusals(.connectionLimit) == 1)
      #expect(test.server.statistics.open == 3)
      clients[0].close()
      while test.server.statistics.open > 2 { await Task.yield() }
      let admitted = try await TextClient(test.port, loop: loop)
      #expect(try await admitted.ask("/").status == 200)
    }
    await test.server.drain(timeout: 1_000 * millisecond)
  }

  @Test func `bounds the connections of one peer`() async throws {
    let test = try await TestServer(loops: 2) { $0.maximumConnectionsPerPeer = 1 }
    try await withClientLoop { loop in
      let first = try await TextClient(test.port, loop: loop)
      _ = try await first.ask("/")
      #expect(try await TextClient(test.port, loop: loop).end().isEmpty)
      #expect(test.refusals(.connectionLimit) == 1)
      first.close()
      while test.server.statistics.open > 0 { await Task.yield() }
      #expect(try await TextClient(test.port, loop: loop).ask("/").status == 200)
    }
    await test.server.drain(timeout: 1_000 * millisecond)
  }

  @Test func `answers a header that does not end with 408`() async throws {
    let test = try await TestServer { $0.limits.headerDeadline = 20 * millisecond }
    try await withClientLoop { loop in
      let client = try await TextClient(test.port, loop: loop)
      client.send("POST / HTTP/1.1\r\nhost: ")
      #expect(await client.end().hasPrefix("HTTP/1.1 408 "))
      #expect(test.refusals(.slowHeader) == 1)
    }
    await test.server.drain(timeout: 1_000 * millisecond)
  }

  @Test func `answers a body that does not come with 408`() async throws {
    let test = try await TestServer {
      $0.limits.bodyDeadline = 20 * millisecond
      $0.limits.bodyGrace = 10 * millisecond
    }
    try await withClientLoop { loop in
      let client = try await TextClient(test.port, loop: loop)
      client.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nabc")
      #expect(await client.end().hasPrefix("HTTP/1.1 408 "))
      #expect(test.refusals(.slowBody) == 1)
    }
    await test.server.drain(timeout: 1_000 * millisecond)
  }

  @Test func `closes a connection on which nothing is asked`() async throws {
    let identity = try ServerIdentity()
    let test = try await TestServer(tls: identity.makeServer()) { $0.limits.idleTimeout = 20 * millisecond }
    try await withClientLoop { loop in
      let client = try await TextClient(test.port, loop: loop, tls: identity.client)
      #expect(await client.end().isEmpty)
      #expect(test.refusals(.idle) == 1)
    }
    await test.server.drain(timeout: 1_000 * millisecond)
  }

  @Test func `refuses a body above the limit before it comes`() async throws {
    let test = try await TestServer { $0.limits.bodyBytes = 1_000 }
    try await withClientLoop { loop in
      let client = try await TextClient(test.port, loop: loop)
      client.send(
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1001\r\n\r\n" + String(repeating: "x", count: 1001))
      let answer = try await client.answer()
      #expect(answer.status == 413 && answer.closes)
      #expect(test.refusals(.bodyTooLarge) == 1)
    }
    await test.server.drain(timeout: 1_000 * millisecond)
  }

  @Test func `gives up a client that asks and does not read`() async throws {
    let test = try await TestServer { $0.connectionLimits.writeTimeout = 50 * millisecond }
    try await withClientLoop { loop in
      let client = try await TextClient(test.port, loop: loop)
      client.stopReading()
      for _ in 0..<64 { client.post("/large") }
      while test.server.statistics.open > 0 || test.server.statistics.accepted == 0 { await Task.yield() }
      #expect(test.refusals(.slowReader) == 1)
      // It was not asked for all the answers: they would have been 64 MiB.
      #expect(test.server.statistics.allRequests < 64)
    }
    await test.server.drain(timeout: 1_000 * millisecond)
  }

  @Test func `closes a connection whose request nobody answers`() async throws {
    let test = try await TestServer { $0.answerTimeout = 20 * millisecond }
    try await withClientLoop { loop in
      let client = try await TextClient(test.port, loop: loop)
      client.post("/never")
      #expect(await client.end().isEmpty)
      #expect(test.refusals(.unanswered) == 1)
      #expect(test.server.statistics.inFlight == 0)
      test.kept.answerAll()
    }
    await test.server.drain(timeout: 1_000 * millisecond)
  }

  @Test func `counts handshakes that fail, by reason`() async throws {
    let identity = try ServerIdentity()
    let test = try await TestServer(tls: identity.makeServer())
    let hurried = try await TestServer(tls: identity.makeServer()) {
      $0.connectionLimits.handshakeTimeout = 20 * millisecond
    }
    try await withClientLoop { loop in
      let garbage = try await TextClient(test.port, loop: loop)
      garbage.post("/")
      _ = await garbage.end()
      let leaving = try await TextClient(test.port, loop: loop)
      leaving.send("\u{16}")
      leaving.close()
      let silent = try await TextClient(hurried.port, loop: loop)
      #expect(await silent.end().isEmpty)
      while test.server.statistics.accepted < 2 || test.server.statistics.open > 0 { await Task.yield() }
    }
    #expect(test.server.statistics.handshakeFailures[.protocolMismatch] == 1)
    #expect(test.server.statistics.handshakeFailures[.abandoned] == 1)
    #expect(test.refusals(.tlsHandshake) == 2)
    #expect(hurried.server.statistics.handshakeFailures[.timeout] == 1)
    await test.server.drain(timeout: 1_000 * millisecond)
    await hurried.server.drain(timeout: 1_000 * millisecond)
  }
}
