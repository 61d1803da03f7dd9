import KubernetesAPI

/// What the rules have found in one review.
struct Findings {
  /// A refusal that is not about a field.
  enum Refusal: Equatable {
    /// 403: the object is being deleted.
    case terminating(detail: String, rule: RuleID)
    /// 403: the object may not be deleted.
    case deletion(detail: String, rule: RuleID)
    /// 409: the name is taken.
    case nameTaken(rule: RuleID)
    /// 403: no pool has an address left.
    case exhausted(detail: String, rule: RuleID)
    /// 429: somebody else was first, and another try will do better. Clients make it by themselves, which they do not after a
    /// 409.
    case raced(detail: String, rule: RuleID)
    /// 503: too much is under way, or somebody who is needed is away. Clients come back by themselves after so many
    /// seconds, ten times, and do nothing else meanwhile: nil where that would not help.
    case unavailable(detail: String, retryAfter: Int?, rule: RuleID)
  }

  /// Mistakes in fields, in the order of the rules.
  private(set) var errors: [FieldError] = []
  /// Mistakes that stand against an object being created at this moment, and may be gone in a few seconds.
  private(set) var passingErrors: [FieldError] = []
  /// What is allowed but probably not meant.
  private(set) var warnings: [String] = []
  /// A refusal of the whole request; the first one stays.
  private(set) var refusal: Refusal?

  /// What has to be known before what was found is final.
  var prerequisite: Prerequisite?

  /// Mistakes beyond this many are not written down: an answer names some, and a manifest may hold a million.
  static let maximumErrors = 50
  /// Warnings beyond this many could not be sent anyway.
  static let maximumWarnings = 64
  /// Whether there were more mistakes than are written down.
  private(set) var isCut = false

  /// Whether no further mistake is written down; a rule with many of them can stop.
  var isFull: Bool { errors.count >= Self.maximumErrors }

  var isDenied: Bool { refusal != nil || !errors.isEmpty || !passingErrors.isEmpty }

  mutating func report(_ error: FieldError) {
    if isFull { isCut = true } else { errors.append(error) }
  }

  mutating func report(
    _ kind: FieldError.Kind, _ path: FieldPath, _ value: FieldError.Value = .none, _ detail: String,
    _ rule: RuleID
  ) {
    report(FieldError(kind, path, value, detail, rule: rule))
  }

  mutating func reportPassing(_ path: FieldPath, _ detail: String, _ rule: RuleID) {
    passingErrors.append(FieldError(.forbidden, path, .none, detail, rule: rule))
  }

  mutating func refuse(_ refusal: Refusal) {
    if self.refusal == nil { self.refusal = refusal }
  }

  mutating func warn(_ path: FieldPath, _ text: String) {
    if warnings.count < Self.maximumWarnings { warnings.append("\(path): \(text)") }
  }
}
