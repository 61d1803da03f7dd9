import Foundation
import Testing

@testable import TLS

@Suite struct CertificateDirectoryTests {
  let scratch: Scratch
  let directory: CertificateDirectory

  init() throws {
    scratch = try Scratch()
    directory = CertificateDirectory("\(scratch.path)/certs")
  }

  private func bytes(_ file: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: file)) }

  @Test func `issues an authority and a certificate that a server and a client accept`() throws {
    let outcome = try directory.issue(hosts: ["Webhook.spiderpool.svc", "127.0.0.1", "::1"], now: now)
    #expect(outcome.madeAuthority)
    #expect(outcome.authority.isAuthority)
    #expect(outcome.leaf.dnsNames == ["webhook.spiderpool.svc"])
    #expect(outcome.leaf.ipAddresses == ["127.0.0.1", "::1"])
    #expect(outcome.leaf.daysLeft(now: now) == 90)
    #expect(directory.check(hosts: ["webhook.spiderpool.svc", "127.0.0.1", "::1"], now: now) == [])

    let server = try TLSServerContext(
      certificateFile: directory.certificateFile, keyFile: directory.keyFile, alpn: [.h2])
    let authority = [UInt8](try bytes(directory.authorityCertificateFile))
    let client = try TLSClientContext(trust: .authorities(authority))
    #expect(try Conversation(server, client, name: "webhook.spiderpool.svc").shakeHands().client == nil)
  }

  @Test func `keys are readable by their owner alone, and nothing is left behind`() throws {
    _ = try directory.issue(hosts: ["a.test"], now: now)
    #expect(Files.permissions(directory.keyFile) == 0o600)
    #expect(Files.permissions(directory.authorityKeyFile) == 0o600)
    let names = try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
    #expect(names == ["ca.crt", "ca.key", "tls.crt", "tls.key"])
  }

  @Test func `issuing again keeps the authority`() throws {
    _ = try directory.issue(hosts: ["a.test"], now: now)
    let before = try bytes(directory.authorityCertificateFile)
    let outcome = try directory.issue(hosts: ["b.test"], now: now)
    #expect(!outcome.madeAuthority)
    #expect(try bytes(directory.authorityCertificateFile) == before)
    #expect(outcome.leaf.dnsNames == ["b.test"])
  }

  @Test func `renewing keeps the names and changes the key`() throws {
    let first = try directory.issue(hosts: ["a.test", "10.0.0.1"], now: now)
    let key = try bytes(directory.keyFile)
    let renewed = try directory.renew(now: now + 86400)
    #expect(renewed.leaf.dnsNames == ["a.test"])
    #expect(renewed.leaf.ipAddresses == ["10.0.0.1"])
    #expect(renewed.leaf.serial != first.leaf.serial)
    #expect(renewed.leaf.notAfter == first.leaf.notAfter + 86400)
    #expect(try bytes(directory.keyFile) != key)
    #expect(directory.check(hosts: ["a.test"], now: now + 86400) == [])
  }

  @Test func `a certificate does not outlive its authority`() throws {
    let outcome = try directory.issue(hosts: ["a.test"], lifetimes: .init(authorityDays: 10), now: now)
    #expect(outcome.leaf.notAfter == outcome.authority.notAfter)
  }

  @Test(arguments: ["", "a b", "a,DNS:evil.test", "-a", "a..b", "http://a", "a.*", "1.2.3.4/24", "é.test"])
  func `refuses a host that is neither a name nor an address, and writes nothing`(_ host: String) throws {
    let error = #expect(throws: TLSError.self) { try directory.issue(hosts: [host], now: now) }
    #expect(error?.description == "\"\(host)\" is neither a DNS name nor an IP address")
    #expect(!Files.exists(directory.certificateFile) && !Files.exists(directory.authorityCertificateFile))
  }

  @Test func `refuses to work with half an authority or an expired one`() throws {
    _ = try directory.issue(hosts: ["a.test"], lifetimes: .init(authorityDays: 1), now: now)
    let late = #expect(throws: TLSError.self) { try directory.renew(now: now + 2 * 86400) }
    #expect(late?.reason == .validity)
    try FileManager.default.removeItem(atPath: directory.authorityKeyFile)
    let half = #expect(throws: TLSError.self) { try directory.renew(now: now) }
    #expect(half?.description == "cannot read \(directory.authorityKeyFile): No such file or directory")
  }

  @Test func `finds missing files`() {
    let findings = directory.check(now: now)
    #expect(findings.map(\.subject) == [.file, .file, .file])
    #expect(findings.allSatisfy { $0.severity == .error })
  }

  @Test
  func
    `finds a key that does not fit, an authority that did not sign, a key others can read, a missing name`()
    throws
  {
    _ = try directory.issue(hosts: ["a.test"], now: now)
    let other = CertificateDirectory("\(scratch.path)/other")
    _ = try other.issue(hosts: ["a.test"], now: now)
    for name in ["tls.key", "ca.crt", "ca.key"] {
      try bytes("\(other.path)/\(name)").write(to: URL(fileURLWithPath: "\(directory.path)/\(name)"))
    }
    try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: directory.keyFile)
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o600], ofItemAtPath: directory.authorityKeyFile)
    let findings = directory.check(hosts: ["a.test", "b.test"], now: now)
    #expect(findings.map(\.subject) == [.key, .key, .chain, .name])
    #expect(findings[1].severity == .warning)
    #expect(findings[1].description.hasSuffix("(mode 640): chmod 600 \(directory.keyFile)"))
    #expect(findings[3].description == "\(directory.certificateFile) is not for b.test, but for a.test")
  }

  @Test func `warns of what expires soon and finds what has expired`() throws {
    _ = try directory.issue(hosts: ["a.test"], now: now)
    let soon = directory.check(now: now + 80 * 86400)
    #expect(soon.map(\.severity) == [.warning])
    #expect(
      soon[0].description.hasPrefix("the certificate in \(directory.certificateFile) expires in 10 days"))
    let late = directory.check(now: now + 100 * 86400)
    #expect(late.map(\.severity) == [.error])
    #expect(late.map(\.subject) == [.validity])
  }
}
