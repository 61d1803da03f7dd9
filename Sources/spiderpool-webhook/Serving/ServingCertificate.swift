internal import HTTP
internal import Synchronization
internal import TLS

/// The certificate the server is known by, read again when its files change.
final class ServingCertificate: Sendable {
  private let options: TransportOptions
  private let context: Mutex<TLSServerContext>

  /// - Throws: an ``ExitStatus`` that names the file and what is wrong with it.
  init(_ options: TransportOptions) throws {
    self.options = options
    do throws(TLSError) {
      context = Mutex(try Self.context(options))
    } catch {
      throw ExitStatus(.unreadable, "\(error)")
    }
  }

  /// What new connections use.
  var current: TLSServerContext { context.withLock { $0 } }

  /// Why the present certificate is of no use; nil when it is good.
  func fault(now: Int64) -> String? {
    let info = current.certificate
    if now > info.notAfter { return "\(options.tlsCert) has expired" }
    if now < info.notBefore { return "\(options.tlsCert) is not valid yet" }
    return nil
  }

  private static func context(_ options: TransportOptions) throws(TLSError) -> TLSServerContext {
    try TLSServerContext(
      certificateFile: options.tlsCert, keyFile: options.tlsKey, clientCAFile: options.clientCA,
      allowedClientNames: options.clientName, alpn: options.http2 ? [.h2, .http1_1] : [.http1_1])
  }
}
