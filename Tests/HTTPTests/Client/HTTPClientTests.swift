import Synchronization
import TLS
import TestSupport
import Testing
import Transport

@testable import HTTP

@Suite("HTTP client", .timeLimit(.minutes(5)))
struct HTTPClientTests {
  enum Wire: CaseIterable, CustomTestStringConvertible {
    case http2, http1, plain

    var testDescription: String { "\(self)" }
  }

  /// A server that speaks one protocol, and a client for it.
  private func pair(
    _ wire: Wire, _ change: (inout HTTPClientConfiguration) -> Void = { _ in }
  ) async throws -> (TestServer, HTTPClient) {
    let identity = try ServerIdentity()
    let alpn: [ALPN] = wire == .http2 ? [.h2] : [.http1_1]
    let server = try await TestServer(tls: wire == .plain ? nil : identity.makeServer(alpn: alpn))
    let client = try client(of: server, wire == .plain ? nil : identity.client, change)
    return (server, client)
  }

  private func client(
    of server: TestServer, _ tls: TLSClientContext?,
    _ change: (inout HTTPClientConfiguration) -> Void = { _ in }
  ) throws -> HTTPClient {
    var configuration = HTTPClientConfiguration(host: "127.0.0.1", port: server.port, tls: tls)
    configuration.serverName = "localhost"
    change(&configuration)
    return try HTTPClient(configuration)
  }

  private func post(_ path: String, _ body: String = "") -> HTTPRequest {
    HTTPRequest(method: .post, path: path, body: Array(body.utf8))
  }

  private func failure(_ body: () async throws -> Void) async -> HTTPClientError? {
    do {
      try await body()
      return nil
    } catch {
      return error as? HTTPClientError
    }
  }

  @Test(arguments: Wire.allCases) func `sends requests one after another on one connection`(_ wire: Wire)
    async throws
  {
    let (test, client) = try await pair(wire)
    for number in 0..<20 {
      let response = try await client.send(post("/echo", "body \(number)"), timeout: .seconds(120))
      #expect(response.status == 200)
      #expect(response.body == Array("body \(number)".utf8))
      #expect(response.headers.first("content-type") == "application/json")
    }
    #expect(test.server.statistics.accepted == 1)
    #expect(test.server.statistics.requests[wire == .http2 ? .http2 : .http1_1] == 20)
    client.close()
  }

  @Test(arguments: Wire.allCases) func `sends many requests at once`(_ wire: Wire) async throws {
    let (test, client) = try await pair(wire)
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for number in 0..<300 {
        group.addTask {
          let response = try await client.send(post("/echo", "\(number)"), timeout: .seconds(120))
          return response.body == Array("\(number)".utf8)
        }
      }
      for try await isRight in group { #expect(isRight) }
    }
    #expect(test.server.statistics.accepted <= (wire == .http2 ? 1 : 16))
    client.close()
  }

  @Test(arguments: Wire.allCases) func `hands out a large response piece by piece to a slow reader`(
    _ wire: Wire
  ) async throws {
    let (_, client) = try await pair(wire) { $0.limits.streamWindow = 128 << 10 }
    var status = 0
    var count = 0
    try await client.stream(post("/large"), timeout: .seconds(120)) { code, _ in
      status = code
    } onData: { bytes in
      #expect(status == 200 && bytes.allSatisfy { $0 == 0x78 })
      count += bytes.count
      for _ in 0..<10 { await Task.yield() }
    }
    #expect(count == 1 << 20)
    client.close()
  }

  @Test func `a reader that throws ends the request, and the connection serves on`() async throws {
    struct Enough: Error {}
    let (test, client) = try await pair(.http2)
    await #expect(throws: Enough.self) {
      try await client.stream(post("/large"), timeout: nil) { _, _ in
      } onData: { _ in
        throw Enough()
      }
    }
    _ = try await client.send(post("/echo"), timeout: .seconds(120))
    #expect(test.server.statistics.accepted == 1)
    client.close()
  }

  @Test(arguments: Wire.allCases) func `gives up at the deadline, and serves on`(_ wire: Wire) async throws {
    let (_, client) = try await pair(wire)
    let error = await failure { _ = try await client.send(post("/never"), timeout: .milliseconds(50)) }
    #expect(error == .deadlineExceeded)
    #expect(try await client.send(post("/echo", "on"), timeout: .seconds(120)).body == Array("on".utf8))
    client.close()
  }

  @Test(arguments: Wire.allCases) func `a cancelled task cancels its request`(_ wire: Wire) async throws {
    let (test, client) = try await pair(wire)
    let task = Task { try await client.send(post("/never"), timeout: .seconds(60)) }
    await test.kept.waitForOne()
    task.cancel()
    let error = await failure { _ = try await task.value }
    #expect(error == .cancelled)
    #expect(try await client.send(post("/echo", "on"), timeout: .seconds(120)).body == Array("on".utf8))
    client.close()
  }

  @Test(arguments: Wire.allCases) func `connects again after the server has said goodbye`(_ wire: Wire)
    async throws
  {
    let (test, client) = try await pair(wire)
    _ = try await client.send(post("/echo"), timeout: .seconds(120))
    // From now on every connection ends after its next answer.
    test.server.beginDraining()
    for _ in 0..<5 { _ = try await client.send(post("/echo"), timeout: .seconds(120)) }
    #expect(test.server.statistics.accepted > 1)
    client.close()
  }

  @Test(arguments: Wire.allCases) func `a request on a connection that is cut off fails, and says so`(
    _ wire: Wire
  ) async throws {
    let (test, client) = try await pair(wire)
    let task = Task { try await client.send(post("/never"), timeout: .seconds(60)) }
    await test.kept.waitForOne()
    await test.server.drain(timeout: 0)
    let error = await failure { _ = try await task.value }
    guard case .connectionLost = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    let after = await failure { _ = try await client.send(post("/echo"), timeout: .seconds(120)) }
    guard case .unreachable(let sentence) = after else {
      Issue.record("\(String(describing: after))")
      return
    }
    #expect(sentence.contains("cannot connect to 127.0.0.1:\(test.port)"))
    client.close()
  }

  @Test func `refuses a server it does not trust`() async throws {
    let test = try await TestServer(tls: try ServerIdentity().makeServer())
    let client = try client(of: test, try ServerIdentity().client)
    let error = await failure { _ = try await client.send(post("/echo"), timeout: .seconds(120)) }
    guard case .unreachable(let sentence) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(sentence.contains("certificate is refused"))
    client.close()
  }

  @Test func `refuses a response that is too large, and one request too many`() async throws {
    let (test, client) = try await pair(.http2) {
      $0.maximumResponseBytes = 1000
      $0.maximumInFlight = 1
    }
    let large = await failure { _ = try await client.send(post("/large"), timeout: .seconds(120)) }
    #expect(large == .responseTooLarge)
    let task = Task { try await client.send(post("/never"), timeout: .seconds(60)) }
    await test.kept.waitForOne()
    let other = await failure { _ = try await client.send(post("/echo"), timeout: .seconds(120)) }
    #expect(other == .overloaded)
    test.kept.answerAll()
    #expect(try await task.value.body == Array("at last".utf8))
    client.close()
  }

  @Test func `a closed client fails what waits and what comes`() async throws {
    let (test, client) = try await pair(.http2)
    let task = Task { try await client.send(post("/never"), timeout: .seconds(60)) }
    await test.kept.waitForOne()
    client.close()
    let waiting = await failure { _ = try await task.value }
    #expect(waiting != nil)
    let late = await failure { _ = try await client.send(post("/echo"), timeout: .seconds(120)) }
    #expect(late == .closed)
  }

  @Test func `finds a server by its name`() async throws {
    let identity = try ServerIdentity()
    let test = try await TestServer(tls: identity.makeServer())
    let client = try client(of: test, identity.client) { $0.host = "localhost" }
    #expect(try await client.send(post("/echo", "x"), timeout: .seconds(120)).body == [0x78])
    client.close()
  }

  /// What one task of the storm does.
  private enum Act: CaseIterable {
    case ask, askLater, readLarge, giveUp, cancel
  }

  /// Every request comes to an end, whatever its neighbours do.
  @Test(arguments: Wire.allCases) func `survives a storm of deadlines and cancellations`(_ wire: Wire)
    async throws
  {
    let (test, client) = try await pair(wire)
    let seed = UInt64.random(in: 0 ..< .max)
    print("seed \(seed)")
    var random = SeededGenerator(seed: seed)
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<600 {
        let act = Act.allCases.randomElement(using: &random) ?? .ask
        let patience = Duration.microseconds(Int.random(in: 1...20_000, using: &random))
        group.addTask { await perform(act, number, patience, client) }
        if number == 300 { test.server.beginDraining() }
      }
    }
    #expect(client.inFlight == 0)
    #expect(try await client.send(post("/echo", "on"), timeout: .seconds(120)).body == Array("on".utf8))
    client.close()
    test.kept.answerAll()
    await test.server.drain(timeout: 1_000 * millisecond)
    #expect(test.server.statistics.inFlight == 0)
  }

  private func perform(_ act: Act, _ number: Int, _ patience: Duration, _ client: HTTPClient) async {
    let path = act == .readLarge ? "/large" : act == .askLater ? "/later" : "/never"
    switch act {
    case .ask:
      let response = try? await client.send(post("/echo", "\(number)"), timeout: .seconds(120))
      #expect(response.map { $0.body == Array("\(number)".utf8) } ?? true)
    case .askLater: _ = try? await client.send(post(path), timeout: .seconds(120))
    case .giveUp: #expect(await failure { _ = try await client.send(post(path), timeout: patience) } != nil)
    case .readLarge:
      try? await client.stream(post(path), timeout: .seconds(120)) { _, _ in
      } onData: { _ in
        if number.isMultiple(of: 2) { throw CancellationError() }
      }
    case .cancel:
      let task = Task { await failure { _ = try await client.send(post(path), timeout: .seconds(120)) } }
      for _ in 0..<number % 7 { await Task.yield() }
      task.cancel()
      #expect(await task.value != nil)
    }
  }
}
