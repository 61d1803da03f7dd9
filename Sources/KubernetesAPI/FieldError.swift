/// The lasting name of a rule, for logs, audit annotations and documentation; never translated, never reused.
public struct RuleID: Sendable, Hashable, CustomStringConvertible {
  /// The name.
  public let text: StaticString

  /// A rule's name: lower case, words joined by `-`.
  public init(_ text: StaticString) { self.text = text }

  /// The name as a `String`.
  public var description: String { text.description }

  /// Equal names.
  public static func == (left: RuleID, right: RuleID) -> Bool {
    left.text.withUTF8Buffer { a in right.text.withUTF8Buffer { b in a.elementsEqual(b) } }
  }

  /// Hashes the name.
  public func hash(into hasher: inout Hasher) {
    text.withUTF8Buffer { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}

/// A user's mistake in one field: where, what stands there, and what would be right.
public struct FieldError: Error, Sendable, Equatable {
  /// The classes of Kubernetes' `field.Error`.
  public enum Kind: Sendable {
    /// The value breaks a rule.
    case invalid
    /// The value is not one of a few allowed ones.
    case notSupported
    /// The value may be right elsewhere, not here and now. The value is not shown.
    case forbidden
    /// Something that must be there is missing. No value is shown.
    case required
    /// The rule could not be checked. No value is shown.
    case internalError
  }

  /// What stands in the field.
  public enum Value: Sendable, Equatable {
    /// Nothing to show.
    case none
    /// Nothing, or `null`.
    case null
    /// A string.
    case string(String)
    /// Anything else, as JSON text.
    case other(String)
  }

  /// The class of the mistake.
  public let kind: Kind
  /// The field.
  public let path: FieldPath
  /// Its value.
  public let value: Value
  /// What is wrong and what would be right, without a full stop.
  public let detail: String
  /// The rule that says so.
  public let rule: RuleID

  /// A mistake.
  public init(_ kind: Kind, _ path: FieldPath, _ value: Value, _ detail: String, rule: RuleID) {
    self.kind = kind
    self.path = path
    self.value = value
    self.detail = detail
    self.rule = rule
  }
}

extension FieldError.Kind {
  /// The machine-readable reason of a `StatusCause`.
  public var causeReason: StaticString {
    switch self {
    case .invalid: "FieldValueInvalid"
    case .notSupported: "FieldValueNotSupported"
    case .forbidden: "FieldValueForbidden"
    case .required: "FieldValueRequired"
    case .internalError: "InternalError"
    }
  }

  /// The words a message starts with.
  var label: String {
    switch self {
    case .invalid: "Invalid value"
    case .notSupported: "Unsupported value"
    case .forbidden: "Forbidden"
    case .required: "Required value"
    case .internalError: "Internal error"
    }
  }
}

extension FieldError: CustomStringConvertible {
  /// The message of the error's cause, without the path: `Invalid value: "10.7.0.1": must be inside 10.6.0.0/16`.
  public var message: String {
    var text = kind.label
    if let shown = shownValue { text += ": \(shown)" }
    if !detail.isEmpty { text += ": \(detail)" }
    return text
  }

  /// Path and message.
  public var description: String { "\(path): \(message)" }

  private var shownValue: String? {
    guard kind == .invalid || kind == .notSupported else { return nil }
    switch value {
    case .none: return nil
    case .null: return "\"null\""
    case .string(let text): return GoText.quoted(text)
    case .other(let json): return GoText.shortened(json)
    }
  }
}
