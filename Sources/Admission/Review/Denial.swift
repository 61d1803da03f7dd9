import KubernetesAPI

/// Puts findings into the `Status` of a refusal.
struct Denial {
  let status: Status
  /// The rules that refused, each once, in order.
  let rules: [RuleID]

  /// The kind of object and its name, as a refusal tells them.
  struct Target {
    let group: String
    let kind: String
    /// The plural, for refusals that name the resource.
    let plural: String
    let name: String

    var qualifiedKind: String { group.isEmpty ? kind : "\(kind).\(group)" }
    var qualifiedPlural: String { group.isEmpty ? plural : "\(plural).\(group)" }
  }

  init(_ findings: Findings, _ target: Target) {
    if let refusal = findings.refusal {
      self.init(refusal, target)
    } else if findings.errors.isEmpty {
      self.init(passing: findings.passingErrors, target)
    } else {
      self.init(invalid: findings.errors + findings.passingErrors, target, isCut: findings.isCut)
    }
  }

  private init(_ refusal: Findings.Refusal, _ target: Target) {
    let name = GoText.quoted(target.name)
    switch refusal {
    case .terminating(let detail, let rule):
      status = Status(
        code: 403, reason: "Forbidden", message: "forbidden: \(detail)", details: Status.Details())
      rules = [rule]
    case .deletion(let detail, let rule), .exhausted(let detail, let rule):
      status = Status(
        code: 403, reason: "Forbidden", message: "\(target.qualifiedPlural) \(name) is forbidden: \(detail)",
        details: Status.Details(group: target.group, kind: target.plural, name: target.name))
      rules = [rule]
    case .raced(let detail, let rule):
      status = Status(
        code: 429, reason: "TooManyRequests", message: detail,
        details: Status.Details(
          group: target.group, kind: target.kind, name: target.name, retryAfterSeconds: 1))
      rules = [rule]
    case .nameTaken(let rule):
      status = Status(
        code: 409, reason: "AlreadyExists", message: "\(target.qualifiedKind) \(name) already exists",
        details: Status.Details(group: target.group, kind: target.kind, name: target.name))
      rules = [rule]
    case .unavailable(let detail, let retryAfter, let rule):
      status = Status(
        code: 503, reason: "ServiceUnavailable", message: detail,
        details: Status.Details(
          group: target.group, kind: target.kind, name: target.name, retryAfterSeconds: retryAfter))
      rules = [rule]
    }
  }

  /// 422: the object is wrong.
  private init(invalid errors: [FieldError], _ target: Target, isCut: Bool) {
    let details = Self.details(errors, target, isCut: isCut)
    status = Status(
      code: 422, reason: "Invalid",
      message:
        "\(target.qualifiedKind) \(GoText.quoted(target.name)) is invalid: \(Self.joined(details.causes))",
      details: details)
    rules = Self.rules(errors)
  }

  /// 409: the object is right, but another one that is being written at this moment was first.
  private init(passing errors: [FieldError], _ target: Target) {
    let details = Self.details(errors, target)
    status = Status(
      code: 409, reason: "Conflict",
      message:
        "\(target.qualifiedKind) \(GoText.quoted(target.name)) came second: \(Self.joined(details.causes))",
      details: details)
    rules = Self.rules(errors)
  }

  private static func details(
    _ errors: [FieldError], _ target: Target, isCut: Bool = false
  ) -> Status.Details {
    var causes = errors.map { error in
      Status.Cause(
        reason: error.kind.causeReason.description, field: error.path.description, message: error.message)
    }
    if isCut {
      causes.append(
        Status.Cause(reason: "FieldValueInvalid", field: "spec", message: "holds further mistakes, not shown")
      )
    }
    return Status.Details(group: target.group, kind: target.kind, name: target.name, causes: causes)
  }

  /// One cause as it is, several in brackets: as the API machinery joins them.
  private static func joined(_ causes: [Status.Cause]) -> String {
    let texts = causes.map { "\($0.field): \($0.message)" }
    return texts.count == 1 ? texts[0] : "[\(texts.joined(separator: ", "))]"
  }

  private static func rules(_ errors: [FieldError]) -> [RuleID] {
    var rules: [RuleID] = []
    for error in errors where !rules.contains(error.rule) { rules.append(error.rule) }
    return rules
  }
}
