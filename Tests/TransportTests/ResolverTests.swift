import Testing

@testable import Transport

@Suite("Resolver", .timeLimit(.minutes(5)))
struct ResolverTests {
  private func resolve(_ host: String, port: UInt16) async throws -> [SocketAddress] {
    try await withCheckedThrowingContinuation { waiting in
      Resolver.resolve(host, port: port) { waiting.resume(with: $0) }
    }
  }

  @Test func `resolves a name of this machine`() async throws {
    let addresses = try await resolve("localhost", port: 443)
    #expect(addresses.contains(.loopback(port: 443)))
  }

  @Test func `takes an address as it is`() async throws {
    #expect(try await resolve("::1", port: 5) == [SocketAddress(parsing: "[::1]:5")])
    #expect(try await resolve("10.1.2.3", port: 5) == [SocketAddress(parsing: "10.1.2.3:5")])
  }

  @Test func `tells a name that cannot be`() async {
    await #expect(throws: Resolver.Failure.self) {
      try await resolve("no.such.name.invalid", port: 1)
    }
  }
}
