import Foundation
import HTTP
import Synchronization
import TLS
import Transport

@testable import KubernetesClient

/// An API server that answers as a test says, over real TLS and HTTP/2, and remembers what it was asked.
final class FakeAPIServer: Sendable {
  /// What it was asked.
  struct Question: Sendable, Equatable {
    let line: String
    let token: String?
    let contentType: String?
    let body: String
  }

  typealias Answer = @Sendable (_ question: Question, _ number: Int) -> HTTPResponse?

  private let server: HTTPServer
  private let questions = Mutex<[Question]>([])
  let access: ClusterAccess

  var asked: [Question] { questions.withLock { $0 } }

  /// - Parameter answer: gets the question and how many came before; nil: no answer at all.
  init(token: BearerToken = .fixed("t"), _ answer: @escaping Answer) async throws {
    let directory = CertificateDirectory(
      FileManager.default.temporaryDirectory.appendingPathComponent("api-\(UUID().uuidString)").path)
    _ = try directory.issue(hosts: ["kubernetes"])
    defer { try? FileManager.default.removeItem(atPath: directory.path) }
    let context = try TLSServerContext(
      certificateFile: directory.certificateFile, keyFile: directory.keyFile, alpn: [.h2, .http1_1])
    let relay = Relay()
    server = HTTPServer(
      ServerConfiguration(name: "api", addresses: [.loopback(port: 0)], tls: context)
    ) { _ in
      Handler(relay)
    }
    let port = try await server.start()[0].port
    access = ClusterAccess(
      server: ServerURL(host: "127.0.0.1", port: port, path: "/base"),
      trust: .authorities(try readCredentialFile(directory.authorityCertificateFile)),
      serverName: "kubernetes",
      token: token)
    relay.answer.withLock { stored in
      stored = { [unowned self] question in
        let number = questions.withLock { questions in
          questions.append(question)
          return questions.count - 1
        }
        return answer(question, number)
      }
    }
  }

  func stop() async {
    await server.drain(timeout: 0)
  }

  private final class Relay: Sendable {
    let answer = Mutex<(@Sendable (Question) -> HTTPResponse?)?>(nil)
  }

  private final class Handler: LoopHandler {
    private let relay: Relay

    init(_ relay: Relay) { self.relay = relay }

    func handle(_ request: borrowing HTTPRequest, _ responder: @autoclosure () -> Responder) -> HTTPResponse?
    {
      let target = request.query.isEmpty ? request.path : "\(request.path)?\(request.query)"
      let question = Question(
        line: "\(request.method) \(target)", token: request.headers.first("authorization"),
        contentType: request.headers.first("content-type"),
        body: String(decoding: request.body, as: UTF8.self))
      let answer = relay.answer.withLock { $0 }
      let response = answer?(question)
      if response == nil { _ = responder() }
      return response
    }
  }
}

/// A JSON answer.
func json(_ text: String, status: Int = 200, retryAfter: Int? = nil) -> HTTPResponse {
  HTTPResponse(
    status: status, extraHeaders: retryAfter.map { [("retry-after", "\($0)")] } ?? [], body: Array(text.utf8))
}

/// The answer of an API server that refuses.
func refusal(_ code: Int, _ reason: String, _ message: String) -> HTTPResponse {
  json(#"{"kind":"Status","code":\#(code),"reason":"\#(reason)","message":"\#(message)"}"#, status: code)
}

/// A pool as the API server gives it.
func pool(_ name: String, _ version: Int) -> String {
  #"{"apiVersion":"spiderpool.spidernet.io/v2beta1","kind":"SpiderIPPool","#
    + #""metadata":{"name":"\#(name)","uid":"u-\#(name)","resourceVersion":"\#(version)"}}"#
}
