public import JSON

/// A label selector, and the API's rules for one.
public struct LabelSelector: Sendable, Equatable {
  /// One entry of `matchExpressions`.
  public struct Requirement: Sendable, Equatable {
    /// The label's key.
    public var key: String
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`, if it is right.
    public var comparison: String
    /// The values of `In` and `NotIn`.
    public var values: [String]
  }

  /// The labels that must be there, sorted by key.
  public var matchLabels: [(key: String, value: String)]
  /// The further requirements, in order.
  public var matchExpressions: [Requirement]

  /// Reads a selector; what is missing or of the wrong type is left empty.
  public init(_ view: JSONView) {
    matchLabels = []
    if let labels = view["matchLabels"] {
      matchLabels = labels.members.map { ($0.key.string ?? "", $0.value.string ?? "") }
      matchLabels.sort { $0.key < $1.key }
    }
    matchExpressions = []
    if let requirements = view["matchExpressions"] {
      matchExpressions = requirements.elements.map { item in
        Requirement(
          key: item["key"]?.string ?? "", comparison: item["operator"]?.string ?? "",
          values: item["values"].map(ObjectMeta.strings) ?? [])
      }
    }
  }

  /// Whether it selects everything.
  public var isEmpty: Bool { matchLabels.isEmpty && matchExpressions.isEmpty }

  /// Equal selectors.
  public static func == (left: LabelSelector, right: LabelSelector) -> Bool {
    left.matchExpressions == right.matchExpressions
      && left.matchLabels.elementsEqual(right.matchLabels) { $0.key == $1.key && $0.value == $1.value }
  }
}

extension LabelSelector {
  /// The mistakes in the selector that stands at `path`.
  public func mistakes(at path: FieldPath, rule: RuleID) -> [FieldError] {
    var errors: [FieldError] = []
    func invalid(_ place: FieldPath, _ value: String, _ detail: String) {
      errors.append(FieldError(.invalid, place, .string(value), detail, rule: rule))
    }
    for (key, value) in matchLabels {
      let place = path.child("matchLabels")
      if let fault = LabelSyntax.fault(inKey: key) { invalid(place, key, fault) }
      if let fault = LabelSyntax.fault(inValue: value) { invalid(place, value, fault) }
    }
    for (position, item) in matchExpressions.enumerated() {
      let place = path.child("matchExpressions").index(position)
      if let fault = LabelSyntax.fault(inKey: item.key) { invalid(place.child("key"), item.key, fault) }
      for (number, value) in item.values.enumerated() {
        if let fault = LabelSyntax.fault(inValue: value) {
          invalid(place.child("values").index(number), value, fault)
        }
      }
      if let error = item.mistake(at: place, rule: rule) { errors.append(error) }
    }
    return errors
  }
}

extension LabelSelector.Requirement {
  /// What is wrong between the operator and the values.
  fileprivate func mistake(at path: FieldPath, rule: RuleID) -> FieldError? {
    switch comparison {
    case "In", "NotIn":
      guard values.isEmpty else { return nil }
      return FieldError(
        .required, path.child("values"), .none, "must be specified when operator is In or NotIn", rule: rule)
    case "Exists", "DoesNotExist":
      guard !values.isEmpty else { return nil }
      return FieldError(
        .forbidden, path.child("values"), .none,
        "may not be specified when operator is Exists or DoesNotExist",
        rule: rule)
    default:
      return FieldError(
        .invalid, path.child("operator"), .string(comparison),
        "not a valid selector operator; write In, NotIn, Exists or DoesNotExist", rule: rule)
    }
  }
}
