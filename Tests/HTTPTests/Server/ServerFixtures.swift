import Foundation
import Synchronization
import TLS
import Transport

@testable import HTTP

/// Answers by path: `/echo` the body, `/later` from another thread, `/never` not at all, `/large` a megabyte, and anything
/// else the number of its loop.
final class TestHandler: LoopHandler {
  private let number: Int
  private let kept: KeptResponders

  init(_ number: Int, _ kept: KeptResponders) {
    self.number = number
    self.kept = kept
  }

  func handle(_ request: borrowing HTTPRequest, _ responder: @autoclosure () -> Responder) -> HTTPResponse? {
    switch request.path {
    case "/echo":
      return HTTPResponse(status: 200, body: request.body)
    case "/large":
      return HTTPResponse(status: 200, body: [UInt8](repeating: 0x78, count: 1 << 20))
    case "/later":
      let responder = responder()
      Task.detached { responder.respond(HTTPResponse(status: 200, body: Array("later".utf8))) }
      return nil
    case "/never":
      kept.keep(responder())
      return nil
    default:
      return HTTPResponse(status: 200, body: Array("loop \(number)".utf8))
    }
  }
}

/// The responders of requests to `/never`.
final class KeptResponders: Sendable {
  private let responders = Mutex<[Responder]>([])
  let arrivals: AsyncStream<Void>
  private let arrival: AsyncStream<Void>.Continuation

  init() {
    (arrivals, arrival) = AsyncStream.makeStream()
  }

  func keep(_ responder: Responder) {
    responders.withLock { $0.append(responder) }
    arrival.yield()
  }

  func waitForOne() async {
    for await _ in arrivals { return }
  }

  func answerAll() {
    let all = responders.withLock { responders in
      defer { responders = [] }
      return responders
    }
    for responder in all { responder.respond(HTTPResponse(status: 200, body: Array("at last".utf8))) }
  }
}

/// A server on a port of its own.
struct TestServer {
  let server: HTTPServer
  let port: UInt16
  let kept = KeptResponders()

  init(
    tls: TLSServerContext? = nil, loops: Int = 1, _ change: (inout ServerConfiguration) -> Void = { _ in }
  ) async throws {
    var configuration = ServerConfiguration(
      name: "test", addresses: [.loopback(port: 0)], loops: loops, tls: tls)
    // However busy the machine is, only the tests of a deadline meet one.
    configuration.connectionLimits = .patient
    configuration.limits.quietBeforeClose = 20 * millisecond
    change(&configuration)
    server = HTTPServer(configuration) { [kept] in TestHandler($0, kept) }
    port = try await server.start()[0].port
  }

  func refusals(_ refusal: Refusal) -> Int {
    server.statistics.refusals[refusal, default: 0]
  }
}

/// Contexts of a server and of a client that trusts it, and the means to make more of the first kind.
struct ServerIdentity: Sendable {
  let authority: CertificateAuthority
  let client: TLSClientContext

  init() throws {
    authority = try .make(commonName: "test", days: 2, now: currentUnixTime())
    client = try TLSClientContext(trust: .authorities(authority.pair.certificate))
  }

  func makeServer(alpn: [ALPN] = [.h2, .http1_1]) throws -> TLSServerContext {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
      "server-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let files = try writePair(in: directory.path)
    return try TLSServerContext(
      certificateFile: files.certificate, keyFile: files.key, alpn: alpn)
  }

  /// Issues another certificate and writes it to `tls.crt` and `tls.key`.
  func writePair(in directory: String) throws -> (certificate: String, key: String) {
    let pair = try authority.issue(.server(hosts: ["localhost"]), days: 1, now: currentUnixTime())
    let files = (certificate: "\(directory)/tls.crt", key: "\(directory)/tls.key")
    try Data(pair.certificate).write(to: URL(fileURLWithPath: files.certificate))
    try Data(pair.key).write(to: URL(fileURLWithPath: files.key))
    return files
  }
}

extension ConnectionLimits {
  static var patient: ConnectionLimits {
    var limits = ConnectionLimits()
    limits.connectTimeout = 60_000 * millisecond
    limits.handshakeTimeout = 60_000 * millisecond
    limits.writeTimeout = 60_000 * millisecond
    return limits
  }
}

let millisecond: UInt64 = 1_000_000
