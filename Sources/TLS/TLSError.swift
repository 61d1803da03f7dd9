internal import COpenSSL

/// What failed, as one sentence, with the reasons OpenSSL gave.
public struct TLSError: Error, Equatable, CustomStringConvertible {
  /// The kind of failure, for a caller that decides by it.
  public enum Reason: String, Sendable {
    /// A file cannot be read or written, or is not the PEM document it should be.
    case file
    /// A key does not fit its certificate.
    case mismatch
    /// A certificate is expired or not yet valid.
    case validity
    /// A certificate authority's file, or a list of names, is of no use.
    case trust
    /// The handshake failed: the peer speaks no TLS, no version or suite of ours, or no protocol of ours.
    case handshake
    /// The peer's certificate was refused.
    case peerCertificate
    /// The peer broke the protocol, or a record was tampered with, after the handshake.
    case connection
    /// OpenSSL itself refused, for want of memory for example.
    case library
  }

  /// The kind of failure.
  public let reason: Reason
  /// The sentence.
  public let description: String

  /// - Parameter description: a sentence without a full stop, naming the file or the peer it is about.
  public init(_ reason: Reason, _ description: String) {
    self.reason = reason
    self.description = description
  }

  /// The sentence, followed by what is waiting in this thread's OpenSSL error queue, which is empty afterwards.
  static func drainingQueue(_ reason: Reason, _ sentence: String) -> TLSError {
    var reasons: [String] = []
    while case let code = ERR_get_error(), code != 0 {
      guard let text = ERR_reason_error_string(code) else { continue }
      let words = String(cString: text)
      if reasons.last != words { reasons.append(words) }
    }
    return TLSError(reason, reasons.isEmpty ? sentence : "\(sentence): \(reasons.joined(separator: ", "))")
  }
}
