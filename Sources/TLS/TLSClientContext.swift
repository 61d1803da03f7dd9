internal import COpenSSL

/// What every connection of a client shares: whom it trusts, and the certificate it shows.
///
/// SAFETY: the SSL_CTX is set up in `init` and only read afterwards; OpenSSL counts its references atomically.
public final class TLSClientContext: @unchecked Sendable {
  /// Whom a client believes.
  public enum Trust: Sendable, Equatable {
    /// The machine's own list of authorities.
    case system
    /// The authorities in these PEM bytes alone.
    case authorities([UInt8])
    /// Anybody: no protection against a server in the middle.
    case anyone
  }

  /// The certificate a client shows when it is asked for one.
  public struct Identity: Sendable, Equatable {
    /// PEM: the certificate, then the rest of its chain.
    public var certificate: [UInt8]
    /// PEM: its private key.
    public var key: [UInt8]

    /// From PEM bytes.
    public init(certificate: [UInt8], key: [UInt8]) {
      self.certificate = certificate
      self.key = key
    }
  }

  let handle: OpaquePointer

  /// Checks and loads what it is given.
  /// - Throws: when the PEM bytes cannot be read, or the identity's key does not fit.
  public init(trust: Trust, identity: Identity? = nil) throws(TLSError) {
    handle = try ContextSetup.make(TLS_client_method())
    SSL_CTX_set_verify(handle, trust == .anyone ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nil)
    switch trust {
    case .anyone: break
    case .system:
      guard SSL_CTX_set_default_verify_paths(handle) == 1 else {
        throw .drainingQueue(.trust, "cannot read the machine's certificate authorities")
      }
    case .authorities(let pem):
      try ContextSetup.trust(try PEM.certificates(pem, named: "the certificate authority data"), in: handle)
    }
    if let identity {
      let chain = try PEM.certificates(identity.certificate, named: "the client certificate")
      let key = try PEM.privateKey(identity.key, named: "the client key")
      try ContextSetup.use(
        chain, key, in: handle, certificateName: "the client certificate", keyName: "the client key")
    }
  }

  deinit { SSL_CTX_free(handle) }
}
