/// TLS 1.2 and 1.3 as bytes in and bytes out.
///
/// In: certificate and key files, the peer's ciphertext, the caller's plaintext.
/// Out: ciphertext for the peer, plaintext for the caller, and typed outcomes.
/// It deliberately knows no socket, no thread, no timer and nothing of HTTP beyond the two names that ALPN agrees on.
///
/// `TLSServerContext` and `TLSClientContext` are made once and shared; a `TLSSession` belongs to one connection and one thread.
/// `CertificateDirectory` makes, renews and checks the files that a server context reads.

/// An application protocol that both ends agree on in the TLS handshake (RFC 7301).
public enum ALPN: UInt8, Sendable, CaseIterable {
  /// HTTP/2.
  case h2
  /// HTTP/1.1.
  case http1_1

  /// The protocol's registered name.
  public var name: StaticString {
    switch self {
    case .h2: "h2"
    case .http1_1: "http/1.1"
    }
  }

  init?(_ bytes: UnsafeBufferPointer<UInt8>) {
    for candidate in ALPN.allCases where candidate.name.withUTF8Buffer({ $0.elementsEqual(bytes) }) {
      self = candidate
      return
    }
    return nil
  }

  /// The list as the handshake carries it: each name after its length.
  static func wireFormat(_ list: [ALPN]) -> [UInt8] {
    list.flatMap { alpn in
      alpn.name.withUTF8Buffer { [UInt8($0.count)] + $0 }
    }
  }
}

/// The version of the protocol that a session speaks.
public enum TLSVersion: String, Sendable {
  /// RFC 5246.
  case tls1_2 = "TLSv1.2"
  /// RFC 8446.
  case tls1_3 = "TLSv1.3"
}
