/// Writes a JSON document into a byte buffer, value by value. Commas are written as needed; that every object and array
/// begun is ended, and that each value in an object has a key, is the caller's part.
public struct JSONWriter: Sendable {
  /// What was written so far.
  public var bytes: [UInt8] = []
  /// Whether a value stands before this place on the same level.
  private var needsComma = false

  /// An empty document.
  public init(reserving capacity: Int = 0) {
    if capacity > 0 { bytes.reserveCapacity(capacity) }
  }

  /// Forgets the document and keeps the memory.
  public mutating func reset() {
    bytes.removeAll(keepingCapacity: true)
    needsComma = false
  }

  @inline(__always)
  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    needsComma = true
  }

  private mutating func begin(_ byte: UInt8) {
    separate()
    bytes.append(byte)
    needsComma = false
  }

  private mutating func end(_ byte: UInt8) {
    bytes.append(byte)
    needsComma = true
  }

  /// `{`
  public mutating func beginObject() { begin(UInt8(ascii: "{")) }
  /// `}`
  public mutating func endObject() { end(UInt8(ascii: "}")) }
  /// `[`
  public mutating func beginArray() { begin(UInt8(ascii: "[")) }
  /// `]`
  public mutating func endArray() { end(UInt8(ascii: "]")) }

  /// An object with the members that `body` writes.
  public mutating func object(_ body: (inout JSONWriter) -> Void) {
    beginObject()
    body(&self)
    endObject()
  }

  /// An array with the elements that `body` writes.
  public mutating func array(_ body: (inout JSONWriter) -> Void) {
    beginArray()
    body(&self)
    endArray()
  }

  /// A key; a value must follow. The text must need no escape.
  public mutating func key(_ key: StaticString) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    append(key)
    bytes.append(UInt8(ascii: "\""))
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  /// A key; a value must follow.
  public mutating func key(_ key: String) {
    value(key)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  /// A key, which must be a view of a string; a value must follow.
  public mutating func key(_ key: JSONView) {
    value(key)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  /// A string.
  public mutating func value(_ text: String) {
    separate()
    var text = text
    text.withUTF8 { quoted($0) }
  }

  /// A string.
  public mutating func value(_ text: Substring) {
    separate()
    var text = text
    text.withUTF8 { quoted($0) }
  }

  /// A string.
  public mutating func value(_ text: StaticString) {
    separate()
    text.withUTF8Buffer { quoted($0) }
  }

  /// A string, from bytes that are UTF-8.
  public mutating func value(_ utf8: UnsafeBufferPointer<UInt8>) {
    separate()
    quoted(utf8)
  }

  /// A string, from bytes that are UTF-8.
  public mutating func value(utf8: [UInt8]) {
    utf8.withUnsafeBufferPointer { value($0) }
  }

  /// `true` or `false`.
  public mutating func value(_ bool: Bool) {
    raw(bool ? "true" : "false")
  }

  /// A number.
  public mutating func value(_ number: Int) { value(Int64(number)) }

  /// A number.
  public mutating func value(_ number: Int64) {
    separate()
    if number < 0 { bytes.append(UInt8(ascii: "-")) }
    decimal(number.magnitude)
  }

  /// A number.
  public mutating func value(_ number: UInt64) {
    separate()
    decimal(number)
  }

  /// A number, in the shortest form that reads back as the same; `null` for an infinity or NaN, which JSON cannot say.
  public mutating func value(_ number: Double) {
    separate()
    append(number.isFinite ? number.description : "null")
  }

  /// `null`
  public mutating func null() { raw("null") }

  /// A value written out in the source code.
  public mutating func raw(_ json: StaticString) {
    separate()
    append(json)
  }

  /// A value that is JSON already.
  public mutating func raw(_ json: UnsafeRawBufferPointer) {
    separate()
    bytes.append(contentsOf: json)
  }

  /// A value that is JSON already.
  public mutating func raw(_ json: [UInt8]) {
    separate()
    bytes.append(contentsOf: json)
  }

  /// A value of a document that was read, with all it holds.
  public mutating func value(_ view: JSONView) {
    switch view.tag {
    case Tape.object:
      beginObject()
      for member in view.members {
        key(member.key)
        value(member.value)
      }
      endObject()
    case Tape.array:
      beginArray()
      for element in view.elements { value(element) }
      endArray()
    case Tape.string: value(view.stringBytes)
    case Tape.int: value(Int64(bitPattern: view.tape[view.index + 1]))
    case Tape.uint: value(view.tape[view.index + 1])
    case Tape.double: value(Double(bitPattern: view.tape[view.index + 1]))
    case Tape.yes: value(true)
    case Tape.no: value(false)
    default: null()
    }
  }

  /// A string that holds these bytes in base64 (RFC 4648 §4, with padding).
  public mutating func base64(_ content: [UInt8]) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    content.withUnsafeBufferPointer { Base64.append($0, to: &bytes) }
    bytes.append(UInt8(ascii: "\""))
  }
}

extension JSONWriter {
  /// One member of an object that is not the first, with the value that `body` writes.
  mutating func member(_ key: StaticString, _ body: (inout JSONWriter) -> Void) {
    needsComma = true
    self.key(key)
    body(&self)
  }
}
