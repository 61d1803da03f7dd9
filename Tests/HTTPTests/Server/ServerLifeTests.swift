import TLS
import Testing
import Transport

@testable import HTTP

@Suite("HTTP server's life", .timeLimit(.minutes(5)))
struct ServerLifeTests {
  @Test func `sends clients away while draining, and still serves new ones`() async throws {
    let test = try await TestServer(loops: 2)
    try await withClientLoop { loop in
      let old = try await TextClient(test.port, loop: loop)
      #expect(try await !old.ask("/").closes)
      test.server.beginDraining()
      #expect(try await old.ask("/").closes)
      #expect(await old.end().isEmpty)
      let new = try await TextClient(test.port, loop: loop)
      #expect(try await new.ask("/").closes)
    }
    #expect(await test.server.drain(timeout: 1_000 * millisecond) == 0)
  }

  @Test func `waits for requests under way, closes the idle, and listens no more`() async throws {
    let test = try await TestServer()
    try await withClientLoop { loop in
      let idle = try await TextClient(test.port, loop: loop)
      _ = try await idle.ask("/")
      let busy = try await TextClient(test.port, loop: loop)
      busy.post("/never")
      await test.kept.waitForOne()
      async let drained = test.server.drain(timeout: 20_000 * millisecond)
      #expect(await idle.end().isEmpty)
      await #expect(throws: (any Error).self) { _ = try await TextClient(test.port, loop: loop) }
      test.kept.answerAll()
      let answer = try await busy.answer()
      #expect(answer.body == "at last" && answer.closes)
      busy.close()
      #expect(await drained == 0)
    }
    #expect(test.server.statistics.open == 0)
  }

  @Test func `answers a first request that comes after the end has begun`() async throws {
    let test = try await TestServer { $0.limits.quietBeforeClose = 20_000 * millisecond }
    try await withClientLoop { loop in
      let fresh = try await TextClient(test.port, loop: loop)
      async let drained = test.server.drain(timeout: 20_000 * millisecond)
      while let other = try? await TextClient(test.port, loop: loop) { other.close() }
      let answer = try await fresh.ask("/echo", "still here")
      #expect(answer.body == "still here" && answer.closes)
      #expect(await fresh.end().isEmpty)
      #expect(await drained == 0)
    }
  }

  @Test func `stops waiting though the time was over before the wait began`() async {
    let shared = ServerShared(ServerConfiguration(name: "test", addresses: []))
    #expect(shared.admit(SocketAddress.loopback(port: 1).host))
    shared.stopWaiting()
    await shared.waitUntilEmpty()
  }

  @Test func `cuts off what does not end in time`() async throws {
    let test = try await TestServer()
    try await withClientLoop { loop in
      let client = try await TextClient(test.port, loop: loop)
      client.post("/never")
      await test.kept.waitForOne()
      #expect(await test.server.drain(timeout: 20 * millisecond) == 1)
      #expect(await client.end().isEmpty)
    }
    #expect(test.server.statistics.open == 0)
    test.kept.answerAll()
    #expect(await test.server.drain(timeout: 1) == 0)
  }

  @Test func `changes its certificate under load without a failed request`() async throws {
    let identity = try ServerIdentity()
    let first = try identity.makeServer()
    let contexts = [try identity.makeServer(), try identity.makeServer(), first]
    let test = try await TestServer(tls: first, loops: 2)
    try await withClientLoop { loop in
      let longLived = try await TextClient(test.port, loop: loop, tls: identity.client)
      let serials = try await withThrowingTaskGroup(of: Set<String>.self) { group in
        for _ in 0..<4 {
          group.addTask {
            var serials: Set<String> = []
            for _ in 0..<50 {
              let client = try await TextClient(test.port, loop: loop, tls: identity.client)
              serials.insert(try #require(client.certificateSerial))
              #expect(try await client.ask("/echo", "x").body == "x")
              client.close()
            }
            return serials
          }
        }
        for round in 0..<30 {
          test.server.replaceCertificate(contexts[round % 3])
          #expect(try await longLived.ask("/later").status == 200)
        }
        return try await group.reduce(into: Set<String>()) { $0.formUnion($1) }
      }
      #expect(serials.count > 1)
      #expect(longLived.certificateSerial == first.certificate.serial)
      // Once replaced, every new connection has the new one.
      test.server.replaceCertificate(contexts[1])
      let late = try await TextClient(test.port, loop: loop, tls: identity.client)
      #expect(late.certificateSerial == contexts[1].certificate.serial)
    }
    await test.server.drain(timeout: 1_000 * millisecond)
  }
}
