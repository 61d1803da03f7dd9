import Testing

@testable import TLS

@Suite struct ClientCertificateTests {
  let identities: Identities
  let authorityFile: String

  init() throws {
    identities = try Identities()
    authorityFile = try identities.scratch.write("clients.crt", identities.authority.pair.certificate)
  }

  private func shakeHands(allowing names: [String], showing name: String?) throws -> (TLSError?, Conversation)
  {
    let identity = try name.map { name in
      let pair = try identities.authority.issue(.client(name: name), days: 1, now: now)
      return TLSClientContext.Identity(certificate: pair.certificate, key: pair.key)
    }
    let server = try identities.server(clientCA: authorityFile, names: names)
    let conversation = try Conversation(server, try identities.client(identity))
    return (conversation.shakeHands().server, conversation)
  }

  @Test func `lets in any certificate of the authority when no name is asked for`() throws {
    let (failure, conversation) = try shakeHands(allowing: [], showing: "anybody")
    #expect(failure == nil)
    #expect(conversation.server.peerCommonName == "anybody")
  }

  @Test func `lets in an allowed name`() throws {
    let (failure, _) = try shakeHands(
      allowing: ["kubelet", "system:kube-apiserver"], showing: "system:kube-apiserver")
    #expect(failure == nil)
  }

  @Test func `refuses another name`() throws {
    let (failure, _) = try shakeHands(allowing: ["kube-apiserver"], showing: "kube-apiserver2")
    #expect(failure?.reason == .peerCertificate)
  }

  @Test func `refuses a client without a certificate`() throws {
    let (failure, _) = try shakeHands(allowing: [], showing: nil)
    #expect(failure?.description == "the TLS handshake failed: peer did not return a certificate")
  }

  @Test func `refuses a certificate of another authority`() throws {
    let other = try CertificateAuthority.make(commonName: "test authority", days: 1, now: now)
    let pair = try other.issue(.client(name: "kube-apiserver"), days: 1, now: now)
    let server = try identities.server(clientCA: authorityFile)
    let client = try identities.client(
      TLSClientContext.Identity(certificate: pair.certificate, key: pair.key))
    #expect(try Conversation(server, client).shakeHands().server?.reason == .peerCertificate)
  }

  @Test func `refuses a server's certificate shown by a client`() throws {
    let pair = try identities.authority.issue(.server(hosts: ["kube-apiserver"]), days: 1, now: now)
    let server = try identities.server(clientCA: authorityFile)
    let client = try identities.client(
      TLSClientContext.Identity(certificate: pair.certificate, key: pair.key))
    #expect(try Conversation(server, client).shakeHands().server?.reason == .peerCertificate)
  }
}
