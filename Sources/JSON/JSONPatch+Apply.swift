/// Why a JSON Patch does not apply.
public enum JSONPatchError: Error, Equatable, Sendable {
  /// The patch is not an array of operations as RFC 6902 has them; the position of the bad one.
  case malformed(operation: Int)
  /// The operation's place, or the place it takes a value from, does not exist.
  case noSuchPlace(String, operation: Int)
  /// A `test` found another value.
  case testFailed(String, operation: Int)
}

extension JSONPatch {
  /// Applies a patch (any operation of RFC 6902) to a document. For patches from trusted hands: `copy` can make a small
  /// patch write a large document.
  public static func apply(_ patch: JSONValue, to document: JSONValue) throws(JSONPatchError) -> JSONValue {
    guard let operations = patch.array else { throw .malformed(operation: 0) }
    var result = document
    for (number, operation) in operations.enumerated() {
      try apply(operation, number, to: &result)
    }
    return result
  }

  /// Applies this patch.
  public func apply(to document: JSONValue) throws(JSONPatchError) -> JSONValue {
    let patch: JSONValue
    do throws(JSONError) { patch = try JSONValue(parsing: bytes) } catch { throw .malformed(operation: 0) }
    return try Self.apply(patch, to: document)
  }

  private static func apply(
    _ operation: JSONValue, _ number: Int, to document: inout JSONValue
  ) throws(JSONPatchError) {
    guard let path = operation["path"]?.string, let place = JSONPointer(path) else {
      throw .malformed(operation: number)
    }
    switch operation["op"]?.string {
    case "add":
      try add(try value(of: operation, number), at: place, in: &document, number)
    case "remove":
      try remove(place, from: &document, number)
    case "replace":
      let value = try value(of: operation, number)
      try remove(place, from: &document, number, replacement: value)
    case "move":
      let source = try source(of: operation, number)
      if place.tokens.starts(with: source.tokens), place != source { throw .malformed(operation: number) }
      let value = try existing(source, in: document, number)
      try remove(source, from: &document, number)
      try add(value, at: place, in: &document, number)
    case "copy":
      let value = try existing(try source(of: operation, number), in: document, number)
      try add(value, at: place, in: &document, number)
    case "test":
      let value = try existing(place, in: document, number)
      if value != (try self.value(of: operation, number)) { throw .testFailed(path, operation: number) }
    default: throw .malformed(operation: number)
    }
  }

  private static func value(of operation: JSONValue, _ number: Int) throws(JSONPatchError) -> JSONValue {
    guard let value = operation["value"] else { throw .malformed(operation: number) }
    return value
  }

  private static func source(of operation: JSONValue, _ number: Int) throws(JSONPatchError) -> JSONPointer {
    guard let from = operation["from"]?.string, let place = JSONPointer(from) else {
      throw .malformed(operation: number)
    }
    return place
  }

  private static func existing(
    _ place: JSONPointer, in document: JSONValue, _ number: Int
  ) throws(JSONPatchError) -> JSONValue {
    guard let value = document.at(place) else { throw .noSuchPlace(place.description, operation: number) }
    return value
  }

  private static func add(
    _ value: JSONValue, at place: JSONPointer, in document: inout JSONValue, _ number: Int
  ) throws(JSONPatchError) {
    guard let last = place.tokens.last else {
      document = value
      return
    }
    let error = JSONPatchError.noSuchPlace(place.description, operation: number)
    try change(document: &document, place.tokens.dropLast(), orElse: error) { parent throws(JSONPatchError) in
      switch parent {
      case .object: parent[last] = value
      case .array(var elements):
        guard let position = last == "-" ? elements.count : JSONPointer.index(last),
          position <= elements.count
        else { throw error }
        elements.insert(value, at: position)
        parent = .array(elements)
      default: throw error
      }
    }
  }

  private static func remove(
    _ place: JSONPointer, from document: inout JSONValue, _ number: Int, replacement: JSONValue? = nil
  ) throws(JSONPatchError) {
    guard let last = place.tokens.last else {
      document = replacement ?? .null
      return
    }
    let error = JSONPatchError.noSuchPlace(place.description, operation: number)
    try change(document: &document, place.tokens.dropLast(), orElse: error) { parent throws(JSONPatchError) in
      switch parent {
      case .object:
        guard parent[last] != nil else { throw error }
        parent[last] = replacement
      case .array(var elements):
        guard let position = JSONPointer.index(last), elements.indices.contains(position) else { throw error }
        elements.replaceSubrange(position...position, with: replacement.map { [$0] } ?? [])
        parent = .array(elements)
      default: throw error
      }
    }
  }

  /// Changes the value that the tokens lead to.
  private static func change(
    document: inout JSONValue, _ tokens: ArraySlice<String>, orElse error: JSONPatchError,
    _ body: (inout JSONValue) throws(JSONPatchError) -> Void
  ) throws(JSONPatchError) {
    guard let first = tokens.first else { return try body(&document) }
    switch document {
    case .object(var object):
      document = .null
      let isThere = try object.change(first) { value throws(JSONPatchError) in
        try change(document: &value, tokens.dropFirst(), orElse: error, body)
      }
      guard isThere else { throw error }
      document = .object(object)
    case .array(var elements):
      guard let position = JSONPointer.index(first), elements.indices.contains(position) else { throw error }
      document = .null
      try change(document: &elements[position], tokens.dropFirst(), orElse: error, body)
      document = .array(elements)
    default: throw error
    }
  }
}

extension JSONValue {
  /// Lays a merge patch (RFC 7396) over this value: members of objects are merged, `null` takes a member out, anything
  /// else replaces.
  public mutating func merge(_ patch: JSONValue) {
    guard case .object(let changes) = patch else {
      self = patch
      return
    }
    var object = JSONObject()
    if case .object(let present) = self { object = present }
    self = .null
    for change in changes {
      if change.value.isNull {
        object[change.key] = nil
      } else {
        var value = object[change.key] ?? .null
        value.merge(change.value)
        object[change.key] = value
      }
    }
    self = .object(object)
  }
}
