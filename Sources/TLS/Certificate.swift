internal import COpenSSL

/// The owner of one X509.
final class Certificate {
  let handle: OpaquePointer

  /// Takes over a handle.
  init(owning handle: OpaquePointer) { self.handle = handle }

  deinit { X509_free(handle) }

  /// What the certificate says.
  var info: CertificateInfo { CertificateInfo(handle) }

  /// The certificate as PEM.
  var pem: [UInt8] {
    PEM.written { PEM_write_bio_X509($0, handle) }
  }

  /// Throws unless the certificate is valid at `now`.
  func checkValidity(_ name: String, now: Int64) throws(TLSError) {
    let info = info
    guard now >= info.notBefore else {
      throw TLSError(.validity, "the certificate in \(name) is not valid before \(utcText(info.notBefore))")
    }
    guard now <= info.notAfter else {
      throw TLSError(.validity, "the certificate in \(name) expired at \(utcText(info.notAfter))")
    }
  }
}

/// The owner of one EVP_PKEY.
final class PrivateKey {
  let handle: OpaquePointer

  /// Takes over a handle.
  init(owning handle: OpaquePointer) { self.handle = handle }

  deinit { EVP_PKEY_free(handle) }

  /// A new key on the curve P-256.
  static func generate() throws(TLSError) -> PrivateKey {
    OpenSSL.begin()
    guard let handle = COpenSSL_EC_gen("P-256") else { throw .drainingQueue(.library, "cannot make a key") }
    return PrivateKey(owning: handle)
  }

  /// The key as PEM, PKCS #8, not encrypted.
  var pem: [UInt8] {
    PEM.written { PEM_write_bio_PKCS8PrivateKey($0, handle, nil, nil, 0, nil, nil) }
  }

  /// Whether this is the key of `certificate`.
  func fits(_ certificate: Certificate) -> Bool {
    defer { ERR_clear_error() }
    return X509_check_private_key(certificate.handle, handle) == 1
  }
}

/// PEM documents (RFC 7468).
enum PEM {
  /// All certificates in `bytes`, at least one, in their order.
  /// - Parameter name: what the sentence of a failure calls the document, its path as a rule.
  static func certificates(_ bytes: [UInt8], named name: String) throws(TLSError) -> [Certificate] {
    OpenSSL.begin()
    let found = reading(bytes) { bio in
      var found: [Certificate] = []
      while let handle = PEM_read_bio_X509(bio, nil, refusePassword, nil) {
        found.append(Certificate(owning: handle))
      }
      return found
    }
    let last = ERR_peek_last_error()
    // The end of the document reads as the lack of another start line.
    if !found.isEmpty && (last == 0 || (last & 0x7F_FFFF) == UInt(PEM_R_NO_START_LINE)) {
      ERR_clear_error()
      return found
    }
    throw .drainingQueue(.file, "\(name) holds no readable PEM certificate")
  }

  /// The private key in `bytes`.
  static func privateKey(_ bytes: [UInt8], named name: String) throws(TLSError) -> PrivateKey {
    OpenSSL.begin()
    guard let handle = reading(bytes, { PEM_read_bio_PrivateKey($0, nil, refusePassword, nil) }) else {
      throw .drainingQueue(.file, "\(name) holds no readable PEM private key (encrypted keys are not read)")
    }
    ERR_clear_error()
    return PrivateKey(owning: handle)
  }

  static func written(_ body: (OpaquePointer) -> Int32) -> [UInt8] {
    guard let bio = BIO_new(BIO_s_mem()) else { return [] }
    defer { BIO_free(bio) }
    guard body(bio) > 0 else { return [] }
    var start: UnsafeMutablePointer<CChar>?
    let count = COpenSSL_BIO_get_mem_data(bio, &start)
    return [UInt8](UnsafeRawBufferPointer(start: start, count: max(0, count)))
  }

  private static func reading<Result>(_ bytes: [UInt8], _ body: (OpaquePointer?) -> Result) -> Result {
    bytes.withUnsafeBytes { buffer in
      let bio = BIO_new_mem_buf(buffer.baseAddress, Int32(buffer.count))
      defer { BIO_free(bio) }
      return body(bio)
    }
  }

  /// Without it OpenSSL would ask for a password at the terminal.
  private static let refusePassword:
    @convention(c) (
      UnsafeMutablePointer<CChar>?, Int32, Int32, UnsafeMutableRawPointer?
    ) -> Int32 = { _, _, _, _ in -1 }
}
