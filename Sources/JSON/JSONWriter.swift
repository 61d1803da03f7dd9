/// Writes a JSON document into a byte buffer, value by value. Commas are written as needed; that every object and array
/// begun is ended, and that each value in an object has a key, is the caller's part.
public struct JSONWriter: Sendable {
  /// The first `used` bytes are the document, the rest is room to write.
  var storage: [UInt8]
  var used = 0
  /// Whether a value stands before this place on the same level.
  var needsComma = false

  /// An empty document, with room for this many bytes.
  public init(reserving capacity: Int = 0) {
    storage = [UInt8](repeating: 0, count: capacity)
  }

  /// A copy of what was written so far; `finish()` gives it without a copy.
  public var bytes: [UInt8] { Array(storage[..<used]) }

  /// The number of bytes written so far.
  public var count: Int { used }

  /// Lends what was written so far.
  public func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    storage.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[..<used])) }
  }

  /// Hands the document over, and starts an empty one.
  public mutating func finish() -> [UInt8] {
    var document: [UInt8] = []
    swap(&document, &storage)
    document.removeLast(document.count - used)
    used = 0
    needsComma = false
    return document
  }

  /// Forgets the document and keeps the memory.
  public mutating func reset() {
    used = 0
    needsComma = false
  }

  @inline(__always)
  mutating func separate() {
    if needsComma { append(UInt8(ascii: ",")) }
    needsComma = true
  }

  private mutating func begin(_ byte: UInt8) {
    separate()
    append(byte)
    needsComma = false
  }

  private mutating func end(_ byte: UInt8) {
    append(byte)
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

  /// A key; a value must follow.
  public mutating func key(_ key: StaticString) {
    key.withUTF8Buffer { literal($0, isKey: true) }
  }

  /// A key; a value must follow.
  public mutating func key(_ key: String) {
    var key = key
    key.withUTF8 { literal($0, isKey: true) }
  }

  /// A key, which must be a view of a string; a value must follow.
  public mutating func key(_ key: JSONView) {
    precondition(key.tag == Tape.string, "keys are strings")
    literal(key.stringBytes, isKey: true)
  }

  /// A string.
  public mutating func value(_ text: String) {
    var text = text
    text.withUTF8 { literal($0) }
  }

  /// A string.
  public mutating func value(_ text: Substring) {
    var text = text
    text.withUTF8 { literal($0) }
  }

  /// A string.
  public mutating func value(_ text: StaticString) {
    text.withUTF8Buffer { literal($0) }
  }

  /// A string, from bytes that are UTF-8.
  public mutating func value(_ utf8: UnsafeBufferPointer<UInt8>) { literal(utf8) }

  /// A string, from bytes that are UTF-8.
  public mutating func value(utf8: [UInt8]) {
    utf8.withUnsafeBufferPointer { literal($0) }
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
    if number < 0 { append(UInt8(ascii: "-")) }
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
    append(json)
  }

  /// A value that is JSON already.
  public mutating func raw(_ json: [UInt8]) {
    json.withUnsafeBytes { raw($0) }
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
    content.withUnsafeBufferPointer { base64($0) }
  }

  /// A string that holds these bytes in base64.
  public mutating func base64(_ content: UnsafeBufferPointer<UInt8>) {
    separate()
    append(UInt8(ascii: "\""))
    let length = (content.count + 2) / 3 * 4
    room(for: length) { Base64.write(content, to: $0) }
    used += length
    append(UInt8(ascii: "\""))
  }

  /// A string that holds a JSON Patch in base64, as an AdmissionResponse carries it.
  public mutating func base64(_ patch: JSONPatch) {
    patch.withBytes { base64($0) }
  }

  /// One member of an object that is not the first, with the value that `body` writes.
  mutating func member(_ key: StaticString, _ body: (inout JSONWriter) -> Void) {
    needsComma = true
    self.key(key)
    body(&self)
  }
}
