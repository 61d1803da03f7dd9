@testable import HTTP

let second = HTTPLimits.second

/// Drives a server's machine as the server does, and writes down what it said: events as text, and its output.
final class ServerExchange {
  var conversation: ServerConversation
  var now: UInt64
  private(set) var events: [String] = []
  private(set) var output: [UInt8] = []
  private(set) var requests: [(StreamID, HTTPRequest)] = []
  /// Answers a request at once; nil leaves it open.
  var answer: (HTTPRequest) -> HTTPResponse? = { request in
    HTTPResponse(
      status: 200, contentType: "text/plain", body: Array("\(request.method) \(request.path)".utf8))
  }

  init(_ version: HTTPVersion = .http1_1, limits: HTTPLimits = HTTPLimits(), now: UInt64 = 1_000 * second) {
    conversation = ServerConversation(version, limits: limits, now: now)
    self.now = now
  }

  func receive(_ bytes: some Collection<UInt8>) {
    Array(bytes).withUnsafeBytes { conversation.receive($0, now: now) }
    settle()
  }

  func receive(_ text: String) { receive(text.utf8) }

  /// Takes every event, answers what is to be answered, and collects the output.
  func settle() {
    while let event = conversation.nextEvent() {
      switch event {
      case .request(let stream, let request):
        requests.append((stream, request))
        events.append(Self.describe(request))
        if let response = answer(request) { conversation.respond(response, to: stream, now: now) }
      case .refused(let refusal, let closes):
        events.append("refused \(refusal.rawValue)\(closes ? ", closes" : "")")
      }
    }
    while conversation.hasOutput {
      conversation.withOutput { output.append(contentsOf: $0) }
    }
  }

  func respond(_ response: HTTPResponse, to index: Int) {
    conversation.respond(response, to: requests[index].0, now: now)
    settle()
  }

  /// Lets time pass and carries out what is due.
  func advance(_ time: UInt64) -> [Refusal] {
    now += time
    var refusals: [Refusal] = []
    while let refusal = conversation.expire(now: now) { refusals.append(refusal) }
    settle()
    return refusals
  }

  /// Every output byte as one character.
  var text: String { String(output.map { Character(Unicode.Scalar($0)) }) }

  /// The status codes of the HTTP/1.1 answers, in order; only for answers whose bodies hold no status line.
  var statuses: [Int] {
    text.split(separator: "HTTP/1.1 ").compactMap { Int($0.prefix(3)) }
  }

  static func describe(_ request: HTTPRequest) -> String {
    let fields = request.headers.fields.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    return
      "\(request.method) \(request.path) ?\(request.query) [\(fields)] \(String(decoding: request.body, as: UTF8.self))"
  }
}

extension HTTPResponse {
  /// A 200 with a text, for tests.
  static func text(_ body: String, extraHeaders: [(String, String)] = []) -> HTTPResponse {
    HTTPResponse(status: 200, contentType: "text/plain", extraHeaders: extraHeaders, body: Array(body.utf8))
  }
}
