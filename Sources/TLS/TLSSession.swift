internal import COpenSSL

/// One TLS connection over buffers in memory.
///
/// Call order: `receive` what the peer sent, then `handshake` until `.done`, then `read` until `.wantsRead`; send `output` after
/// every call, whatever its outcome, for even a failure has an alert to send. After `.failed` nothing but `output` is of use.
/// Confined to one thread. About 10 KB while idle.
public final class TLSSession {
  /// What a step of the handshake came to.
  public enum HandshakeOutcome {
    /// Both sides are sure of each other; `read` and `write` may follow.
    case done
    /// The peer has to send more.
    case wantsRead
    /// The connection is of no use.
    case failed(TLSError)
  }

  /// What a read came to.
  public enum ReadOutcome {
    /// So many bytes of plaintext, at least one; there may be more.
    case bytes(Int)
    /// Nothing more until the peer sends something.
    case wantsRead
    /// The peer has said that it will send nothing more.
    case closed
    /// The connection is of no use.
    case failed(TLSError)
  }

  /// What a write came to.
  public enum WriteOutcome {
    /// All of it is encrypted and waits in `output`.
    case done
    /// The connection is of no use.
    case failed(TLSError)
  }

  private let ssl: OpaquePointer
  private let io: UnsafeMutablePointer<SessionIO>
  /// Keeps alive what OpenSSL's callbacks point to.
  private let context: AnyObject
  private var hasFailed = false
  /// The last read gave all that had arrived, and succeeded.
  private var isDrained = false

  /// The server's end of a connection.
  /// - Throws: `.library` when there is no memory.
  public convenience init(server context: TLSServerContext) throws(TLSError) {
    try self.init(context.handle, retaining: context)
    SSL_set_accept_state(ssl)
  }

  /// The client's end of a connection.
  /// - Parameters:
  ///   - serverName: the DNS name or IP address that the server's certificate must be for.
  ///   - alpn: protocols to offer, the preferred one first; none are offered if empty.
  public convenience init(client context: TLSClientContext, serverName: String, alpn: [ALPN]) throws(TLSError)
  {
    try self.init(context.handle, retaining: context)
    SSL_set_connect_state(ssl)
    let isAddress = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), serverName) == 1
    ERR_clear_error()
    if !isAddress {
      guard SSL_set1_host(ssl, serverName) == 1, COpenSSL_set_tlsext_host_name(ssl, serverName) == 1 else {
        throw .drainingQueue(.trust, "\(serverName) is no name that a certificate could be for")
      }
    }
    let protocols = ALPN.wireFormat(alpn)
    if !protocols.isEmpty { SSL_set_alpn_protos(ssl, protocols, UInt32(protocols.count)) }
  }

  private init(_ context: OpaquePointer, retaining owner: AnyObject) throws(TLSError) {
    ERR_clear_error()
    guard let ssl = SSL_new(context) else { throw .drainingQueue(.library, "cannot make a TLS session") }
    let io = UnsafeMutablePointer<SessionIO>.allocate(capacity: 1)
    io.initialize(to: SessionIO())
    guard let bio = SessionIO.makeBIO(io) else {
      SSL_free(ssl)
      io.deinitialize(count: 1)
      io.deallocate()
      throw .drainingQueue(.library, "cannot make a TLS session")
    }
    SSL_set_bio(ssl, bio, bio)
    self.ssl = ssl
    self.io = io
    self.context = owner
  }

  deinit {
    SSL_free(ssl)
    io.pointee.release()
    io.deinitialize(count: 1)
    io.deallocate()
  }

  // MARK: Bytes from the peer

  /// Takes ciphertext from the peer; a copy of it is kept until it is read.
  public func receive(_ bytes: UnsafeRawBufferPointer) {
    io.pointee.lend(bytes)
    io.pointee.hold()
  }

  /// Takes ciphertext from the peer for the length of `body`, in which the session is to be read until `.wantsRead`: nothing is
  /// copied then. What `body` leaves unread is kept, as by `receive(_:)`.
  @inlinable
  public func receive<Result>(_ bytes: UnsafeRawBufferPointer, _ body: () -> Result) -> Result {
    lend(bytes)
    defer { hold() }
    return body()
  }

  @usableFromInline
  func lend(_ bytes: UnsafeRawBufferPointer) { io.pointee.lend(bytes) }

  @usableFromInline
  func hold() { io.pointee.hold() }

  /// Takes the next step of the handshake.
  public func handshake() -> HandshakeOutcome {
    clearErrors()
    let result = SSL_do_handshake(ssl)
    if result == 1 {
      isEstablished = true
      return .done
    }
    if SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ { return .wantsRead }
    return .failed(handshakeFailure())
  }

  /// Decrypts into `buffer`, which must not be empty.
  public func read(into buffer: UnsafeMutableRawBufferPointer) -> ReadOutcome {
    // OpenSSL would allocate its buffer only to find that there is nothing to put into it.
    if isDrained && io.pointee.inputCount == 0 { return .wantsRead }
    clearErrors()
    var count = 0
    if SSL_read_ex(ssl, buffer.baseAddress, buffer.count, &count) == 1 {
      isDrained = io.pointee.inputCount == 0 && SSL_has_pending(ssl) == 0
      return .bytes(count)
    }
    isDrained = false
    switch SSL_get_error(ssl, 0) {
    case SSL_ERROR_WANT_READ: return .wantsRead
    case SSL_ERROR_ZERO_RETURN: return .closed
    default: return .failed(failure("cannot read from the peer"))
    }
  }

  /// Whether `read` may bring something that has come already. False spares a call that would say `.wantsRead`.
  public var mayHaveMore: Bool { io.pointee.inputCount > 0 || SSL_has_pending(ssl) == 1 }

  // MARK: Bytes to the peer

  /// Encrypts all of `bytes`.
  public func write(_ bytes: UnsafeRawBufferPointer) -> WriteOutcome {
    guard bytes.count > 0 else { return .done }
    clearErrors()
    var count = 0
    if SSL_write_ex(ssl, bytes.baseAddress, bytes.count, &count) == 1 { return .done }
    return .failed(failure("cannot write to the peer"))
  }

  /// Says that nothing more will be sent (close_notify). Does nothing before the handshake is done or after a failure.
  public func shutdown() {
    guard !hasFailed, isEstablished else { return }
    ERR_clear_error()
    _ = SSL_shutdown(ssl)
    ERR_clear_error()
  }

  /// Ciphertext that waits to be sent; valid until the next call to this session. Say what was sent with `consumeOutput`.
  public var output: UnsafeRawBufferPointer { io.pointee.waitingOutput }

  /// Forgets the first `count` bytes of `output`.
  public func consumeOutput(_ count: Int) { io.pointee.consumeOutput(count) }

  /// Moves the waiting ciphertext behind what `bytes` holds.
  public func takeOutput(into bytes: inout [UInt8]) {
    let waiting = io.pointee.waitingOutput
    bytes.append(contentsOf: waiting)
    io.pointee.consumeOutput(waiting.count)
  }

  // MARK: What was agreed on

  /// Whether `handshake` has said `.done`.
  public private(set) var isEstablished = false

  /// The protocol that both sides chose; nil when the peer offered none.
  public var negotiatedALPN: ALPN? {
    var name: UnsafePointer<UInt8>?
    var length: UInt32 = 0
    SSL_get0_alpn_selected(ssl, &name, &length)
    return ALPN(UnsafeBufferPointer(start: name, count: Int(length)))
  }

  /// The protocol's version; meaningful once the handshake is done.
  public var version: TLSVersion {
    SSL_version(ssl) == TLS1_2_VERSION ? .tls1_2 : .tls1_3
  }

  /// The cipher suite's IANA name.
  public var cipherSuite: String {
    guard let cipher = SSL_get_current_cipher(ssl), let name = SSL_CIPHER_standard_name(cipher) else {
      return "none"
    }
    return String(cString: name)
  }

  /// Whether the handshake was shortened by a ticket of an earlier session.
  public var isResumed: Bool { SSL_session_reused(ssl) == 1 }

  /// The peer's certificate, verified if the context verifies; nil when the peer showed none.
  public var peerCertificate: CertificateInfo? {
    guard let handle = SSL_get0_peer_certificate(ssl) else { return nil }
    return CertificateInfo(handle)
  }

  /// The common name in the peer's certificate.
  public var peerCommonName: String? { peerCertificate?.commonName }

  // MARK: Failures

  /// Clearing costs as much as a small record; looking first costs nothing.
  @inline(__always)
  private func clearErrors() {
    if ERR_peek_error() != 0 { ERR_clear_error() }
  }

  private func handshakeFailure() -> TLSError {
    let verdict = SSL_get_verify_result(ssl)
    guard verdict == X509_V_OK else {
      let words = X509_verify_cert_error_string(verdict).map { String(cString: $0) } ?? "unknown"
      hasFailed = true
      ERR_clear_error()
      return TLSError(.peerCertificate, "the peer's certificate is refused: \(words)")
    }
    hasFailed = true
    return .drainingQueue(.handshake, "the TLS handshake failed")
  }

  private func failure(_ sentence: String) -> TLSError {
    if !isEstablished { return handshakeFailure() }
    hasFailed = true
    return .drainingQueue(.connection, sentence)
  }
}
