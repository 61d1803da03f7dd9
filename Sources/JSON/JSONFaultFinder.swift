/// Reads a document that simdjson refused once more, slowly, to tell what is wrong and where.
struct JSONFaultFinder {
  private let bytes: UnsafeRawBufferPointer
  private let maximumDepth: Int
  private var at = 0
  /// The open containers, true for an object.
  private var open: [Bool] = []

  /// The first fault of the document.
  static func fault(in bytes: UnsafeRawBufferPointer, maximumDepth: Int) -> JSONError {
    firstFault(in: bytes, maximumDepth: maximumDepth) ?? .syntax(at: bytes.count)
  }

  /// The first fault of the document; nil when it has none.
  static func firstFault(in bytes: UnsafeRawBufferPointer, maximumDepth: Int) -> JSONError? {
    var finder = JSONFaultFinder(bytes: bytes, maximumDepth: maximumDepth)
    do throws(JSONError) {
      try finder.document()
      return nil
    } catch {
      return error
    }
  }

  private init(bytes: UnsafeRawBufferPointer, maximumDepth: Int) {
    self.bytes = bytes
    self.maximumDepth = maximumDepth
  }

  private mutating func document() throws(JSONError) {
    skipSpace()
    if at == bytes.count { throw .empty }
    repeat {
      guard try beginValue() else { continue }
      try closeContainers()
    } while at < bytes.count || !open.isEmpty
  }

  /// Reads a scalar or an empty container, and is then true; or the start of a container with content.
  private mutating func beginValue() throws(JSONError) -> Bool {
    skipSpace()
    switch try peek() {
    case UInt8(ascii: "{"): return try beginContainer(isObject: true)
    case UInt8(ascii: "["): return try beginContainer(isObject: false)
    case UInt8(ascii: "\""): try string()
    case UInt8(ascii: "t"): try word("true")
    case UInt8(ascii: "f"): try word("false")
    case UInt8(ascii: "n"): try word("null")
    default: try number()
    }
    return true
  }

  private mutating func beginContainer(isObject: Bool) throws(JSONError) -> Bool {
    at += 1
    skipSpace()
    let isEmpty = try peek() == UInt8(ascii: isObject ? "}" : "]")
    // An empty container does not count as a level for simdjson's stack, nor here.
    if isEmpty {
      at += 1
      return true
    }
    if open.count == maximumDepth { throw .tooDeep(limit: maximumDepth) }
    open.append(isObject)
    if isObject { try key() }
    return false
  }

  /// Behind a value: closes what ends here, up to a comma or the end of the document.
  private mutating func closeContainers() throws(JSONError) {
    while let isObject = open.last {
      skipSpace()
      let byte = try peek()
      at += 1
      if byte == UInt8(ascii: ",") {
        if isObject { try key() }
        return
      }
      guard byte == UInt8(ascii: isObject ? "}" : "]") else { throw .syntax(at: at - 1) }
      open.removeLast()
    }
    skipSpace()
    if at < bytes.count { throw .syntax(at: at) }
  }

  private mutating func key() throws(JSONError) {
    skipSpace()
    guard try peek() == UInt8(ascii: "\"") else { throw .syntax(at: at) }
    try string()
    skipSpace()
    guard try peek() == UInt8(ascii: ":") else { throw .syntax(at: at) }
    at += 1
  }

  private mutating func skipSpace() {
    while at < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[at]) { at += 1 }
  }

  private func peek() throws(JSONError) -> UInt8 {
    guard at < bytes.count else { throw .truncated }
    return bytes[at]
  }

  private mutating func word(_ text: StaticString) throws(JSONError) {
    for offset in 0..<text.utf8CodeUnitCount {
      guard try peek() == text.utf8Start[offset] else { throw .syntax(at: at) }
      at += 1
    }
    guard at < bytes.count else { return }
    let delimiters: StaticString = " \t\r\n,]}:[{\""
    let isDelimited = delimiters.withUTF8Buffer { $0.contains(bytes[at]) }
    if !isDelimited { throw .syntax(at: at) }
  }
}

extension JSONFaultFinder {
  private mutating func number() throws(JSONError) {
    let start = at
    if try peek() == UInt8(ascii: "-") { at += 1 }
    if try peek() == UInt8(ascii: "0") { at += 1 } else { try digits() }
    var isInteger = true
    if at < bytes.count, bytes[at] == UInt8(ascii: ".") {
      isInteger = false
      at += 1
      try digits()
    }
    if at < bytes.count, bytes[at] | 0x20 == UInt8(ascii: "e") {
      isInteger = false
      at += 1
      if [UInt8(ascii: "+"), UInt8(ascii: "-")].contains(try peek()) { at += 1 }
      try digits()
    }
    let text = String(decoding: bytes[start..<at], as: UTF8.self)
    let fits = isInteger ? Int64(text) != nil || UInt64(text) != nil : Double(text)?.isFinite == true
    if !fits { throw .numberOutOfRange(at: start) }
    try word("")
  }

  private mutating func digits() throws(JSONError) {
    let start = at
    while at < bytes.count, UInt8(ascii: "0")...UInt8(ascii: "9") ~= bytes[at] { at += 1 }
    if at > start { return }
    throw at == bytes.count ? .truncated : .syntax(at: at)
  }

  private mutating func string() throws(JSONError) {
    at += 1
    while true {
      switch try peek() {
      case UInt8(ascii: "\""):
        at += 1
        return
      case UInt8(ascii: "\\"): try escape()
      case 0..<0x20: throw .syntax(at: at)
      case 0x20..<0x80: at += 1
      default: try multibyte()
      }
    }
  }

  private mutating func escape() throws(JSONError) {
    let start = at
    at += 1
    let letter = try peek()
    at += 1
    guard letter == UInt8(ascii: "u") else {
      let known: StaticString = "\"\\/bfnrt"
      if !known.withUTF8Buffer({ $0.contains(letter) }) { throw .syntax(at: at - 1) }
      return
    }
    switch try fourHexDigits() {
    case 0xD800..<0xDC00:
      guard try peek() == UInt8(ascii: "\\") else { throw .loneSurrogate(at: start) }
      at += 1
      guard try peek() == UInt8(ascii: "u") else { throw .loneSurrogate(at: start) }
      at += 1
      guard 0xDC00..<0xE000 ~= (try fourHexDigits()) else { throw .loneSurrogate(at: start) }
    case 0xDC00..<0xE000: throw .loneSurrogate(at: start)
    default: return
    }
  }

  private mutating func fourHexDigits() throws(JSONError) -> Int {
    var value = 0
    for _ in 0..<4 {
      let byte = try peek()
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
        throw .syntax(at: at)
      }
      value = value << 4 | digit
      at += 1
    }
    return value
  }

  /// One character of two to four bytes: no overlong form, no surrogate, nothing above U+10FFFF.
  private mutating func multibyte() throws(JSONError) {
    let first = bytes[at]
    let (length, second): (Int, ClosedRange<UInt8>)
    switch first {
    case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
    case 0xE0: (length, second) = (3, 0xA0...0xBF)
    case 0xED: (length, second) = (3, 0x80...0x9F)
    case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
    case 0xF0: (length, second) = (4, 0x90...0xBF)
    case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
    case 0xF4: (length, second) = (4, 0x80...0x8F)
    default: throw .invalidUTF8(at: at)
    }
    for offset in 1..<length {
      let allowed = offset == 1 ? second : 0x80...0xBF
      guard at + offset < bytes.count else { throw .truncated }
      guard allowed.contains(bytes[at + offset]) else { throw .invalidUTF8(at: at) }
    }
    at += length
  }
}
