internal import COpenSSL

/// A certificate authority in memory, and the certificates it signs: ECDSA on P-256 with SHA-256.
public struct CertificateAuthority: Sendable {
  /// A certificate and its key, as PEM.
  public struct Pair: Sendable, Equatable {
    /// PEM of the certificate.
    public var certificate: [UInt8]
    /// PEM of the private key, PKCS #8.
    public var key: [UInt8]
  }

  /// What a certificate is for.
  public enum Purpose: Sendable {
    /// A server with these names and addresses.
    case server(hosts: [String])
    /// A client of this name.
    case client(name: String)
  }

  /// The authority's own certificate and key.
  public let pair: Pair

  /// An authority that was made before; the key must fit.
  public init(_ pair: Pair) throws(TLSError) {
    guard let certificate = try PEM.certificates(pair.certificate, named: "the authority's certificate").first
    else {
      throw TLSError(.file, "the authority has no certificate")
    }
    guard try PEM.privateKey(pair.key, named: "the authority's key").fits(certificate) else {
      throw TLSError(.mismatch, "the authority's key does not belong to its certificate")
    }
    guard X509_check_ca(certificate.handle) == 1 else {
      throw TLSError(.trust, "the authority's certificate may not sign others")
    }
    self.pair = pair
  }

  /// A new authority, valid from five minutes before `now`, so that a clock that is a little behind accepts it.
  public static func make(commonName: String, days: Int, now: Int64) throws(TLSError) -> CertificateAuthority
  {
    let key = try PrivateKey.generate()
    var draft = try CertificateDraft(
      commonName: commonName, key: key, now: now, notAfter: now + Int64(days) * 86400)
    try draft.setIssuer(draft.certificate)
    try draft.add(NID_basic_constraints, "critical,CA:TRUE,pathlen:0")
    try draft.add(NID_key_usage, "critical,keyCertSign,cRLSign")
    try draft.add(NID_subject_key_identifier, "hash")
    try draft.add(NID_authority_key_identifier, "keyid:always")
    return try CertificateAuthority(Pair(certificate: try draft.signed(by: key).pem, key: key.pem))
  }

  /// A certificate with a new key. It does not outlive the authority.
  /// - Throws: for a host that is neither a DNS name (a wildcard as the first label is allowed) nor an address, for no host at
  ///   all, and when the authority has expired.
  public func issue(_ purpose: Purpose, days: Int, now: Int64) throws(TLSError) -> Pair {
    let names: String? =
      if case .server(let hosts) = purpose { try alternativeNames(hosts) } else { nil }
    let chain = try PEM.certificates(pair.certificate, named: "the authority's certificate")
    let signer = chain[0]
    try signer.checkValidity("the authority", now: now)
    let key = try PrivateKey.generate()
    let notAfter = min(now + Int64(days) * 86400, signer.info.notAfter)
    var draft = try CertificateDraft(commonName: purpose.commonName, key: key, now: now, notAfter: notAfter)
    try draft.setIssuer(signer)
    try draft.add(NID_basic_constraints, "critical,CA:FALSE")
    try draft.add(NID_key_usage, "critical,digitalSignature")
    try draft.add(NID_subject_key_identifier, "hash")
    try draft.add(NID_authority_key_identifier, "keyid:always")
    try draft.add(NID_ext_key_usage, names == nil ? "clientAuth" : "serverAuth")
    if let names { try draft.add(NID_subject_alt_name, names) }
    let signerKey = try PEM.privateKey(pair.key, named: "the authority's key")
    return Pair(certificate: try draft.signed(by: signerKey).pem, key: key.pem)
  }
}

extension CertificateAuthority.Purpose {
  /// A common name has 64 letters at most (RFC 5280, ub-common-name); who verifies a server looks at the alternative names.
  fileprivate var commonName: String {
    switch self {
    case .server(let hosts): hosts.first { $0.utf8.count <= 64 } ?? "server"
    case .client(let name): name
    }
  }
}

/// Whether `text` is an IPv4 or IPv6 address.
func isAddress(_ text: String) -> Bool {
  OpenSSL.prepare()
  guard let octets = a2i_IPADDRESS(text) else {
    ERR_clear_error()
    return false
  }
  ASN1_OCTET_STRING_free(octets)
  return true
}

/// Whether `text` is a DNS name (RFC 1123), whose first label may be `*`.
private func isName(_ text: String) -> Bool {
  let labels = text.split(separator: ".", omittingEmptySubsequences: false)
  guard text.utf8.count <= 253, !labels.isEmpty else { return false }
  return labels.enumerated().allSatisfy { index, label in
    if index == 0 && label == "*" && labels.count > 1 { return true }
    return !label.isEmpty && label.utf8.count <= 63 && label.first != "-" && label.last != "-"
      && label.utf8.allSatisfy { byte in
        (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte) || byte == 0x2D
      }
  }
}

private func alternativeNames(_ hosts: [String]) throws(TLSError) -> String {
  guard !hosts.isEmpty else {
    throw TLSError(.trust, "a serving certificate needs at least one host name or address")
  }
  var entries: [String] = []
  for host in hosts {
    if isAddress(host) {
      entries.append("IP:\(host)")
    } else if isName(host) {
      entries.append("DNS:\(host.lowercased())")
    } else {
      throw TLSError(.trust, "\"\(host)\" is neither a DNS name nor an IP address")
    }
  }
  return entries.joined(separator: ",")
}
