internal import COpenSSL

/// A certificate (X.509 version 3, RFC 5280) while it is written.
struct CertificateDraft {
  let certificate: Certificate
  private var issuer: Certificate
  private var handle: OpaquePointer { certificate.handle }

  /// Subject, key, a random serial number, and a validity that starts five minutes before `now`.
  init(commonName: String, key: PrivateKey, now: Int64, notAfter: Int64) throws(TLSError) {
    OpenSSL.begin()
    guard let handle = X509_new() else { throw .drainingQueue(.library, "cannot make a certificate") }
    certificate = Certificate(owning: handle)
    issuer = certificate
    var serial = randomBytes(16)
    // Positive, and never shorter than it should be (RFC 5280 §4.1.2.2).
    serial[0] = serial[0] & 0x3F | 0x40
    let number = BN_bin2bn(serial, Int32(serial.count), nil)
    defer { BN_free(number) }
    let name = X509_get_subject_name(handle)
    let text = Array(commonName.utf8)
    guard X509_set_version(handle, 2) == 1, BN_to_ASN1_INTEGER(number, X509_get_serialNumber(handle)) != nil,
      ASN1_TIME_set(X509_getm_notBefore(handle), Int(now - 300)) != nil,
      ASN1_TIME_set(X509_getm_notAfter(handle), Int(notAfter)) != nil,
      X509_set_pubkey(handle, key.handle) == 1,
      X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, text, Int32(text.count), -1, 0) == 1
    else { throw .drainingQueue(.library, "cannot make a certificate for \(commonName)") }
  }

  /// Names the issuer; the draft itself for an authority that signs itself.
  mutating func setIssuer(_ issuer: Certificate) throws(TLSError) {
    self.issuer = issuer
    guard X509_set_issuer_name(handle, X509_get_subject_name(issuer.handle)) == 1 else {
      throw .drainingQueue(.library, "cannot set a certificate's issuer")
    }
  }

  /// Adds an extension, in the language of OpenSSL's configuration files (x509v3_config(5)).
  func add(_ identifier: Int32, _ value: String) throws(TLSError) {
    var context = X509V3_CTX()
    X509V3_set_ctx(&context, issuer.handle, handle, nil, nil, 0)
    guard let part = X509V3_EXT_conf_nid(nil, &context, identifier, value) else {
      throw .drainingQueue(.library, "cannot write \"\(value)\" into a certificate")
    }
    defer { X509_EXTENSION_free(part) }
    guard X509_add_ext(handle, part, -1) == 1 else {
      throw .drainingQueue(.library, "cannot write \"\(value)\" into a certificate")
    }
  }

  /// The finished certificate.
  func signed(by key: PrivateKey) throws(TLSError) -> Certificate {
    guard X509_sign(handle, key.handle, EVP_sha256()) > 0 else {
      throw .drainingQueue(.library, "cannot sign a certificate")
    }
    return certificate
  }
}
