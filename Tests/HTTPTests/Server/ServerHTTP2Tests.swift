import TLS
import Testing
import Transport

@testable import HTTP

@Suite("HTTP server over HTTP/2", .timeLimit(.minutes(5)))
struct ServerHTTP2Tests {
  private func client(of test: TestServer, _ identity: ServerIdentity) throws -> HTTPClient {
    var configuration = HTTPClientConfiguration(host: "127.0.0.1", port: test.port, tls: identity.client)
    configuration.serverName = "localhost"
    return try HTTPClient(configuration)
  }

  private func post(_ path: String, _ body: String = "") -> HTTPRequest {
    HTTPRequest(method: .post, path: path, body: Array(body.utf8))
  }

  @Test func `answers streams in the order in which their answers are ready`() async throws {
    let identity = try ServerIdentity()
    let test = try await TestServer(tls: identity.makeServer())
    let client = try client(of: test, identity)
    let late = Task { try await client.send(post("/never"), timeout: .seconds(20)) }
    await test.kept.waitForOne()
    for number in 0..<10 {
      let response = try await client.send(
        post(number % 2 == 0 ? "/echo" : "/later", "x"), timeout: .seconds(20))
      #expect(response.status == 200)
    }
    #expect(test.server.statistics.inFlight == 1)
    test.kept.answerAll()
    #expect(try await late.value.body == Array("at last".utf8))
    let statistics = test.server.statistics
    #expect(statistics.accepted == 1 && statistics.inFlight == 0)
    #expect(statistics.requests[.http2] == 11)
    client.close()
    await test.server.drain(timeout: 1_000 * millisecond)
  }

  @Test func `sends a large answer at the pace of the client's windows`() async throws {
    let identity = try ServerIdentity()
    let test = try await TestServer(tls: identity.makeServer())
    let client = try client(of: test, identity)
    try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<6 {
        group.addTask { try await client.send(post("/large"), timeout: .seconds(20)).body.count }
      }
      for try await count in group { #expect(count == 1 << 20) }
    }
    client.close()
    await test.server.drain(timeout: 1_000 * millisecond)
  }

  @Test func `moves clients to new connections while draining, without a failed request`() async throws {
    let identity = try ServerIdentity()
    let test = try await TestServer(tls: identity.makeServer(), loops: 2)
    let client = try client(of: test, identity)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          for number in 0..<50 {
            let path = number % 2 == 0 ? "/echo" : "/later"
            let response = try await client.send(post(path, "x"), timeout: .seconds(20))
            #expect(response.status == 200)
          }
        }
      }
      while test.server.statistics.allRequests < 20 { await Task.yield() }
      test.server.beginDraining()
      try await group.waitForAll()
    }
    #expect(test.server.statistics.accepted > 1)
    #expect(test.server.statistics.refusals.values.allSatisfy { $0 == 0 })
    async let drained = test.server.drain(timeout: 20_000 * millisecond)
    client.close()
    #expect(await drained == 0)
  }

  @Test func `forgets the requests of a connection that is cut`() async throws {
    let identity = try ServerIdentity()
    let test = try await TestServer(tls: identity.makeServer()) { $0.answerTimeout = 30 * millisecond }
    let client = try client(of: test, identity)
    let requests = (0..<3).map { _ in Task { try await client.send(post("/never"), timeout: .seconds(20)) } }
    for _ in requests { await test.kept.waitForOne() }
    for request in requests { await #expect(throws: HTTPClientError.self) { try await request.value } }
    #expect(test.refusals(.unanswered) >= 1)
    #expect(test.server.statistics.inFlight == 0)
    test.kept.answerAll()
    client.close()
    await test.server.drain(timeout: 1_000 * millisecond)
  }
}
