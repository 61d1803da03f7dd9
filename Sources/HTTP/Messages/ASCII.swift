internal import Glibc

/// What HTTP's grammar says about single bytes and short words (RFC 9110 §5.6.2, RFC 9112 §2.2).
enum ASCII {
  static let tab: UInt8 = 0x09
  static let lineFeed: UInt8 = 0x0A
  static let carriageReturn: UInt8 = 0x0D
  static let space: UInt8 = 0x20
  static let comma: UInt8 = 0x2C
  static let slash: UInt8 = 0x2F
  static let colon: UInt8 = 0x3A
  static let semicolon: UInt8 = 0x3B
  static let questionMark: UInt8 = 0x3F

  /// The `tchar` of RFC 9110 as two bit sets: bytes 0–63 and 64–127.
  private static let tokensLow: UInt64 = bits(of: "!#$%&'*+-.0123456789", from: 0)
  private static let tokensHigh: UInt64 = bits(
    of: "ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~", from: 64)

  private static func bits(of text: StaticString, from base: UInt8) -> UInt64 {
    var set: UInt64 = 0
    for index in 0..<text.utf8CodeUnitCount {
      set |= 1 << UInt64(text.utf8Start[index] - base)
    }
    return set
  }

  /// The two bit sets, read once before a loop.
  struct TokenSet {
    private let low = ASCII.tokensLow
    private let high = ASCII.tokensHigh

    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
      guard byte < 128 else { return false }
      return (byte < 64 ? low : high) >> UInt64(byte & 63) & 1 == 1
    }
  }

  /// A byte that may stand in a field value: visible, space, tab, or above ASCII.
  @inline(__always)
  static func isFieldValue(_ byte: UInt8) -> Bool {
    (byte >= 0x20 && byte != 0x7F) || byte == tab
  }

  @inline(__always)
  static func lowercase(_ byte: UInt8) -> UInt8 {
    byte &- 0x41 < 26 ? byte | 0x20 : byte
  }

  @inline(__always)
  static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

  /// The value of a hexadecimal digit, or nil.
  @inline(__always)
  static func hexValue(_ byte: UInt8) -> Int? {
    switch byte {
    case 0x30...0x39: Int(byte) - 0x30
    case 0x41...0x46: Int(byte) - 0x37
    case 0x61...0x66: Int(byte) - 0x57
    default: nil
    }
  }

  /// Whether the bytes are exactly `text`.
  @inline(__always)
  static func equal(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
    guard bytes.count == text.utf8CodeUnitCount, let base = bytes.baseAddress else {
      return bytes.count == text.utf8CodeUnitCount
    }
    return memcmp(base, text.utf8Start, bytes.count) == 0
  }

  /// Whether the bytes are `text` in any case; `text` is lower case.
  static func equalIgnoringCase(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
    guard bytes.count == text.utf8CodeUnitCount else { return false }
    for index in 0..<bytes.count where lowercase(bytes[index]) != text.utf8Start[index] { return false }
    return true
  }

  /// Whether the comma separated list holds the word, in any case; `word` is lower case.
  static func list(_ bytes: UnsafeRawBufferPointer, contains word: StaticString) -> Bool {
    var start = 0
    while start <= bytes.count {
      var end = start
      while end < bytes.count, bytes[end] != comma { end += 1 }
      if equalIgnoringCase(trimmed(slice(bytes, start, end)), word) { return true }
      start = end + 1
    }
    return false
  }

  /// Without the spaces and tabs at both ends.
  @inline(__always)
  static func trimmed(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    var start = 0
    var end = bytes.count
    while start < end, bytes[start] == space || bytes[start] == tab { start += 1 }
    while end > start, bytes[end - 1] == space || bytes[end - 1] == tab { end -= 1 }
    return slice(bytes, start, end)
  }

  @inline(__always)
  static func slice(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: bytes[start..<end])
  }

  /// A decimal number of digits alone, at most 18 of them; nil for anything else, so that no sign, space or list passes.
  static func decimal(_ bytes: UnsafeRawBufferPointer) -> Int? {
    guard bytes.count >= 1, bytes.count <= 18 else { return nil }
    var value = 0
    for byte in bytes {
      guard isDigit(byte) else { return nil }
      value = value * 10 + Int(byte - 0x30)
    }
    return value
  }

  /// The index of the first line feed at or after `start`, below `end`.
  @inline(__always)
  static func lineFeed(in bytes: UnsafeRawBufferPointer, from start: Int, to end: Int) -> Int? {
    guard let base = bytes.baseAddress, start < end,
      let found = memchr(base + start, Int32(lineFeed), end - start)
    else { return nil }
    return UnsafeRawPointer(found) - base
  }
}

extension [UInt8] {
  /// Appends literal text.
  @inline(__always)
  mutating func append(text: StaticString) {
    append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// Appends a number in decimal.
  mutating func append(decimal value: Int) {
    precondition(value >= 0, "only sizes and codes are written")
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
      var index = digits.count
      var rest = value
      repeat {
        index -= 1
        digits[index] = UInt8(truncatingIfNeeded: 0x30 + rest % 10)
        rest /= 10
      } while rest > 0
      append(contentsOf: digits[index...])
    }
  }
}
