internal import COpenSSL

/// Something about a directory's certificates that is wrong, or soon will be.
public struct CertificateFinding: Sendable, Equatable, CustomStringConvertible {
  /// How bad it is.
  public enum Severity: String, Sendable {
    /// The server or its clients refuse it.
    case error
    /// It works today.
    case warning
  }

  /// What it is about.
  public enum Subject: String, Sendable {
    /// A file that is missing, or cannot be read.
    case file
    /// A key that does not fit, or that others can read.
    case key
    /// The serving certificate is not signed by the authority.
    case chain
    /// Expired, not yet valid, or soon to expire.
    case validity
    /// A host that the certificate is not for.
    case name
  }

  /// How bad it is.
  public let severity: Severity
  /// What it is about.
  public let subject: Subject
  /// The sentence, naming the file and what to do.
  public let description: String
}

extension CertificateDirectory {
  /// Looks at everything, and tells all that it finds; nothing when all is well.
  /// - Parameters:
  ///   - hosts: names and addresses that the serving certificate must be for.
  ///   - warningDays: a certificate with fewer days left is a warning.
  public func check(
    hosts: [String] = [], warningDays: Int = 30, now: Int64 = currentUnixTime()
  ) -> [CertificateFinding] {
    var findings: [CertificateFinding] = []
    let authority = read(authorityCertificateFile, into: &findings)
    let leaf = read(certificateFile, into: &findings)
    checkKey(keyFile, of: leaf, certificateFile, isNeeded: true, into: &findings)
    checkKey(authorityKeyFile, of: authority, authorityCertificateFile, isNeeded: false, into: &findings)
    if let leaf, let authority { checkChain(leaf, authority, into: &findings) }
    if let authority {
      checkValidity(
        authority, authorityCertificateFile, warningDays, "issue another authority", now, into: &findings)
    }
    guard let leaf else { return findings }
    checkValidity(leaf, certificateFile, warningDays, "renew it", now, into: &findings)
    for host in hosts where !covers(leaf, host) {
      let names = (leaf.info.dnsNames + leaf.info.ipAddresses).joined(separator: ", ")
      findings.append(
        CertificateFinding(
          severity: .error, subject: .name,
          description: "\(certificateFile) is not for \(host), but for \(names)"))
    }
    return findings
  }

  private func read(_ file: String, into findings: inout [CertificateFinding]) -> Certificate? {
    do throws(TLSError) {
      return try PEM.certificates(try Files.read(file), named: file).first
    } catch {
      findings.append(CertificateFinding(severity: .error, subject: .file, description: error.description))
      return nil
    }
  }

  /// The authority's key may well be kept elsewhere.
  private func checkKey(
    _ file: String, of certificate: Certificate?, _ certificateName: String, isNeeded: Bool,
    into findings: inout [CertificateFinding]
  ) {
    if !isNeeded && !Files.exists(file) { return }
    do throws(TLSError) {
      let key = try PEM.privateKey(try Files.read(file), named: file)
      if let certificate, !key.fits(certificate) {
        findings.append(
          CertificateFinding(
            severity: .error, subject: .key,
            description: "the key in \(file) does not belong to \(certificateName)"))
      }
    } catch {
      findings.append(CertificateFinding(severity: .error, subject: .file, description: error.description))
      return
    }
    if let mode = Files.permissions(file), mode & 0o077 != 0 {
      findings.append(
        CertificateFinding(
          severity: .warning, subject: .key,
          description: "\(file) can be read by others (mode \(String(mode, radix: 8))): chmod 600 \(file)"))
    }
  }

  /// The validity is looked at apart, so that an expired certificate is told once, as such.
  private func checkChain(
    _ leaf: Certificate, _ authority: Certificate, into findings: inout [CertificateFinding]
  ) {
    defer { ERR_clear_error() }
    let store = X509_STORE_new()
    defer { X509_STORE_free(store) }
    let context = X509_STORE_CTX_new()
    defer { X509_STORE_CTX_free(context) }
    guard X509_STORE_add_cert(store, authority.handle) == 1,
      X509_STORE_CTX_init(context, store, leaf.handle, nil) == 1
    else { return }
    let noCheckTime: UInt = 0x20_0000
    X509_STORE_CTX_set_flags(context, noCheckTime)
    X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER)
    guard X509_verify_cert(context) != 1 else { return }
    let words = X509_verify_cert_error_string(Int(X509_STORE_CTX_get_error(context))).map {
      String(cString: $0)
    }
    findings.append(
      CertificateFinding(
        severity: .error, subject: .chain,
        description:
          "\(certificateFile) is not signed by \(authorityCertificateFile): \(words ?? "unknown reason")"))
  }

  private func checkValidity(
    _ certificate: Certificate, _ file: String, _ warningDays: Int, _ remedy: String, _ now: Int64,
    into findings: inout [CertificateFinding]
  ) {
    do throws(TLSError) {
      try certificate.checkValidity(file, now: now)
    } catch {
      findings.append(
        CertificateFinding(severity: .error, subject: .validity, description: "\(error); \(remedy)"))
      return
    }
    let info = certificate.info
    let days = info.daysLeft(now: now)
    if days < warningDays {
      findings.append(
        CertificateFinding(
          severity: .warning, subject: .validity,
          description:
            "the certificate in \(file) expires in \(days) days, at \(utcText(info.notAfter)); \(remedy)"))
    }
  }

  private func covers(_ certificate: Certificate, _ host: String) -> Bool {
    defer { ERR_clear_error() }
    if isAddress(host) { return X509_check_ip_asc(certificate.handle, host, 0) == 1 }
    return X509_check_host(certificate.handle, host, 0, 0, nil) == 1
  }
}
