import Testing

@testable import Transport

@Suite("Socket addresses")
struct SocketAddressTests {
  @Test(arguments: [
    ("127.0.0.1:5722", "127.0.0.1:5722"), ("[::1]:80", "[::1]:80"), ("[::]:0", "[::]:0"),
    (":5720", "[::]:5720"),
    ("0.0.0.0:65535", "0.0.0.0:65535"), ("[2001:DB8::1]:443", "[2001:db8::1]:443"),
    ("[::ffff:10.0.0.1]:1", "10.0.0.1:1"),
  ])
  func `reads an address and a port`(_ text: String, _ canonical: String) throws {
    let address = try SocketAddress(parsing: text)
    #expect(address.description == canonical)
    #expect(try SocketAddress(parsing: address.description) == address)
  }

  @Test(arguments: [
    "", "5722", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1", "::1:80",
    "[::1]", "[::1]80",
    "localhost:80", "[127.0.0.1]:80", "127.0.0.1:8 0", "256.0.0.1:1", "[:80", "[]:80",
  ])
  func `refuses anything else`(_ text: String) {
    #expect(throws: SocketAddressError.self) { try SocketAddress(parsing: text) }
  }

  @Test func `refuses a port that somebody listens on`() async throws {
    let server = try await EchoServer()
    #expect(throws: SystemError("bind", 98)) {
      try Socket.listening(on: .loopback(port: server.port), count: 2)
    }
    await server.stop()
  }

  @Test func `serves both families on the wildcard`() throws {
    let listening = try Socket.listening(on: .any(port: 0), count: 2)
    #expect(listening.address.port != 0)
    #expect(listening.sockets.count == 2)
    // In release the sockets would otherwise be closed after their last mention.
    try withExtendedLifetime(listening) {
      let peer = try RawPeer(port: listening.address.port)
      peer.close()
    }
  }
}
