internal import HTTP
internal import Logging
internal import Synchronization
internal import TLS

/// The certificate the server is known by, read again when its files change.
final class ServingCertificate: Sendable {
  private struct State {
    var context: TLSServerContext?
    var server: HTTPServer?
  }

  private let file: String
  private let state: Shared
  private let reloader: CertificateReloader

  /// What the reloader changes while others read it.
  private final class Shared: Sendable {
    let value = Mutex(State())
  }

  /// Reads the files and watches them from now on.
  /// - Throws: an ``ExitStatus`` that names the file and what is wrong with it.
  init(_ options: TransportOptions, logger: Logger) throws {
    file = options.tlsCert
    let state = Shared()
    self.state = state
    let source = CertificateReloader.Source(
      certificateFile: options.tlsCert, keyFile: options.tlsKey, clientCAFile: options.clientCA,
      allowedClientNames: options.clientName, alpn: options.http2 ? [.h2, .http1_1] : [.http1_1])
    do {
      reloader = try CertificateReloader(source, logger: logger) { context in
        let server = state.value.withLock { state in
          state.context = context
          return state.server
        }
        server?.replaceCertificate(context)
      }
    } catch {
      throw ExitStatus(.unreadable, "\(error)")
    }
  }

  /// What new connections use.
  var current: TLSServerContext { state.value.withLock { $0.context } ?? reloader.initial }

  /// From now on the server follows the files.
  func follow(_ server: HTTPServer) {
    state.value.withLock { $0.server = server }
    // What changed between the making of the server and now.
    server.replaceCertificate(current)
  }

  /// Why the present certificate is of no use; nil when it is good.
  func fault(now: Int64) -> String? {
    let info = current.certificate
    if now > info.notAfter { return "\(file) has expired" }
    if now < info.notBefore { return "\(file) is not valid yet" }
    return nil
  }

  /// Watches the files no more.
  func stop() async {
    await reloader.stop()
  }
}
