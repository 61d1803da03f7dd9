import TLS
import Testing

@testable import Transport

@Suite("Connections", .timeLimit(.minutes(5)))
struct ConnectionTests {
  @Test func `echoes what it gets`() async throws {
    let server = try await EchoServer()
    let peer = try RawPeer(port: server.port)
    try peer.send("hello")
    #expect(try peer.receive(5) == Array("hello".utf8))
    peer.close()
    #expect(await server.next(3) == [.opened, .inputEnded, .closed(.closedHere)])
    #expect(server.traffic.bytesIn.value == 5)
    #expect(server.traffic.bytesOut.value == 5)
    await server.stop()
  }

  @Test(arguments: [false, true])
  func `carries megabytes both ways although the peer takes them in parts`(_ encrypted: Bool) async throws {
    let identity = try TestIdentity()
    let server = try await EchoServer(tls: encrypted ? identity.server : nil)
    let bytes = pattern(8 << 20)
    let back = try await CollectingClient.exchange(
      bytes, port: server.port, loop: server.loop, tls: encrypted ? identity.client : nil)
    #expect(back == bytes)
    await server.stop()
  }

  @Test func `answers a peer that has closed its half`() async throws {
    let server = try await EchoServer()
    let peer = try RawPeer(port: server.port)
    let bytes = pattern(1 << 20)
    async let back = onThread { try peer.receive() }
    try await onThread { try peer.send(bytes) }
    peer.shutdownWrite()
    #expect(try await back == bytes)
    #expect(await server.next(3) == [.opened, .inputEnded, .closed(.closedHere)])
    await server.stop()
  }

  @Test func `survives a reset`() async throws {
    let server = try await EchoServer()
    let peer = try RawPeer(port: server.port)
    try peer.send("x")
    _ = try peer.receive(1)
    peer.reset()
    let happenings = await server.next(2)
    #expect(happenings.first == .opened)
    guard case .closed(.broken(let error)) = happenings.last else {
      Issue.record("a reset is not a close in good order: \(happenings)")
      return
    }
    #expect(error.call == "recv")
    await server.stop()
  }

  @Test func `gives up a peer that reads nothing`() async throws {
    var behaviour = EchoBehaviour(greeting: 8 << 20)
    behaviour.limits.writeTimeout = 30 * millisecond
    let server = try await EchoServer(behaviour)
    let peer = try RawPeer(port: server.port, receiveBuffer: 4096)
    #expect(await server.next(2) == [.opened, .closed(.writeTimeout)])
    peer.close()
    await server.stop()
  }

  @Test func `gives up a peer for which too much is pending`() async throws {
    var behaviour = EchoBehaviour(greeting: 8 << 20)
    behaviour.limits.maximumPendingOutput = 64 << 10
    let server = try await EchoServer(behaviour)
    let peer = try RawPeer(port: server.port, receiveBuffer: 4096)
    #expect(await server.next(2) == [.opened, .closed(.outputLimit)])
    peer.close()
    await server.stop()
  }

  @Test func `does not read from a peer that does not read`() async throws {
    let server = try await EchoServer()
    let peer = try RawPeer(port: server.port, receiveBuffer: 64 << 10)
    // More than the kernel's buffers of both ends hold.
    let bytes = pattern(24 << 20)
    async let sent: Void = onThread { try peer.send(bytes) }
    let back = try await onThread { try peer.receive(bytes.count) }
    try await sent
    #expect(back == bytes)
    #expect(server.peak.value > ConnectionLimits().highWater)
    #expect(server.peak.value <= ConnectionLimits().highWater + 64 << 10)
    peer.close()
    await server.stop()
  }

  @Test func `delivers the end although the peer is still sending`() async throws {
    let server = try await EchoServer(EchoBehaviour(greeting: 100_000, closesAfterGreeting: true))
    let peer = try RawPeer(port: server.port)
    try peer.send(pattern(50_000))
    #expect(try peer.receive().count == 100_000)
    peer.close()
    #expect(await server.next(2) == [.opened, .closed(.closedHere)])
    await server.stop()
  }

  @Test func `stops lingering when the peer does not go`() async throws {
    var behaviour = EchoBehaviour(greeting: 10, closesAfterGreeting: true)
    behaviour.limits.lingerTimeout = 20 * millisecond
    let server = try await EchoServer(behaviour)
    let peer = try RawPeer(port: server.port)
    #expect(try peer.receive() == [UInt8](repeating: 0x67, count: 10))
    #expect(await server.next(2) == [.opened, .closed(.closedHere)])
    peer.close()
    await server.stop()
  }

  @Test func `tells the handler its deadline`() async throws {
    let server = try await EchoServer(EchoBehaviour(deadline: 5 * millisecond))
    let peer = try RawPeer(port: server.port)
    #expect(await server.next(3) == [.opened, .deadline, .closed(.closedHere)])
    peer.close()
    await server.stop()
  }

  @Test func `closes what is open when the loop stops`() async throws {
    let server = try await EchoServer()
    let peer = try RawPeer(port: server.port)
    #expect(await server.next(1) == [.opened])
    await server.stop()
    #expect(await server.next(1) == [.closed(.loopStopped)])
    #expect(try peer.receive().isEmpty)
  }
}
