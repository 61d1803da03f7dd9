import Testing

@testable import TLS

@Suite struct TLSServerContextTests {
  let identities: Identities

  init() throws { identities = try Identities() }

  private func failure(_ certificate: String, _ key: String, now: Int64 = now) -> TLSError? {
    do throws(TLSError) {
      _ = try TLSServerContext(certificateFile: certificate, keyFile: key, alpn: [.h2], now: now)
      return nil
    } catch {
      return error
    }
  }

  @Test func `tells what its certificate says`() throws {
    let certificate = try identities.server().certificate
    #expect(certificate.dnsNames == ["webhook.test"])
    #expect(certificate.subject == "CN=webhook.test")
    #expect(certificate.issuer == "CN=test authority")
    #expect(certificate.notBefore == now - 300)
    #expect(certificate.notAfter == now + 90 * 86400)
    #expect(certificate.daysLeft(now: now) == 90)
    #expect(certificate.serial.count == 32)
    #expect(!certificate.isAuthority)
  }

  @Test func `refuses a key of another certificate`() throws {
    let other = try identities.authority.issue(.server(hosts: ["b"]), days: 1, now: now)
    let key = try identities.scratch.write("other.key", other.key)
    let error = try #require(failure(identities.certificateFile, key))
    #expect(error.reason == .mismatch)
    #expect(
      error.description
        == "the key in \(key) does not belong to the certificate in \(identities.certificateFile)")
  }

  @Test func `refuses an expired certificate and one that is not yet valid`() throws {
    let late = try #require(failure(identities.certificateFile, identities.keyFile, now: now + 91 * 86400))
    #expect(late.reason == .validity)
    #expect(late.description.hasPrefix("the certificate in \(identities.certificateFile) expired at 20"))
    let early = try #require(failure(identities.certificateFile, identities.keyFile, now: now - 3600))
    #expect(early.description.contains("is not valid before"))
  }

  @Test func `refuses a file that is missing, and names it`() throws {
    let error = try #require(failure("/nonexistent/tls.crt", identities.keyFile))
    #expect(error == TLSError(.file, "cannot read /nonexistent/tls.crt: No such file or directory"))
  }

  @Test(arguments: ["", "no PEM at all", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
  func `refuses a file that holds no certificate`(_ text: String) throws {
    let file = try identities.scratch.write("bad.crt", Array(text.utf8))
    let error = try #require(failure(file, identities.keyFile))
    #expect(error.reason == .file)
    #expect(error.description.hasPrefix("\(file) holds no readable PEM certificate"))
  }

  @Test func `refuses a file that holds no key`() throws {
    let error = try #require(failure(identities.certificateFile, identities.certificateFile))
    #expect(error.description.hasPrefix("\(identities.certificateFile) holds no readable PEM private key"))
  }
}
