internal import HTTP
internal import Telemetry

/// Answers the metrics port: `/metrics` in Prometheus text.
final class MetricsHandler: LoopHandler {
  private let registry: PrometheusRegistry

  init(registry: PrometheusRegistry) {
    self.registry = registry
  }

  func handle(_ request: borrowing HTTPRequest, _ responder: @autoclosure () -> Responder) -> HTTPResponse? {
    guard request.method == .get || request.method == .head else {
      return StatusAnswer.make(
        405, "MethodNotAllowed", "metrics are asked for by GET", headers: [("allow", "GET, HEAD")])
    }
    guard request.path == "/metrics" else {
      return StatusAnswer.make(404, "NotFound", "the metrics port serves /metrics")
    }
    return HTTPResponse(
      status: 200, contentType: "text/plain; version=0.0.4; charset=utf-8", body: registry.render())
  }
}
