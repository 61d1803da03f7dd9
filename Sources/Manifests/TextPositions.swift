internal import JSON

/// Finds where the values of a JSON text stand. The text is known to be well formed.
struct TextPositions {
  private let bytes: [UInt8]
  private var index = 0
  private var line = 1
  private var column = 1
  private var path: [String] = []
  private var found: [JSONPointer: ManifestPosition] = [:]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The place of a byte.
  static func position(ofByte offset: Int, in bytes: [UInt8]) -> ManifestPosition {
    var finder = TextPositions(bytes)
    while finder.index < min(offset, bytes.count) { finder.advance() }
    return finder.here
  }

  /// Where the document begins.
  mutating func start() -> ManifestPosition {
    skipSpace()
    return here
  }

  /// The place of every value below the root.
  mutating func table() -> [JSONPointer: ManifestPosition] {
    skipSpace()
    value()
    return found
  }

  private var here: ManifestPosition { ManifestPosition(line: line, column: column) }
  private var byte: UInt8? { index < bytes.count ? bytes[index] : nil }

  private mutating func advance() {
    let byte = bytes[index]
    index += 1
    if byte == UInt8(ascii: "\n") {
      line += 1
      column = 1
    } else if index == bytes.count || bytes[index] & 0xC0 != 0x80 {
      column += 1
    }
  }

  private mutating func skipSpace() {
    while let byte, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { advance() }
  }

  private mutating func value() {
    switch byte {
    case UInt8(ascii: "{"): members()
    case UInt8(ascii: "["): elements()
    case UInt8(ascii: "\""): _ = string()
    default: while let byte, !Self.ends(byte) { advance() }
    }
  }

  private static func ends(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") || byte <= 0x20
  }

  private mutating func members() {
    advance()
    skipSpace()
    while let byte, byte != UInt8(ascii: "}") {
      let keyPosition = here
      let key = string()
      skipSpace()
      if self.byte == UInt8(ascii: ":") { advance() }
      skipSpace()
      path.append(key)
      found[JSONPointer(tokens: path)] = isContainer ? keyPosition : here
      value()
      path.removeLast()
      separator()
    }
    if byte != nil { advance() }
  }

  private mutating func elements() {
    advance()
    skipSpace()
    var position = 0
    while let byte, byte != UInt8(ascii: "]") {
      path.append(String(position))
      found[JSONPointer(tokens: path)] = here
      value()
      path.removeLast()
      position += 1
      separator()
    }
    if byte != nil { advance() }
  }

  private mutating func separator() {
    skipSpace()
    if byte == UInt8(ascii: ",") { advance() }
    skipSpace()
  }

  private var isContainer: Bool { byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") }

  /// Passes over a string, and tells its text.
  private mutating func string() -> String {
    let start = index
    if byte != nil { advance() }
    while let byte, byte != UInt8(ascii: "\"") {
      advance()
      if byte == UInt8(ascii: "\\"), self.byte != nil { advance() }
    }
    if byte != nil { advance() }
    let text = Array(bytes[start..<index])
    do throws(JSONError) { return try JSONValue(parsing: text).string ?? "" } catch {
      return String(decoding: text, as: UTF8.self)
    }
  }
}
