internal import Admission
internal import Cluster
internal import Controllers
internal import HTTP
internal import JSON
internal import KubernetesAPI
internal import Synchronization
internal import Telemetry
internal import Transport

/// What the handlers of all loops share.
struct ReviewService: Sendable {
  let reviewer: Reviewer
  /// Who stores the addresses of Pods; nil where Pods get none.
  let committer: PoolCommitter?
  /// Who makes what a review needs first; nil where Pods get no addresses.
  let preparer: Preparer?
  /// Where claims are agreed on with other replicas; nil where there is no other.
  let register: ClaimRegister?
  /// Where admitted objects are written down; nil where an API server does that.
  let recorder: LocalCluster?
  let log: DecisionLog
  /// Who answers when the time for an answer is over.
  let lateness = LatenessWatch()
}

/// Answers the webhook port: reviews, and Spiderpool's health path.
///
/// A review is decided on the loop's thread. Only an answer that must wait for the cluster or the disk is given later.
final class WebhookHandler: LoopHandler {
  private let service: ReviewService
  private var parser = JSONParser()
  private var metrics = ReviewMetrics()

  init(service: ReviewService) {
    self.service = service
  }

  func handle(_ request: borrowing HTTPRequest, _ responder: @autoclosure () -> Responder) -> HTTPResponse? {
    switch Route(path: request.path) {
    case .review(let phase): return review(request, phase, responder())
    case .health:
      return HTTPResponse(status: 200, contentType: "text/plain; charset=utf-8", body: Array("ok\n".utf8))
    case .unknown:
      return StatusAnswer.make(
        404, "NotFound", "reviews are served at /mutate and /validate, and at Spiderpool's own paths")
    }
  }

  private func review(
    _ request: borrowing HTTPRequest, _ phase: Phase, _ responder: @autoclosure () -> Responder
  ) -> HTTPResponse? {
    guard request.method == .post else {
      return StatusAnswer.make(
        405, "MethodNotAllowed", "a review is sent by POST", headers: [("allow", "POST")])
    }
    guard Self.isJSON(request.headers) else {
      return StatusAnswer.make(
        415, "UnsupportedMediaType", "a review is sent with the header Content-Type: application/json")
    }
    let start = MonotonicClock.now()
    let now = Timestamp.now()
    let outcome = service.reviewer.review(request.body, parser: &parser, phase: phase, now: now)
    let hasToWait =
      (outcome.prerequisite != nil && service.preparer != nil)
      || (outcome.claim != nil && service.register != nil)
      || (outcome.binding != nil && service.committer != nil)
      || (outcome.admitted != nil && service.recorder != nil)
    if hasToWait {
      let settling = Settling(
        service: service, responder: responder(), start: start,
        timeout: ReviewTimeout.parse(query: request.query),
        review: outcome.prerequisite.map { _ in Settling.Review(body: request.body, phase: phase) })
      settling.begin(outcome)
      return nil
    }
    let nanoseconds = MonotonicClock.now() &- start
    metrics.record(outcome.decision, nanoseconds: nanoseconds)
    service.log.write(outcome.decision, nanoseconds: nanoseconds, now: now)
    return HTTPResponse(status: outcome.httpStatus, body: outcome.body)
  }

  /// `application/json`, with or without parameters.
  private static func isJSON(_ headers: HTTPHeaders) -> Bool {
    headers.withFirst("content-type") { value in
      let wanted: StaticString = "application/json"
      let length = wanted.utf8CodeUnitCount
      guard value.count >= length else { return false }
      for index in 0..<length where value[index] | 0x20 != wanted.utf8Start[index] | 0x20 { return false }
      return value.count == length || value[length] == UInt8(ascii: ";") || value[length] == 0x20
    } ?? false
  }
}
