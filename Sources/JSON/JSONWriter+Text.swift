extension JSONWriter {
  /// Lends memory for this many bytes behind what was written; `used` is the caller's to move.
  @inline(__always)
  mutating func room(for count: Int, _ body: (UnsafeMutablePointer<UInt8>) -> Void) {
    if storage.count - used < count { grow(count) }
    let used = used
    storage.withUnsafeMutableBufferPointer { buffer in
      if let start = buffer.baseAddress { body(start + used) }
    }
  }

  @inline(never)
  private mutating func grow(_ count: Int) {
    let size = max(256, storage.count * 2, used + count)
    storage.reserveCapacity(size)
    storage.append(contentsOf: repeatElement(0, count: size - storage.count))
  }

  /// One byte.
  @inline(__always)
  mutating func append(_ byte: UInt8) {
    room(for: 1) { $0.pointee = byte }
    used += 1
  }

  /// The bytes as they are.
  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress else { return }
    room(for: bytes.count) { UnsafeMutableRawPointer($0).copyMemory(from: start, byteCount: bytes.count) }
    used += bytes.count
  }

  /// The text as it is.
  mutating func append(_ text: StaticString) {
    text.withUTF8Buffer { append(UnsafeRawBufferPointer($0)) }
  }

  /// The text as it is.
  mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
  }

  /// A string literal, with the comma that must stand before it; as a key, with a colon behind it.
  mutating func literal(_ text: UnsafeBufferPointer<UInt8>, isKey: Bool = false) {
    // Almost always there is nothing to escape: then all of it is written at once.
    var written = 0
    let hasComma = needsComma
    room(for: text.count + 12) { start in
      var target = start
      if hasComma { target = Self.put(UInt8(ascii: ","), target) }
      target = Self.put(UInt8(ascii: "\""), target)
      if let source = UnsafeRawPointer(text.baseAddress) {
        guard Self.copyPlainRun(source, text.count, to: target) == text.count else { return }
        target += text.count
      }
      target = Self.put(UInt8(ascii: "\""), target)
      if isKey { target = Self.put(UInt8(ascii: ":"), target) }
      written = target - start
    }
    needsComma = !isKey
    used += written
    if written > 0 { return }
    if hasComma { append(UInt8(ascii: ",")) }
    append(UInt8(ascii: "\""))
    escaped(text)
    append(UInt8(ascii: "\""))
    if isKey { append(UInt8(ascii: ":")) }
  }

  @inline(__always)
  private static func put(_ byte: UInt8, _ target: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8>
  {
    target.pointee = byte
    return target + 1
  }

  /// The text with what JSON must escape escaped; runs without such bytes are copied as they are searched.
  private mutating func escaped(_ text: UnsafeBufferPointer<UInt8>) {
    guard let source = text.baseAddress else { return }
    var start = 0
    while true {
      var copied = 0
      // Whole words are stored, so up to seven bytes behind the run are written as well.
      room(for: text.count - start + 8) { target in
        copied = Self.copyPlainRun(UnsafeRawPointer(source + start), text.count - start, to: target)
      }
      used += copied
      start += copied
      if start == text.count { return }
      escape(source[start])
      start += 1
    }
  }

  /// Copies up to the first byte that must be escaped: a quote, a backslash or a control character. Gives the number of
  /// bytes before it.
  private static func copyPlainRun(
    _ source: UnsafeRawPointer, _ count: Int, to target: UnsafeMutablePointer<UInt8>
  ) -> Int {
    var at = 0
    while at + 8 <= count {
      let word = Bytes.word(source, at)
      UnsafeMutableRawPointer(target + at).storeBytes(of: word, as: UInt64.self)
      let marks = marksOfBytesToEscape(word)
      if marks != 0 { return at + marks.trailingZeroBitCount / 8 }
      at += 8
    }
    while at < count {
      let byte = source.load(fromByteOffset: at, as: UInt8.self)
      if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return at }
      target[at] = byte
      at += 1
    }
    return at
  }

  /// The top bit of each byte that must be escaped; bits above the lowest one may be set without cause.
  private static func marksOfBytesToEscape(_ word: UInt64) -> UInt64 {
    let quote = word ^ 0x2222_2222_2222_2222
    let backslash = word ^ 0x5C5C_5C5C_5C5C_5C5C
    // A byte borrows from the next one only when it is itself below what is subtracted, so the lowest mark is true.
    let isQuote = (quote &- 0x0101_0101_0101_0101) & ~quote
    let isBackslash = (backslash &- 0x0101_0101_0101_0101) & ~backslash
    let isControl = (word &- 0x2020_2020_2020_2020) & ~word
    return (isQuote | isBackslash | isControl) & 0x8080_8080_8080_8080
  }

  private mutating func escape(_ byte: UInt8) {
    append(UInt8(ascii: "\\"))
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): append(byte)
    case 0x0A: append(UInt8(ascii: "n"))
    case 0x0D: append(UInt8(ascii: "r"))
    case 0x09: append(UInt8(ascii: "t"))
    case 0x08: append(UInt8(ascii: "b"))
    case 0x0C: append(UInt8(ascii: "f"))
    default:
      append("u00")
      append(0x30 + byte >> 4)
      let low = byte & 15
      append(low < 10 ? 0x30 + low : 0x61 + low - 10)
    }
  }

  /// The digits of a number, without a string between.
  mutating func decimal(_ number: UInt64) {
    var length = 1
    var bound = number
    while bound >= 10 {
      bound /= 10
      length += 1
    }
    room(for: length) { target in
      var rest = number
      for at in (0..<length).reversed() {
        target[at] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
        rest /= 10
      }
    }
    used += length
  }

  /// `/token` of a JSON Pointer, with `~` and `/` escaped, and no JSON escapes.
  mutating func pointerToken(_ token: String) {
    append(UInt8(ascii: "/"))
    for byte in token.utf8 {
      switch byte {
      case UInt8(ascii: "~"): append("~0")
      case UInt8(ascii: "/"): append("~1")
      default: append(byte)
      }
    }
  }

  /// `/token` of a JSON Pointer inside a string literal: both kinds of escapes.
  mutating func quotedPointerToken(_ token: String) {
    append(UInt8(ascii: "/"))
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

  /// The two letters of each 12 bits, as they lie in memory.
  private static let pairs: [UInt16] = (0..<4096).map { bits in
    let letters = alphabet.utf8Start
    return (UInt16(letters[bits >> 6]) | UInt16(letters[bits & 63]) << 8).littleEndian
  }

  /// Writes the encoded content, padding included: four bytes for each three begun.
  static func write(_ content: UnsafeBufferPointer<UInt8>, to target: UnsafeMutablePointer<UInt8>) {
    guard let source = UnsafeRawPointer(content.baseAddress) else { return }
    let letters = alphabet.utf8Start
    let pairs = pairs
    var from = 0
    var target = UnsafeMutableRawPointer(target)
    while from + 4 <= content.count {  // three bytes are used of the four that are read
      let group = UInt32(bigEndian: source.loadUnaligned(fromByteOffset: from, as: UInt32.self))
      target.storeBytes(of: pairs[Int(group &>> 20)], as: UInt16.self)
      target.storeBytes(of: pairs[Int(group &>> 8 & 0xFFF)], toByteOffset: 2, as: UInt16.self)
      from += 3
      target += 4
    }
    let rest = content.count - from
    guard rest > 0 else { return }
    var group: UInt32 = 0
    for position in 0..<3 { group = group << 8 | (position < rest ? UInt32(content[from + position]) : 0) }
    for position in 0..<4 {
      let byte = position <= rest ? letters[Int(group >> UInt32(18 - 6 * position) & 63)] : UInt8(ascii: "=")
      target.storeBytes(of: byte, toByteOffset: position, as: UInt8.self)
    }
  }
}
