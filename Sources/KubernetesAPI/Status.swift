public import JSON

/// The API's `Status`: why a request was refused.
public struct Status: Sendable, Equatable, Error {
  /// One cause among several.
  public struct Cause: Sendable, Equatable {
    /// Machine-readable, such as `FieldValueInvalid`.
    public var reason: String
    /// The field, as a path.
    public var field: String
    /// For people, without the field.
    public var message: String

    /// A cause.
    public init(reason: String, field: String, message: String) {
      self.reason = reason
      self.field = field
      self.message = message
    }
  }

  /// The object a refusal is about, and the causes.
  public struct Details: Sendable, Equatable {
    /// The API group.
    public var group: String
    /// The kind, or for some refusals the plural.
    public var kind: String
    /// The name.
    public var name: String
    /// The causes, in the order of the rules.
    public var causes: [Cause]
    /// When to try again; nil when it says nothing.
    public var retryAfterSeconds: Int?

    /// Details.
    public init(
      group: String = "", kind: String = "", name: String = "", causes: [Cause] = [],
      retryAfterSeconds: Int? = nil
    ) {
      self.group = group
      self.kind = kind
      self.name = name
      self.causes = causes
      self.retryAfterSeconds = retryAfterSeconds
    }
  }

  /// The HTTP status code.
  public var code: Int
  /// The API's reason, such as `Invalid`.
  public var reason: String
  /// For people.
  public var message: String
  /// What the refusal is about.
  public var details: Details?

  /// A refusal.
  public init(code: Int, reason: String, message: String, details: Details? = nil) {
    self.code = code
    self.reason = reason
    self.message = message
    self.details = details
  }

  /// Reads a Status object, such as the body of a refused request; nil when `view` is anything else.
  public init?(_ view: JSONView) {
    guard view["kind"]?.equals("Status") == true else { return nil }
    code = view["code"]?.int.flatMap { Int(exactly: $0) } ?? 0
    reason = view["reason"]?.string ?? ""
    message = view["message"]?.string ?? ""
    guard let read = view["details"], read.kind == .object else { return }
    var causes: [Cause] = []
    if let list = read["causes"] {
      causes = list.elements.map {
        Cause(
          reason: $0["reason"]?.string ?? "", field: $0["field"]?.string ?? "",
          message: $0["message"]?.string ?? "")
      }
    }
    details = Details(
      group: read["group"]?.string ?? "", kind: read["kind"]?.string ?? "", name: read["name"]?.string ?? "",
      causes: causes, retryAfterSeconds: read["retryAfterSeconds"]?.int.flatMap { Int(exactly: $0) })
  }
}
