internal import JSON
internal import Yams

/// Makes a JSON value of a YAML node: aliases followed, merge keys merged, keys turned into strings.
struct YAMLConverter {
  private let file: String
  private let depth: Int
  private let keepsPositions: Bool
  /// How many more values may be made.
  private(set) var remaining: Int
  /// Where each value stands.
  private(set) var positions: [JSONPointer: ManifestPosition] = [:]
  private var path: [String] = []

  init(file: String, depth: Int, remaining: Int, keepsPositions: Bool) {
    self.file = file
    self.depth = depth
    self.remaining = remaining
    self.keepsPositions = keepsPositions
  }

  /// The JSON value of a node.
  mutating func value(of node: Node) throws(ManifestError) -> JSONValue {
    try spend(node)
    switch node {
    case .scalar(let scalar): return try self.value(of: scalar, node)
    case .sequence(let sequence):
      try checkTag(sequence.tag, .seq, node)
      var elements: [JSONValue] = []
      elements.reserveCapacity(sequence.count)
      for (index, element) in sequence.enumerated() {
        elements.append(try below(String(index), key: element, element))
      }
      return .array(elements)
    case .mapping(let mapping):
      try checkTag(mapping.tag, .map, node)
      var object = JSONObject()
      try fill(&object, from: mapping)
      return .object(object)
    case .alias: throw error(node, "an alias stands where it cannot be followed")
    }
  }

  /// Adds a mapping's own members first, then what its merge keys add.
  private mutating func fill(_ object: inout JSONObject, from mapping: Node.Mapping) throws(ManifestError) {
    var merged: [Node] = []
    var own: Set<String> = []
    for (key, value) in mapping {
      if isMerge(key) {
        merged.append(value)
        continue
      }
      let name = try self.name(key)
      guard own.insert(name).inserted else { throw error(key, "the key \(name) is there twice") }
      object[name] = try below(name, key: key, value)
    }
    for node in merged { try merge(node, into: &object) }
  }

  /// Adds the members of a merged mapping, or of several, that are not there yet.
  private mutating func merge(_ node: Node, into object: inout JSONObject) throws(ManifestError) {
    let sources: [Node] = if case .sequence(let sequence) = node { Array(sequence) } else { [node] }
    for source in sources {
      guard case .mapping(let mapping) = source else { throw error(source, "only a mapping can be merged") }
      try spend(source)
      guard case .object(let members) = try value(of: .mapping(mapping)) else { continue }
      for member in members where object[member.key] == nil { object[member.key] = member.value }
    }
  }

  private func isMerge(_ key: Node) -> Bool {
    guard case .scalar(let scalar) = key else { return false }
    return scalar.style == .plain && scalar.string == "<<"
  }

  /// A mapping's key as text: what JSON has for keys.
  private func name(_ key: Node) throws(ManifestError) -> String {
    guard case .scalar(let scalar) = key else { throw error(key, "a key must be a scalar") }
    // Yams has given every plain key the tag `str` when it compared them, so the tag tells nothing.
    let isPlain = scalar.style == .plain
    switch isPlain ? YAMLScalar.value(ofPlain: scalar.string) : .string(scalar.string) {
    case .string(let text): return text
    case .bool(let bool): return bool ? "true" : "false"
    case .int(let number): return String(number)
    case .uint(let number): return String(number)
    case .double: return scalar.string
    case .null, .array, .object: throw error(key, "a key must not be empty or null")
    }
  }

  private func value(of scalar: Node.Scalar, _ node: Node) throws(ManifestError) -> JSONValue {
    let tag = scalar.tag.rawValue
    let isPlain = scalar.style == .plain
    let resolved =
      if tag == Tag.Name.str.rawValue || tag == Tag.Name.nonSpecific.rawValue || tag.isEmpty {
        isPlain && tag.isEmpty ? YAMLScalar.value(ofPlain: scalar.string) : JSONValue.string(scalar.string)
      } else {
        YAMLScalar.value(of: scalar.string, tag: tag)
      }
    guard let resolved else { throw error(node, "\(scalar.string) does not fit the tag \(tag)") }
    if case .double(let number) = resolved, !number.isFinite {
      throw error(node, "\(scalar.string) is no number that JSON has")
    }
    return resolved
  }

  private mutating func below(_ token: String, key: Node, _ node: Node) throws(ManifestError) -> JSONValue {
    path.append(token)
    defer { path.removeLast() }
    if keepsPositions, let mark = place(key, node) {
      positions[JSONPointer(tokens: path)] = ManifestPosition(line: mark.line, column: mark.column)
    }
    return try value(of: node)
  }

  private func place(_ key: Node, _ value: Node) -> Mark? {
    if case .scalar(let scalar) = value, !scalar.string.isEmpty || scalar.style != .plain {
      return value.mark
    }
    return key.mark
  }

  private func checkTag(_ tag: Tag, _ expected: Tag.Name, _ node: Node) throws(ManifestError) {
    let name = tag.rawValue
    guard name.isEmpty || name == expected.rawValue || name == Tag.Name.nonSpecific.rawValue else {
      throw error(node, "the tag \(name) is not understood")
    }
  }

  private mutating func spend(_ node: Node) throws(ManifestError) {
    remaining -= 1
    guard remaining >= 0 else {
      throw error(node, "the document grows too large where its aliases are followed")
    }
    guard path.count <= depth else { throw error(node, "more than \(depth) levels of nesting") }
  }

  private func error(_ node: Node, _ message: String) -> ManifestError {
    ManifestError(
      file: file, position: node.mark.map { ManifestPosition(line: $0.line, column: $0.column) },
      message: message)
  }
}
