internal import Admission
internal import KubernetesAPI
internal import Telemetry

/// One line per decision: whose request, about what, what was decided, by which rule, and how long it took. Never a body.
struct DecisionLog: Sendable {
  let sink: LogSink
  let format: LogFormat
  /// False when the log level leaves decisions out.
  let isEnabled: Bool

  /// Writes the line of a decision that took so many nanoseconds. `now` is in milliseconds since 1970.
  func write(_ decision: Decision, nanoseconds: UInt64, now: UInt64 = Timestamp.now()) {
    guard isEnabled else { return }
    sink.append { buffer in
      var line = LogLine(format, time: now, level: "info", message: "decided", taking: &buffer)
      line.field("decision", decision.verdict.label)
      if let rule = decision.rule { line.field("rule", rule) }
      line.field("phase", decision.phase.label)
      line.field("operation", decision.operation?.text ?? "unknown")
      decision.withUTF8(.kindName) { line.field("kind", $0) }
      decision.withUTF8(.namespace) { line.field("namespace", $0) }
      decision.withUTF8(.name) { line.field("name", $0) }
      decision.withUTF8(.user) { line.field("user", $0) }
      decision.withUTF8(.uid) { line.field("uid", $0) }
      if decision.isDryRun { line.field("dry_run", true) }
      if decision.isPatched { line.field("patched", true) }
      line.milliseconds("duration_ms", nanoseconds: nanoseconds)
      line.finish(into: &buffer)
    }
  }
}

extension Decision.Verdict {
  /// As logs and metrics name it.
  var label: StaticString {
    switch self {
    case .allowed: "allowed"
    case .notJudged: "not_judged"
    case .denied: "denied"
    case .bad: "bad_request"
    }
  }
}

extension Decision.Kind {
  /// As metrics name it: kinds in their own words where their number is bounded.
  var label: StaticString {
    switch self {
    case .pool: "SpiderIPPool"
    case .subnet: "SpiderSubnet"
    case .reservedIP: "SpiderReservedIP"
    case .pod: "Pod"
    case .workload: "workload"
    case .other: "other"
    }
  }
}

extension Phase {
  /// As logs and metrics name it.
  var label: StaticString {
    switch self {
    case .mutate: "mutate"
    case .validate: "validate"
    }
  }
}
