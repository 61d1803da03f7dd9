/// A JSON value that owns what it holds.
public enum JSONValue: Sendable {
  /// `null`
  case null
  /// `true` or `false`
  case bool(Bool)
  /// A number written as an integer.
  case int(Int64)
  /// A number written as an integer above `Int64.max`.
  case uint(UInt64)
  /// A number with a fraction or an exponent.
  case double(Double)
  /// Text.
  case string(String)
  /// Values in order.
  case array([JSONValue])
  /// Values by key.
  case object(JSONObject)
}

extension JSONValue {
  /// A copy of all that the view shows.
  public init(_ view: JSONView) {
    switch view.tag {
    case Tape.object:
      var object = JSONObject()
      object.reserveCapacity(view.count)
      for member in view.members { object.append(member.key.string ?? "", JSONValue(member.value)) }
      self = .object(object)
    case Tape.array: self = .array(view.elements.map { JSONValue($0) })
    case Tape.string: self = .string(view.string ?? "")
    case Tape.int: self = .int(view.int ?? 0)
    case Tape.uint: self = .uint(view.uint ?? 0)
    case Tape.double: self = .double(view.double ?? 0)
    case Tape.yes: self = .bool(true)
    case Tape.no: self = .bool(false)
    default: self = .null
    }
  }

  /// Reads one document.
  public init(parsing bytes: [UInt8], maximumDepth: Int = 512, maximumBytes: Int = 7 << 20) throws(JSONError)
  {
    var parser = JSONParser(maximumDepth: maximumDepth, maximumBytes: maximumBytes)
    self = try parser.parse(bytes) { JSONValue($0) }
  }

  /// Reads one document.
  public init(parsing text: String) throws(JSONError) {
    try self.init(parsing: Array(text.utf8))
  }

  /// Writes the value, keys in the order they are held.
  public func write(to writer: inout JSONWriter) {
    switch self {
    case .null: writer.null()
    case .bool(let bool): writer.value(bool)
    case .int(let number): writer.value(number)
    case .uint(let number): writer.value(number)
    case .double(let number): writer.value(number)
    case .string(let text): writer.value(text)
    case .array(let elements):
      writer.beginArray()
      for element in elements { element.write(to: &writer) }
      writer.endArray()
    case .object(let object):
      writer.beginObject()
      for member in object {
        writer.key(member.key)
        member.value.write(to: &writer)
      }
      writer.endObject()
    }
  }

  /// The value as a document without white space.
  public var bytes: [UInt8] {
    var writer = JSONWriter()
    write(to: &writer)
    return writer.finish()
  }
}

extension JSONValue: CustomStringConvertible {
  /// The value as a document without white space.
  public var description: String { String(decoding: bytes, as: UTF8.self) }
}

extension JSONValue: Equatable {
  /// Whether both say the same: the order of keys does not count, and numbers compare as numbers, however written.
  public static func == (a: JSONValue, b: JSONValue) -> Bool {
    switch (a, b) {
    case (.null, .null): true
    case (.bool(let a), .bool(let b)): a == b
    case (.int(let a), .int(let b)): a == b
    case (.uint(let a), .uint(let b)): a == b
    case (.int(let a), .uint(let b)), (.uint(let b), .int(let a)): UInt64(exactly: a) == b
    case (.double(let a), .double(let b)): a == b
    case (.double(let a), .int(let b)), (.int(let b), .double(let a)): Int64(exactly: a) == b
    case (.double(let a), .uint(let b)), (.uint(let b), .double(let a)): UInt64(exactly: a) == b
    case (.string(let a), .string(let b)): a.utf8.elementsEqual(b.utf8)
    case (.array(let a), .array(let b)): a == b
    case (.object(let a), .object(let b)): a == b
    default: false
    }
  }
}

extension JSONValue {
  /// The text; nil for anything but a string.
  public var string: String? {
    if case .string(let text) = self { text } else { nil }
  }

  /// The truth value; nil for anything else.
  public var bool: Bool? {
    if case .bool(let bool) = self { bool } else { nil }
  }

  /// The number, when it is an integer that fits; nil for anything else.
  public var int: Int64? {
    switch self {
    case .int(let number): number
    case .uint(let number): Int64(exactly: number)
    default: nil
    }
  }

  /// The elements; nil for anything but an array.
  public var array: [JSONValue]? {
    if case .array(let elements) = self { elements } else { nil }
  }

  /// The members; nil for anything but an object.
  public var object: JSONObject? {
    if case .object(let object) = self { object } else { nil }
  }

  /// Whether the value is `null`.
  public var isNull: Bool {
    if case .null = self { true } else { false }
  }

  /// The member with this key. Reading gives nil when there is none, or when this is no object; writing makes an object
  /// of whatever was there, and writing nil takes the member out.
  public subscript(key: String) -> JSONValue? {
    get {
      if case .object(let object) = self { object[key] } else { nil }
    }
    set {
      var object = JSONObject()
      if case .object(let present) = self { object = present }
      self = .null  // one owner, so the object is changed in place
      object[key] = newValue
      self = .object(object)
    }
  }

  /// The value at this place; nil when there is none.
  public func at(_ pointer: JSONPointer) -> JSONValue? {
    var value = self
    for token in pointer.tokens {
      switch value {
      case .object(let object):
        guard let member = object[token] else { return nil }
        value = member
      case .array(let elements):
        guard let position = JSONPointer.index(token), elements.indices.contains(position) else { return nil }
        value = elements[position]
      default: return nil
      }
    }
    return value
  }
}
