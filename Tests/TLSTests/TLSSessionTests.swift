import Testing

@testable import TLS

@Suite struct TLSSessionTests {
  let identities: Identities

  init() throws { identities = try Identities() }

  private func conversation(_ offered: [ALPN] = [.h2]) throws -> Conversation {
    try Conversation(try identities.server(), try identities.client(), alpn: offered)
  }

  @Test func `agrees on TLS 1.3, an AEAD suite and the offered protocol`() throws {
    let pair = try conversation([.http1_1])
    let failures = pair.shakeHands()
    #expect(failures.client == nil && failures.server == nil)
    #expect(pair.server.version == .tls1_3)
    #expect(pair.server.cipherSuite == "TLS_AES_128_GCM_SHA256")
    #expect(pair.server.negotiatedALPN == .http1_1)
    #expect(pair.client.negotiatedALPN == .http1_1)
    #expect(pair.client.peerCertificate?.dnsNames == ["webhook.test"])
    #expect(pair.client.peerCertificate?.ipAddresses == ["127.0.0.1"])
    #expect(pair.server.peerCertificate == nil)
  }

  @Test func `prefers the server's order of protocols`() throws {
    let pair = try conversation([.http1_1, .h2])
    _ = pair.shakeHands()
    #expect(pair.server.negotiatedALPN == .h2)
  }

  @Test func `serves a client that offers no protocol`() throws {
    let pair = try conversation([])
    #expect(pair.shakeHands().server == nil)
    #expect(pair.server.isEstablished)
    #expect(pair.server.negotiatedALPN == nil)
  }

  @Test func `refuses a client that offers other protocols alone`() throws {
    let pair = try Conversation(try identities.server(alpn: [.http1_1]), try identities.client(), alpn: [.h2])
    let failures = pair.shakeHands()
    #expect(failures.server?.reason == .handshake)
    #expect(failures.client != nil)
  }

  @Test(arguments: [1, 100, 16_384, 16_385, 300_000]) func `carries plaintext of any size both ways`(
    _ count: Int
  ) throws {
    let pair = try conversation()
    _ = pair.shakeHands()
    let sent = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    for (from, to) in [(pair.client, pair.server), (pair.server, pair.client)] {
      guard case .done = sent.withUnsafeBytes({ from.write($0) }) else {
        Issue.record("the write failed")
        return
      }
      pair.carry(from, to)
      let (received, end) = Conversation.readAll(to)
      #expect(received == sent)
      guard case .wantsRead = end else {
        Issue.record("ended with \(end)")
        return
      }
    }
  }

  @Test func `puts together records that arrive byte by byte`() throws {
    let pair = try conversation()
    _ = pair.shakeHands()
    let sent = [UInt8]("a review, in two records".utf8)
    for part in [sent[..<5], sent[5...]] { _ = part.withUnsafeBytes { pair.client.write($0) } }
    var wire: [UInt8] = []
    pair.client.takeOutput(into: &wire)
    var received: [UInt8] = []
    for byte in wire {
      withUnsafeBytes(of: byte) { bytes in
        pair.server.receive(bytes) { received += Conversation.readAll(pair.server).bytes }
      }
    }
    #expect(received == sent)
  }

  @Test func `keeps what a borrowing receive leaves unread`() throws {
    let pair = try conversation()
    _ = pair.shakeHands()
    let sent = [UInt8](repeating: 7, count: 100_000)
    _ = sent.withUnsafeBytes { pair.client.write($0) }
    var wire: [UInt8] = []
    pair.client.takeOutput(into: &wire)
    var received: [UInt8] = []
    wire.withUnsafeMutableBytes { bytes in
      pair.server.receive(UnsafeRawBufferPointer(bytes)) {
        var small = [UInt8](repeating: 0, count: 10)
        if case .bytes(let count) = small.withUnsafeMutableBytes({ pair.server.read(into: $0) }) {
          received += small[..<count]
        }
      }
      // The owner reuses its buffer.
      bytes.initializeMemory(as: UInt8.self, repeating: 0)
    }
    received += Conversation.readAll(pair.server).bytes
    #expect(received == sent)
  }

  @Test func `tells that the peer has finished`() throws {
    let pair = try conversation()
    _ = pair.shakeHands()
    pair.client.shutdown()
    pair.carry(pair.client, pair.server)
    guard case .closed = Conversation.readAll(pair.server).end else {
      Issue.record("not told")
      return
    }
  }

  @Test func `gives what came before the end, then tells the end`() throws {
    let pair = try conversation()
    _ = pair.shakeHands()
    _ = [UInt8]("last words".utf8).withUnsafeBytes { pair.client.write($0) }
    pair.client.shutdown()
    pair.carry(pair.client, pair.server)
    let (bytes, end) = Conversation.readAll(pair.server)
    #expect(bytes == [UInt8]("last words".utf8))
    guard case .closed = end else {
      Issue.record("ended with \(end)")
      return
    }
    guard case .closed = Conversation.readAll(pair.server).end else {
      Issue.record("the end was forgotten")
      return
    }
  }

  @Test func `fails when a record was tampered with, and has an alert to send`() throws {
    let pair = try conversation()
    _ = pair.shakeHands()
    _ = [UInt8]("secret".utf8).withUnsafeBytes { pair.client.write($0) }
    var wire: [UInt8] = []
    pair.client.takeOutput(into: &wire)
    wire[wire.count - 1] ^= 1
    wire.withUnsafeBytes { pair.server.receive($0) }
    guard case .failed(let error) = Conversation.readAll(pair.server).end else {
      Issue.record("accepted")
      return
    }
    #expect(error.reason == .connection)
    #expect(error.description.contains("bad record mac"))
    #expect(pair.server.output.count > 0)
  }

  @Test func `fails the handshake of a peer that speaks no TLS`() throws {
    let server = try TLSSession(server: try identities.server())
    [UInt8]("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8).withUnsafeBytes { server.receive($0) }
    guard case .failed(let error) = server.handshake() else {
      Issue.record("accepted")
      return
    }
    #expect(error == TLSError(.handshake, "the TLS handshake failed: http request"))
  }

  @Test func `a client refuses a server of another name`() throws {
    let pair = try Conversation(try identities.server(), try identities.client(), name: "other.test")
    let failures = pair.shakeHands()
    #expect(failures.client?.reason == .peerCertificate)
    #expect(failures.client?.description == "the peer's certificate is refused: hostname mismatch")
    #expect(failures.server != nil)
  }

  @Test func `a client checks an address against the addresses in the certificate`() throws {
    let right = try Conversation(try identities.server(), try identities.client(), name: "127.0.0.1")
    #expect(right.shakeHands().client == nil)
    let wrong = try Conversation(try identities.server(), try identities.client(), name: "127.0.0.2")
    #expect(wrong.shakeHands().client?.reason == .peerCertificate)
  }

  @Test func `a client refuses a server of another authority unless it trusts anyone`() throws {
    let other = try CertificateAuthority.make(commonName: "other", days: 1, now: now)
    let strict = try TLSClientContext(trust: .authorities(other.pair.certificate))
    #expect(try Conversation(try identities.server(), strict).shakeHands().client?.reason == .peerCertificate)
    let credulous = try TLSClientContext(trust: .anyone)
    #expect(try Conversation(try identities.server(), credulous, name: "x").shakeHands().client == nil)
  }
}
