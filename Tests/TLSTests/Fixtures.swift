import Foundation

@testable import TLS

let now = currentUnixTime()

/// A directory of its own, gone when the object is.
final class Scratch {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("tls-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit {
    do { try FileManager.default.removeItem(atPath: path) } catch { print("left behind: \(path): \(error)") }
  }

  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    let file = "\(path)/\(name)"
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    return file
  }
}

/// An authority and a server's files signed by it.
struct Identities {
  let scratch: Scratch
  let authority: CertificateAuthority
  let certificateFile: String
  let keyFile: String

  init(hosts: [String] = ["webhook.test", "127.0.0.1"], days: Int = 90, issuedAt: Int64 = now) throws {
    scratch = try Scratch()
    authority = try .make(commonName: "test authority", days: 365, now: issuedAt)
    let pair = try authority.issue(.server(hosts: hosts), days: days, now: issuedAt)
    certificateFile = try scratch.write("tls.crt", pair.certificate)
    keyFile = try scratch.write("tls.key", pair.key)
  }

  func server(alpn: [ALPN] = [.h2, .http1_1], clientCA: String? = nil, names: [String] = []) throws
    -> TLSServerContext
  {
    try TLSServerContext(
      certificateFile: certificateFile, keyFile: keyFile, clientCAFile: clientCA, allowedClientNames: names,
      alpn: alpn)
  }

  func client(_ identity: TLSClientContext.Identity? = nil) throws -> TLSClientContext {
    try TLSClientContext(trust: .authorities(authority.pair.certificate), identity: identity)
  }
}

/// A client and a server, and the wire between them.
final class Conversation {
  let client: TLSSession
  let server: TLSSession

  init(
    _ serverContext: TLSServerContext, _ clientContext: TLSClientContext, name: String = "webhook.test",
    alpn: [ALPN] = [.h2]
  ) throws {
    client = try TLSSession(client: clientContext, serverName: name, alpn: alpn)
    server = try TLSSession(server: serverContext)
  }

  func carry(_ from: TLSSession, _ to: TLSSession) {
    var bytes: [UInt8] = []
    from.takeOutput(into: &bytes)
    bytes.withUnsafeBytes { to.receive($0) }
  }

  /// Shakes hands until both are done or one has failed.
  func shakeHands() -> (client: TLSError?, server: TLSError?) {
    var failures: (client: TLSError?, server: TLSError?)
    for _ in 0..<6 {
      if failures.client == nil, case .failed(let error) = client.handshake() { failures.client = error }
      carry(client, server)
      if failures.server == nil, case .failed(let error) = server.handshake() { failures.server = error }
      carry(server, client)
    }
    return failures
  }

  /// What `session` reads until there is nothing more, and how that ended.
  static func readAll(_ session: TLSSession, chunk: Int = 4096) -> (
    bytes: [UInt8], end: TLSSession.ReadOutcome
  ) {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: chunk)
    while true {
      let outcome = buffer.withUnsafeMutableBytes { session.read(into: $0) }
      guard case .bytes(let count) = outcome else { return (bytes, outcome) }
      bytes += buffer[..<count]
    }
  }
}
