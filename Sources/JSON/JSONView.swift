/// What a JSON value is.
public enum JSONKind: Sendable {
  /// The six kinds of RFC 8259.
  case object, array, string, number, bool, null
}

/// A value inside a parsed document: two pointers and an index, without a copy of anything.
///
/// A view lives only inside the closure of `JSONParser.parse`. Looking up what is not there, or asking a value for a
/// type it does not have, gives nil and never fails.
public struct JSONView {
  @usableFromInline let tape: UnsafePointer<UInt64>
  @usableFromInline let strings: UnsafePointer<UInt8>
  @usableFromInline let index: Int

  @inlinable
  init(tape: UnsafePointer<UInt64>, strings: UnsafePointer<UInt8>, index: Int) {
    self.tape = tape
    self.strings = strings
    self.index = index
  }

  /// The tape's letter for this value.
  @inlinable var tag: UInt8 { UInt8(truncatingIfNeeded: tape[index] >> 56) }

  /// The 56 bits beside the letter.
  @inlinable var payload: UInt64 { tape[index] & Tape.payloadMask }

  /// The index of the first word behind this value.
  @inlinable var nextIndex: Int { Tape.next(tape[index], at: index) }

  @inlinable
  func moved(to index: Int) -> JSONView { JSONView(tape: tape, strings: strings, index: index) }
}

/// The letters of simdjson's tape (doc/tape.md), and the steps along it.
@usableFromInline
enum Tape {
  @inlinable static var object: UInt8 { 0x7B }  // {
  @inlinable static var array: UInt8 { 0x5B }  // [
  @inlinable static var string: UInt8 { 0x22 }  // "
  @inlinable static var int: UInt8 { 0x6C }  // l
  @inlinable static var uint: UInt8 { 0x75 }  // u
  @inlinable static var double: UInt8 { 0x64 }  // d
  @inlinable static var yes: UInt8 { 0x74 }  // t
  @inlinable static var no: UInt8 { 0x66 }  // f
  @inlinable static var null: UInt8 { 0x6E }  // n

  /// The bits beside the letter.
  @inlinable static var payloadMask: UInt64 { 0x00FF_FFFF_FFFF_FFFF }

  @inlinable
  static func isContainer(_ tag: UInt8) -> Bool { tag | 0x20 == object }

  @inlinable
  static func isNumber(_ tag: UInt8) -> Bool { tag == int || tag == uint || tag == double }

  /// The index of the first word behind the value that starts with `word` at `index`.
  @inlinable
  static func next(_ word: UInt64, at index: Int) -> Int {
    let tag = UInt8(truncatingIfNeeded: word >> 56)
    if isContainer(tag) { return Int(truncatingIfNeeded: word & 0xFFFF_FFFF) }
    return index + (isNumber(tag) ? 2 : 1)
  }
}

extension JSONView {
  /// The kind of the value.
  @inlinable public var kind: JSONKind {
    switch tag {
    case Tape.object: .object
    case Tape.array: .array
    case Tape.string: .string
    case Tape.yes, Tape.no: .bool
    case Tape.null: .null
    default: .number
    }
  }

  /// Whether the value is `null`.
  @inlinable public var isNull: Bool { tag == Tape.null }

  /// `true` or `false`; nil for anything else.
  @inlinable public var bool: Bool? {
    switch tag {
    case Tape.yes: true
    case Tape.no: false
    default: nil
    }
  }

  /// The number, when it was written as an integer and fits; nil for anything else, `1.0` and `1e3` included.
  @inlinable public var int: Int64? {
    tag == Tape.int ? Int64(bitPattern: tape[index + 1]) : nil
  }

  /// The number, when it was written as an integer that is not negative; nil for anything else.
  @inlinable public var uint: UInt64? {
    switch tag {
    case Tape.uint: tape[index + 1]
    case Tape.int: UInt64(exactly: Int64(bitPattern: tape[index + 1]))
    default: nil
    }
  }

  /// Any number, rounded to a double; nil for anything else.
  @inlinable public var double: Double? {
    switch tag {
    case Tape.double: Double(bitPattern: tape[index + 1])
    case Tape.int: Double(Int64(bitPattern: tape[index + 1]))
    case Tape.uint: Double(tape[index + 1])
    default: nil
    }
  }

  /// The bytes of a string with its escapes resolved, always valid UTF-8, possibly with NULs; nil for anything else.
  @inlinable public var utf8: UnsafeBufferPointer<UInt8>? {
    tag == Tape.string ? stringBytes : nil
  }

  /// The bytes of a value known to be a string.
  @inlinable var stringBytes: UnsafeBufferPointer<UInt8> {
    let start = strings + Int(truncatingIfNeeded: payload)
    let count = UnsafeRawPointer(start).loadUnaligned(as: UInt32.self)
    return UnsafeBufferPointer(start: start + 4, count: Int(count))
  }

  /// A copy of a string; nil for anything else.
  public var string: String? {
    utf8.map { String(decoding: $0, as: UTF8.self) }
  }

  /// Whether the value is exactly this string.
  @inlinable
  public func equals(_ text: StaticString) -> Bool {
    guard let utf8 else { return false }
    return Bytes.equal(utf8, text)
  }

  /// Whether the value is exactly this string.
  @inlinable
  public func equals(_ text: String) -> Bool {
    guard let utf8, utf8.count == text.utf8.count else { return false }
    return Bytes.equal(utf8, text)
  }

  /// Whether the value is exactly the string of these bytes.
  @inlinable
  public func equals(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let utf8 else { return false }
    return Bytes.equal(utf8, text)
  }

  /// Whether both values are strings of the same bytes.
  @inlinable
  public func equals(_ other: JSONView) -> Bool {
    guard let mine = utf8, let theirs = other.utf8 else { return false }
    return Bytes.equal(mine, theirs)
  }
}

extension JSONView {
  /// The member with this key; nil when there is none, or when this is no object.
  @inlinable public subscript(_ key: StaticString) -> JSONView? {
    if key.hasPointerRepresentation {
      return member(UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount))
    }
    return key.withUTF8Buffer { member($0) }
  }

  /// The member with this key; nil when there is none, or when this is no object.
  public func member(_ key: String) -> JSONView? {
    var key = key
    return key.withUTF8 { member($0) }
  }

  /// The member whose key has these bytes; nil when there is none, or when this is no object.
  public func member(_ key: UnsafeBufferPointer<UInt8>) -> JSONView? {
    guard tag == Tape.object, let start = key.baseAddress else { return emptyKeyMember(key) }
    // Most keys differ in length or in their first bytes: one comparison of each tells.
    let headMask = key.count < 8 ? (1 << UInt64(key.count * 8)) &- 1 : UInt64.max
    let head = Bytes.firstWord(key)
    let end = Int(truncatingIfNeeded: payload & 0xFFFF_FFFF) - 1
    var at = index + 1
    while at < end {
      let candidate = UnsafeRawPointer(strings + Int(truncatingIfNeeded: tape[at] & Tape.payloadMask))
      // At least eight bytes can be read behind any string (see CSimdjson.h).
      if candidate.loadUnaligned(as: UInt32.self) == key.count, Bytes.word(candidate, 4) & headMask == head,
        key.count <= 8
          || Bytes.equal((candidate + 4).assumingMemoryBound(to: UInt8.self), start, count: key.count)
      {
        return moved(to: at + 1)
      }
      at = Tape.next(tape[at + 1], at: at + 1)
    }
    return nil
  }

  /// The same for the empty key, whose buffer may have no address.
  private func emptyKeyMember(_ key: UnsafeBufferPointer<UInt8>) -> JSONView? {
    guard key.isEmpty else { return nil }
    return members.first { $0.key.stringBytes.isEmpty }?.value
  }

  /// The element at this position; nil when there is none, or when this is no array. Linear in the position.
  @inlinable
  public func element(_ position: Int) -> JSONView? {
    guard position >= 0 else { return nil }
    var left = position
    for element in elements {
      if left == 0 { return element }
      left -= 1
    }
    return nil
  }

  /// The number of members of an object or elements of an array; 0 for anything else.
  @inlinable public var count: Int {
    switch tag {
    case Tape.object, Tape.array: Int(truncatingIfNeeded: (tape[index] >> 32) & 0xFF_FFFF)
    default: 0
    }
  }

  /// The members of an object in the order written; none for anything else.
  @inlinable public var members: JSONMembers {
    JSONMembers(of: self, end: tag == Tape.object ? nextIndex - 1 : index)
  }

  /// The elements of an array; none for anything else.
  @inlinable public var elements: JSONElements {
    JSONElements(of: self, end: tag == Tape.array ? nextIndex - 1 : index)
  }

  /// The value at this place; nil when there is none.
  public func at(_ pointer: JSONPointer) -> JSONView? {
    var view = self
    for token in pointer.tokens {
      let next = view.tag == Tape.array ? JSONPointer.index(token).flatMap(view.element) : view.member(token)
      guard let next else { return nil }
      view = next
    }
    return view
  }
}

/// The members of an object, in the order written.
public struct JSONMembers: Sequence, IteratorProtocol {
  @usableFromInline var cursor: JSONView
  @usableFromInline let end: Int

  @inlinable
  init(of object: JSONView, end: Int) {
    cursor = object.moved(to: end == object.index ? end : object.index + 1)
    self.end = end
  }

  /// The next key, a view of a string, and its value.
  @inlinable
  public mutating func next() -> (key: JSONView, value: JSONView)? {
    guard cursor.index < end else { return nil }
    let key = cursor
    let value = cursor.moved(to: cursor.index + 1)
    cursor = cursor.moved(to: value.nextIndex)
    return (key, value)
  }
}

/// The elements of an array.
public struct JSONElements: Sequence, IteratorProtocol {
  @usableFromInline var cursor: JSONView
  @usableFromInline let end: Int

  @inlinable
  init(of array: JSONView, end: Int) {
    cursor = array.moved(to: end == array.index ? end : array.index + 1)
    self.end = end
  }

  /// The next element.
  @inlinable
  public mutating func next() -> JSONView? {
    guard cursor.index < end else { return nil }
    let element = cursor
    cursor = cursor.moved(to: element.nextIndex)
    return element
  }
}
