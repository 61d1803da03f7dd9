internal import COpenSSL

/// What every connection of a server shares: its certificate and key, the protocols it offers and the clients it lets in.
///
/// Immutable once made; to change the certificate, make another and use it for new connections.
///
/// SAFETY: the SSL_CTX is set up in `init` and only read afterwards; OpenSSL counts its references atomically, and the one thing
/// that changes, the ticket keys, is behind a lock.
public final class TLSServerContext: @unchecked Sendable {
  let handle: OpaquePointer
  /// Their list in the handshake's format, after its length.
  private let protocols: UnsafeMutableBufferPointer<UInt8>
  private let tickets: TicketKeys
  /// What the served certificate says.
  public let certificate: CertificateInfo

  /// Reads the files and checks them.
  /// - Parameters:
  ///   - certificateFile: PEM, the server's certificate first, then the rest of its chain.
  ///   - keyFile: PEM, the certificate's private key, not encrypted.
  ///   - clientCAFile: PEM; if given, a client must show a certificate of one of these authorities.
  ///   - allowedClientNames: the client's common name or one of its DNS names must be among these; if empty, any certificate
  ///     of the authorities will do.
  ///   - alpn: the protocols offered, the preferred one first. A client that offers others alone is refused; one that offers
  ///     none is served.
  ///   - now: seconds since 1970; the certificate must be valid then.
  /// - Throws: a sentence that names the file: it cannot be read, the key does not fit, the certificate is not valid.
  public init(
    certificateFile: String, keyFile: String, clientCAFile: String? = nil, allowedClientNames: [String] = [],
    alpn: [ALPN], now: Int64 = currentUnixTime()
  ) throws(TLSError) {
    let chain = try PEM.certificates(try Files.read(certificateFile), named: certificateFile)
    let key = try PEM.privateKey(try Files.read(keyFile), named: keyFile)
    try chain.first?.checkValidity(certificateFile, now: now)
    handle = try ContextSetup.make(TLS_server_method())
    let names = ALPN.wireFormat(alpn)
    protocols = UnsafeMutableBufferPointer.allocate(capacity: names.count + 1)
    _ = protocols.initialize(from: [UInt8(names.count)] + names)
    tickets = TicketKeys()
    certificate = chain[0].info

    try ContextSetup.use(chain, key, in: handle, certificateName: certificateFile, keyName: keyFile)
    if let clientCAFile { try requireClients(clientCAFile, allowedClientNames) }
    if !alpn.isEmpty { chooseProtocol() }
    tickets.install(in: handle)
  }

  deinit {
    SSL_CTX_free(handle)
    protocols.deallocate()
  }

  private func requireClients(_ file: String, _ allowedNames: [String]) throws(TLSError) {
    let authorities = try PEM.certificates(try Files.read(file), named: file)
    try ContextSetup.trust(authorities, in: handle)
    for authority in authorities { SSL_CTX_add_client_CA(handle, authority.handle) }
    // A ticket is good only where the same clients are let in.
    let scope = randomBytes(32)
    SSL_CTX_set_session_id_context(handle, scope, UInt32(scope.count))
    SSL_CTX_set_verify(handle, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
    let parameters = SSL_CTX_get0_param(handle)
    X509_VERIFY_PARAM_set_hostflags(
      parameters, UInt32(X509_CHECK_FLAG_ALWAYS_CHECK_SUBJECT | X509_CHECK_FLAG_NO_WILDCARDS))
    for name in allowedNames where X509_VERIFY_PARAM_add1_host(parameters, name, 0) != 1 {
      throw .drainingQueue(.trust, "\"\(name)\" is no name that a client's certificate could be for")
    }
  }

  /// The server's first protocol that the client offers too (RFC 7301 §3.2).
  private func chooseProtocol() {
    SSL_CTX_set_alpn_select_cb(
      handle,
      { _, chosen, chosenCount, offered, offeredCount, list in
        guard let list = list?.assumingMemoryBound(to: UInt8.self), let chosen else {
          return SSL_TLSEXT_ERR_NOACK
        }
        var start: UnsafeMutablePointer<UInt8>?
        let outcome = SSL_select_next_proto(
          &start, chosenCount, list + 1, UInt32(list.pointee), offered, offeredCount)
        chosen.pointee = UnsafePointer(start)
        return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL
      }, protocols.baseAddress)
  }
}
