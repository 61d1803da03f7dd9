extension JSONWriter {
  /// The text as it is.
  mutating func append(_ text: StaticString) {
    text.withUTF8Buffer { bytes.append(contentsOf: $0) }
  }

  /// The text as it is.
  mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { bytes.append(contentsOf: $0) }
  }

  /// A string literal: runs that need no escape are copied whole.
  mutating func quoted(_ text: UnsafeBufferPointer<UInt8>) {
    bytes.append(UInt8(ascii: "\""))
    escaped(text)
    bytes.append(UInt8(ascii: "\""))
  }

  private mutating func escaped(_ text: UnsafeBufferPointer<UInt8>) {
    var start = 0
    while start < text.count {
      let end = Self.endOfPlainRun(text, from: start)
      if end > start { bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<end])) }
      if end < text.count { escape(text[end]) }
      start = end + 1
    }
  }

  /// The first byte at or behind `start` that must be escaped: a quote, a backslash or a control character.
  private static func endOfPlainRun(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
    guard let base = UnsafeRawPointer(text.baseAddress) else { return 0 }
    var at = start
    while at + 8 <= text.count {
      let word = Bytes.word(base, at)
      // In each of the three terms the top bit of a byte is set where the byte may have to be escaped: equal to a
      // quote, equal to a backslash, below a space. A bit too many, next to a true one, sends us to the slow loop only.
      let quote = word ^ 0x2222_2222_2222_2222
      let backslash = word ^ 0x5C5C_5C5C_5C5C_5C5C
      let marks =
        (quote &- 0x0101_0101_0101_0101) & ~quote
        | (backslash &- 0x0101_0101_0101_0101) & ~backslash
        | (word &- 0x2020_2020_2020_2020) & ~word
      if marks & 0x8080_8080_8080_8080 != 0 { break }
      at += 8
    }
    while at < text.count {
      let byte = text[at]
      if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return at }
      at += 1
    }
    return at
  }

  private mutating func escape(_ byte: UInt8) {
    bytes.append(UInt8(ascii: "\\"))
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
    case 0x0A: bytes.append(UInt8(ascii: "n"))
    case 0x0D: bytes.append(UInt8(ascii: "r"))
    case 0x09: bytes.append(UInt8(ascii: "t"))
    case 0x08: bytes.append(UInt8(ascii: "b"))
    case 0x0C: bytes.append(UInt8(ascii: "f"))
    default:
      append("u00")
      bytes.append(0x30 + byte >> 4)
      let low = byte & 15
      bytes.append(low < 10 ? 0x30 + low : 0x61 + low - 10)
    }
  }

  /// The digits of a number, without a string between.
  mutating func decimal(_ number: UInt64) {
    if number < 10 {
      bytes.append(0x30 + UInt8(truncatingIfNeeded: number))
      return
    }
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
      var rest = number
      var at = 20
      while rest > 0 {
        at -= 1
        digits[at] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
        rest /= 10
      }
      bytes.append(contentsOf: UnsafeBufferPointer(rebasing: digits[at...]))
    }
  }

  /// `/token` of a JSON Pointer, with `~` and `/` escaped, and no JSON escapes.
  mutating func pointerToken(_ token: String) {
    bytes.append(UInt8(ascii: "/"))
    for byte in token.utf8 {
      switch byte {
      case UInt8(ascii: "~"): append("~0")
      case UInt8(ascii: "/"): append("~1")
      default: bytes.append(byte)
      }
    }
  }

  /// `/token` of a JSON Pointer inside a string literal: both kinds of escapes.
  mutating func quotedPointerToken(_ token: String) {
    bytes.append(UInt8(ascii: "/"))
    var token = token
    token.withUTF8 { utf8 in
      var start = 0
      for (at, byte) in utf8.enumerated() where byte == UInt8(ascii: "~") || byte == UInt8(ascii: "/") {
        escaped(UnsafeBufferPointer(rebasing: utf8[start..<at]))
        append(byte == UInt8(ascii: "~") ? "~0" : "~1")
        start = at + 1
      }
      escaped(UnsafeBufferPointer(rebasing: utf8[start...]))
    }
  }
}

/// The encoding of RFC 4648 §4.
enum Base64 {
  private static let alphabet: StaticString =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

  /// Appends the encoded content, padding included.
  static func append(_ content: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]) {
    let start = bytes.count
    let length = (content.count + 2) / 3 * 4
    bytes.append(contentsOf: repeatElement(UInt8(ascii: "="), count: length))
    let letters = alphabet.utf8Start
    bytes.withUnsafeMutableBufferPointer { buffer in
      let target = UnsafeMutableBufferPointer(rebasing: buffer[start...])
      var from = 0
      var to = 0
      while from + 3 <= content.count {
        let group = Int(content[from]) << 16 | Int(content[from + 1]) << 8 | Int(content[from + 2])
        target[to] = letters[group >> 18]
        target[to + 1] = letters[group >> 12 & 63]
        target[to + 2] = letters[group >> 6 & 63]
        target[to + 3] = letters[group & 63]
        from += 3
        to += 4
      }
      guard from < content.count else { return }
      let hasTwo = from + 1 < content.count
      let group = Int(content[from]) << 16 | (hasTwo ? Int(content[from + 1]) << 8 : 0)
      target[to] = letters[group >> 18]
      target[to + 1] = letters[group >> 12 & 63]
      if hasTwo { target[to + 2] = letters[group >> 6 & 63] }
    }
  }
}
