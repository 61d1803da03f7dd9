internal import HTTP

/// Answers the health port: `/livez`, `/readyz` (with `?verbose`), their other names, and Spiderpool's `/v1/runtime/*`.
final class HealthHandler: LoopHandler {
  private let readiness: Checks
  private let liveness: Checks

  init(liveness: Checks, readiness: Checks) {
    self.liveness = liveness
    self.readiness = readiness
  }

  func handle(_ request: borrowing HTTPRequest, _ responder: @autoclosure () -> Responder) -> HTTPResponse? {
    guard request.method == .get || request.method == .head else {
      return StatusAnswer.make(
        405, "MethodNotAllowed", "health is asked for by GET", headers: [("allow", "GET, HEAD")])
    }
    let verbose = request.query.split(separator: "&").contains { $0 == "verbose" || $0.hasPrefix("verbose=") }
    switch request.path {
    case "/livez", "/healthz", "/v1/runtime/liveness":
      return answer("livez", liveness, verbose: verbose)
    case "/readyz", "/v1/runtime/readiness":
      return answer("readyz", readiness, verbose: verbose)
    case "/startupz", "/v1/runtime/startup":
      return text(200, "ok\n")
    default:
      return StatusAnswer.make(
        404, "NotFound", "the health port serves /livez, /readyz, /healthz, /startupz and /v1/runtime/*")
    }
  }

  private func answer(_ name: String, _ conditions: Checks, verbose: Bool) -> HTTPResponse {
    let report = conditions.report()
    let isWell = report.allSatisfy { $0.failure == nil }
    if isWell && !verbose { return text(200, "ok\n") }
    var lines = ""
    for (condition, failure) in report {
      lines += failure.map { "[-]\(condition) failed: \($0)\n" } ?? "[+]\(condition) ok\n"
    }
    return text(isWell ? 200 : 503, lines + "\(name) check \(isWell ? "passed" : "failed")\n")
  }

  private func text(_ status: Int, _ text: String) -> HTTPResponse {
    HTTPResponse(status: status, contentType: "text/plain; charset=utf-8", body: Array(text.utf8))
  }
}
