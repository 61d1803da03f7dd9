import TLS
import Testing
import Transport

@testable import HTTP

@Suite("HTTP server", .timeLimit(.minutes(5)))
struct HTTPServerTests {
  @Test(arguments: [false, true])
  func `answers request after request on one connection`(_ encrypted: Bool) async throws {
    let identity = try ServerIdentity()
    let test = try await TestServer(tls: encrypted ? identity.makeServer() : nil)
    try await withClientLoop { loop in
      let client = try await TextClient(test.port, loop: loop, tls: encrypted ? identity.client : nil)
      for number in 0..<20 {
        let answer = try await client.ask("/echo", "body \(number)")
        #expect(answer.status == 200 && answer.body == "body \(number)" && !answer.closes)
      }
    }
    let statistics = test.server.statistics
    #expect(statistics.accepted == 1)
    #expect(statistics.requests[.http1_1] == 20)
    #expect(statistics.handshakes[.tls1_3] == (encrypted ? 1 : 0))
    #expect(statistics.bytesIn > 1_000 && statistics.bytesOut > 1_000)
    await test.server.drain(timeout: 1_000 * millisecond)
    #expect(test.server.statistics.open == 0)
  }

  @Test func `answers requests sent ahead in their order`() async throws {
    let test = try await TestServer()
    try await withClientLoop { loop in
      let client = try await TextClient(test.port, loop: loop)
      client.post("/later")
      for number in 1..<50 { client.post("/echo", "\(number)") }
      #expect(try await client.answer().body == "later")
      for number in 1..<50 { #expect(try await client.answer().body == "\(number)") }
    }
    await test.server.drain(timeout: 1_000 * millisecond)
  }

  @Test func `takes answers from other threads, and drops those that come too late`() async throws {
    let test = try await TestServer()
    try await withClientLoop { loop in
      let patient = try await TextClient(test.port, loop: loop)
      let impatient = try await TextClient(test.port, loop: loop)
      patient.post("/never")
      await test.kept.waitForOne()
      impatient.post("/never")
      await test.kept.waitForOne()
      // A request is counted when its handler has returned.
      while test.server.statistics.inFlight < 2 { await Task.yield() }
      impatient.close()
      test.kept.answerAll()
      #expect(try await patient.answer().body == "at last")
      while test.server.statistics.open > 1 { await Task.yield() }
      #expect(test.server.statistics.inFlight == 0)
    }
    await test.server.drain(timeout: 1_000 * millisecond)
  }

  @Test func `serves many connections on several loops`() async throws {
    let identity = try ServerIdentity()
    let test = try await TestServer(tls: identity.makeServer(), loops: 2)
    let bodies = try await withClientLoop { loop in
      try await withThrowingTaskGroup(of: String.self) { group in
        for _ in 0..<40 {
          group.addTask {
            let client = try await TextClient(test.port, loop: loop, tls: identity.client)
            for _ in 0..<10 { _ = try await client.ask("/later") }
            return try await client.ask("/").body
          }
        }
        return try await group.reduce(into: [String: Int]()) { $0[$1, default: 0] += 1 }
      }
    }
    // The kernel spreads them by a hash: all 40 on one side would be a chance of one in 2^39.
    #expect(bodies.keys.sorted() == ["loop 0", "loop 1"])
    #expect(bodies.values.reduce(0, +) == 40)
    #expect(test.server.statistics.allRequests == 440)
    await test.server.drain(timeout: 1_000 * millisecond)
  }

  @Test func `answers a client that has closed its half`() async throws {
    let test = try await TestServer()
    try await withClientLoop { loop in
      let client = try await TextClient(test.port, loop: loop)
      client.post("/later", close: true)
      #expect(try await client.answer().closes)
    }
    await test.server.drain(timeout: 1_000 * millisecond)
  }

  @Test func `sends an answer that is larger than the socket takes`() async throws {
    let identity = try ServerIdentity()
    let test = try await TestServer(tls: identity.makeServer())
    try await withClientLoop { loop in
      let client = try await TextClient(test.port, loop: loop, tls: identity.client)
      for _ in 0..<8 { client.post("/large") }
      for _ in 0..<8 { #expect(try await client.answer().body.utf8.count == 1 << 20) }
    }
    await test.server.drain(timeout: 1_000 * millisecond)
  }

  @Test func `refuses a port that is taken`() async throws {
    let test = try await TestServer()
    let second = HTTPServer(
      ServerConfiguration(name: "second", addresses: [.loopback(port: test.port)], loops: 2)
    ) { TestHandler($0, KeptResponders()) }
    await #expect(throws: SystemError.self) { try await second.start() }
    await test.server.drain(timeout: 1_000 * millisecond)
  }
}
