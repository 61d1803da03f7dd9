import TLS
import Testing

@testable import Transport

@Suite("TLS on sockets", .timeLimit(.minutes(5)))
struct HandshakeTests {
  private func server(handshakeTimeout: UInt64 = 5_000 * millisecond) async throws -> EchoServer {
    var behaviour = EchoBehaviour()
    behaviour.limits.handshakeTimeout = handshakeTimeout
    return try await EchoServer(behaviour, tls: try TestIdentity().server)
  }

  @Test func `gives up a handshake that does not go on`() async throws {
    let server = try await server(handshakeTimeout: 20 * millisecond)
    let peer = try RawPeer(port: server.port)
    // The beginning of a record that announces 512 bytes.
    try peer.send([0x16, 0x03, 0x01, 0x02, 0x00, 0x01])
    #expect(await server.next(1) == [.closed(.handshakeTimeout)])
    #expect(try peer.receive().isEmpty)
    await server.stop()
  }

  @Test func `answers garbage with an alert`() async throws {
    let server = try await server()
    let peer = try RawPeer(port: server.port)
    try peer.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n")
    let answer = try peer.receive()
    #expect(answer.isEmpty || answer.first == 0x15)
    peer.close()
    guard case .closed(.handshakeFailed(let error))? = await server.next(1).first else {
      Issue.record("a handshake with garbage does not fail")
      return
    }
    #expect(error.reason == .handshake)
    await server.stop()
  }

  @Test func `remembers why it refused a peer that then resets the connection`() async throws {
    let server = try await server()
    let peer = try RawPeer(port: server.port)
    try peer.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n")
    // An alert or the end: it is refused.
    _ = try peer.receive(1)
    peer.reset()
    guard case .closed(.handshakeFailed)? = await server.next(1).first else {
      Issue.record("the reset hides the failed handshake")
      return
    }
    await server.stop()
  }

  @Test func `notices a peer that leaves in the middle`() async throws {
    let server = try await server()
    let peer = try RawPeer(port: server.port)
    try peer.send([0x16])
    peer.close()
    #expect(await server.next(1) == [.closed(.handshakeAbandoned)])
    await server.stop()
  }

  @Test func `refuses a server that it does not trust`() async throws {
    let server = try await server()
    let stranger = try TestIdentity().client
    await #expect {
      try await CollectingClient.exchange([1], port: server.port, loop: server.loop, tls: stranger)
    } throws: { error in
      guard case .handshakeFailed(let cause)? = (error as? CollectingClient.ClientFailure)?.reason else {
        return false
      }
      return cause.reason == .peerCertificate
    }
    await server.stop()
  }

  @Test func `tells that nobody listens`() async throws {
    let server = try await EchoServer()
    await server.stop()
    let loop = try EventLoop(name: "client")
    await #expect {
      try await CollectingClient.exchange([1], port: server.port, loop: loop)
    } throws: { error in
      guard case .connectFailed? = (error as? CollectingClient.ClientFailure)?.reason else { return false }
      return true
    }
    loop.stop()
    await loop.stopped()
  }
}
