import JSON
import KubernetesAPI

/// Answers to what cannot be judged.
///
/// An AdmissionReview can be answered as such only when its UID is known; anything else gets a `Status` and an HTTP
/// error, which the API server treats as a failed call of the webhook.
enum BadRequest {
  static func outcome(for error: JSONError, _ phase: Phase) -> ReviewOutcome {
    switch error {
    case .tooLarge: outcome(413, "RequestEntityTooLarge", "the body is too large: \(error)", phase)
    case .outOfMemory, .unsupportedProcessor:
      outcome(500, "InternalError", "the body cannot be read: \(error)", phase)
    default: outcome(400, "BadRequest", "the body is not an acceptable JSON document: \(error)", phase)
    }
  }

  static func outcome(for fault: ReviewFault, _ phase: Phase) -> ReviewOutcome {
    outcome(400, "BadRequest", fault.sentence, phase)
  }

  /// For a review whose UID is known: it is answered, and denied.
  static func outcome(_ sentence: String, _ request: AdmissionRequest, _ phase: Phase) -> ReviewOutcome {
    var response = AdmissionResponse(to: request, allowed: false)
    response.status(Status(code: 400, reason: "BadRequest", message: sentence))
    response.auditAnnotations("{\"decision\":\"bad-request\"}")
    return ReviewOutcome(
      body: response.finish(),
      decision: Decision(
        phase: phase, request: request, subject: Subject(request), verdict: .bad, code: 400,
        rule: "bad-request"))
  }

  private static func outcome(_ code: Int, _ reason: String, _ sentence: String, _ phase: Phase)
    -> ReviewOutcome
  {
    var writer = JSONWriter(reserving: 256)
    Status(code: code, reason: reason, message: sentence).write(to: &writer, asObject: true)
    return ReviewOutcome(
      httpStatus: code, body: writer.finish(),
      decision: Decision(phase: phase, request: nil, verdict: .bad, code: code, rule: "bad-request"))
  }
}
