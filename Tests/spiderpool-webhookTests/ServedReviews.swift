import Admission
import Cluster
import Controllers
import Foundation
import HTTP
import TLS
import Telemetry
import Transport

@testable import spiderpool_webhook

/// The recorded reviews and the answers to them, shared with the rules' own tests.
enum Recorded {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures")

  /// Every recorded review as `v1.20/mutate-pod-create`.
  static let names: [String] = ["v1.20", "v1.36"].flatMap { version -> [String] in
    let path = folder.appendingPathComponent("reviews/\(version)").path
    let files = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return files.filter { $0.hasSuffix(".json") }.map { "\(version)/\($0.dropLast(5))" }
  }.sorted()

  static func review(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: folder.appendingPathComponent("reviews/\(name).json")))
  }

  static func answer(_ name: String) throws -> String {
    String(
      decoding: try Data(contentsOf: folder.appendingPathComponent("answers/\(name).json")), as: UTF8.self)
  }

  static func path(_ name: String) -> String { name.contains("/mutate-") ? "/mutate" : "/validate" }
}

/// A webhook server of the test's own on a loopback port, and a client of it.
struct ServedReviews {
  let client: HTTPClient
  private let server: HTTPServer

  /// - Parameter store: where replicas agree on claims; nil for a single one.
  init(_ version: HTTPVersion = .http1_1, store: (any ClusterStore)? = nil) async throws {
    let authority = try CertificateAuthority.make(commonName: "test", days: 1, now: currentUnixTime())
    let pair = try authority.issue(.server(hosts: ["127.0.0.1"]), days: 1, now: currentUnixTime())
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { _ = try? FileManager.default.removeItem(at: folder) }
    let (certificate, key) = (
      folder.appendingPathComponent("tls.crt"), folder.appendingPathComponent("tls.key")
    )
    try Data(pair.certificate).write(to: certificate)
    try Data(pair.key).write(to: key)
    let context = try TLSServerContext(
      certificateFile: certificate.path, keyFile: key.path, alpn: version == .http2 ? [.h2] : [.http1_1])

    let service = Self.service(store: store)
    let address = try SocketAddress(parsing: "127.0.0.1:0")
    server = HTTPServer(ServerConfiguration(name: "test", addresses: [address], tls: context)) { _ in
      WebhookHandler(service: service)
    }
    let bound = try await server.start()
    client = try HTTPClient(
      HTTPClientConfiguration(
        host: "127.0.0.1", port: bound[0].port,
        tls: try TLSClientContext(trust: .authorities(authority.pair.certificate))))
  }

  static func service(store: (any ClusterStore)? = nil) -> ReviewService {
    let directory = PoolDirectory()
    return ReviewService(
      reviewer: Reviewer(directory: directory), committer: nil, preparer: nil,
      register: store.map {
        ClaimRegister(store: $0, namespace: "spiderpool", directory: directory, now: Timestamp.now)
      },
      recorder: nil, log: DecisionLog(sink: LogSink(), format: .text, isEnabled: false))
  }

  func post(_ path: String, query: String = "", _ body: [UInt8]) async throws -> (status: Int, text: String) {
    let request = HTTPRequest(
      method: .post, path: path, query: query, headers: HTTPHeaders([("content-type", "application/json")]),
      body: body)
    let response = try await client.send(request, timeout: .seconds(120))
    return (response.status, String(decoding: response.body, as: UTF8.self))
  }

  func stop() async {
    client.close()
    await server.drain(timeout: 5_000_000_000)
  }
}
