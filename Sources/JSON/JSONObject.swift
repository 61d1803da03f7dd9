/// The members of a JSON object, in the order they were added. Each key is there once.
///
/// Keys are told apart by their bytes, not by Unicode's equivalence.
public struct JSONObject: Sendable {
  /// A key and its value.
  public typealias Member = (key: String, value: JSONValue)

  private var members: [Member] = []
  /// Positions by key, kept for large objects only.
  private var positions: [Key: Int]?
  private static let smallCount = 16

  /// A key compared byte by byte.
  private struct Key: Hashable, Sendable {
    let text: String

    static func == (a: Key, b: Key) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }

    func hash(into hasher: inout Hasher) {
      var text = text
      text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
  }

  /// No members.
  public init() {}

  /// These members, in this order; the last one of a key counts, at the first one's place.
  public init(_ members: [Member]) {
    for member in members { self[member.key] = member.value }
  }

  /// The keys, in order.
  public var keys: [String] { members.map(\.key) }

  mutating func reserveCapacity(_ count: Int) { members.reserveCapacity(count) }

  /// Adds a member whose key is known not to be there.
  mutating func append(_ key: String, _ value: JSONValue) {
    members.append((key, value))
    if positions != nil {
      positions?[Key(text: key)] = members.count - 1
    } else if members.count > Self.smallCount {
      rebuildPositions()
    }
  }

  private mutating func rebuildPositions() {
    guard members.count > Self.smallCount else {
      positions = nil
      return
    }
    var positions: [Key: Int] = [:]
    positions.reserveCapacity(members.count)
    for (position, member) in members.enumerated() { positions[Key(text: member.key)] = position }
    self.positions = positions
  }

  private func position(of key: String) -> Int? {
    if let positions { return positions[Key(text: key)] }
    return members.firstIndex { $0.key.utf8.elementsEqual(key.utf8) }
  }

  /// The value of a key. Writing a new key adds it at the end; writing nil takes the member out.
  public subscript(key: String) -> JSONValue? {
    get { position(of: key).map { members[$0].value } }
    set {
      switch (position(of: key), newValue) {
      case (let position?, let value?): members[position].value = value
      case (let position?, nil):
        members.remove(at: position)
        rebuildPositions()
      case (nil, let value?): append(key, value)
      case (nil, nil): break
      }
    }
  }

  /// Changes a value in place; false when the key is not there.
  mutating func change<Failure>(
    _ key: String, _ body: (inout JSONValue) throws(Failure) -> Void
  ) throws(Failure) -> Bool {
    guard let position = position(of: key) else { return false }
    try body(&members[position].value)
    return true
  }
}

extension JSONObject: RandomAccessCollection {
  /// The first position.
  public var startIndex: Int { 0 }
  /// Behind the last position.
  public var endIndex: Int { members.count }
  /// The member at this position.
  public subscript(position: Int) -> Member { members[position] }
}

extension JSONObject: Equatable {
  /// Whether both hold the same values for the same keys, in whatever order.
  public static func == (a: JSONObject, b: JSONObject) -> Bool {
    a.count == b.count && a.allSatisfy { b[$0.key] == $0.value }
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral
{
  /// A string.
  public init(stringLiteral value: String) { self = .string(value) }
  /// A truth value.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// An integer.
  public init(integerLiteral value: Int64) { self = .int(value) }
  /// A number with a fraction.
  public init(floatLiteral value: Double) { self = .double(value) }
  /// An array.
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  /// An object.
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(JSONObject(elements.map { (key: $0.0, value: $0.1) }))
  }
}
