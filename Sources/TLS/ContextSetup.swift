internal import COpenSSL

/// What server and client contexts have in common.
enum ContextSetup {
  /// ECDHE and AEAD alone: what RFC 9113 §9.2 leaves of TLS 1.2; AES-128 first, as the cheapest on machines with AES instructions.
  private static let suites = """
    ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
    ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305
    """
  private static let suites13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

  /// An SSL_CTX with the versions, suites, groups and modes of this target; the caller owns it.
  static func make(_ method: OpaquePointer?) throws(TLSError) -> OpaquePointer {
    OpenSSL.begin()
    guard let context = SSL_CTX_new(method) else {
      throw .drainingQueue(.library, "cannot make a TLS context")
    }
    guard COpenSSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1,
      SSL_CTX_set_cipher_list(context, suites) == 1, SSL_CTX_set_ciphersuites(context, suites13) == 1,
      COpenSSL_CTX_set1_groups_list(context, "X25519:P-256") == 1
    else {
      SSL_CTX_free(context)
      throw .drainingQueue(.library, "cannot set the TLS suites")
    }
    let noCompression: UInt64 = 1 << 17
    let cipherServerPreference: UInt64 = 1 << 22
    let noRenegotiation: UInt64 = 1 << 30
    SSL_CTX_set_options(context, noCompression | cipherServerPreference | noRenegotiation)
    COpenSSL_CTX_set_mode(context, Int(SSL_MODE_RELEASE_BUFFERS))
    // One call of the BIO per flight instead of two per record.
    COpenSSL_CTX_set_read_ahead(context, 1)
    COpenSSL_CTX_set_session_cache_mode(context, Int(SSL_SESS_CACHE_OFF))
    return context
  }

  /// Gives the context its own certificate, the rest of its chain, and the key.
  static func use(
    _ chain: [Certificate], _ key: PrivateKey, in context: OpaquePointer, certificateName: String,
    keyName: String
  ) throws(TLSError) {
    guard let leaf = chain.first else { throw TLSError(.file, "\(certificateName) holds no certificate") }
    guard key.fits(leaf) else {
      throw TLSError(
        .mismatch, "the key in \(keyName) does not belong to the certificate in \(certificateName)")
    }
    guard SSL_CTX_use_certificate(context, leaf.handle) == 1, SSL_CTX_use_PrivateKey(context, key.handle) == 1
    else {
      throw .drainingQueue(.file, "cannot use the certificate in \(certificateName)")
    }
    for issuer in chain.dropFirst() where COpenSSL_CTX_add1_chain_cert(context, issuer.handle) != 1 {
      throw .drainingQueue(.file, "cannot use the certificate chain in \(certificateName)")
    }
  }

  /// Makes the context trust these authorities.
  static func trust(_ authorities: [Certificate], in context: OpaquePointer) throws(TLSError) {
    let store = SSL_CTX_get_cert_store(context)
    for authority in authorities where X509_STORE_add_cert(store, authority.handle) != 1 {
      throw .drainingQueue(.trust, "cannot trust a certificate authority")
    }
  }
}
