extension IPAddress: CustomStringConvertible {
  /// The most bytes a text has: `::ffff:255.255.255.255` and eight groups of four digits stay below.
  @usableFromInline static var longestText: Int { 40 }

  /// The canonical text: dotted decimals, or RFC 5952.
  public var description: String {
    withText { String(decoding: $0, as: UTF8.self) }
  }

  /// Lends the canonical text as bytes, without allocating.
  @inlinable @inline(__always)
  public func withText<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.longestText) { buffer in
      body(UnsafeBufferPointer(rebasing: buffer[..<write(to: buffer)]))
    }
  }

  /// Writes the canonical text to memory of at least `longestText` bytes, and gives its length.
  @usableFromInline
  func write(to buffer: UnsafeMutableBufferPointer<UInt8>) -> Int {
    var text = TextBuffer(buffer)
    text.append(self)
    return text.count
  }

  /// Appends the canonical text.
  public func append(to bytes: inout [UInt8]) {
    withText { bytes.append(contentsOf: $0) }
  }
}

/// Writes short texts into memory that is known to be large enough.
struct TextBuffer {
  private let buffer: UnsafeMutableBufferPointer<UInt8>
  private(set) var count = 0

  init(_ buffer: UnsafeMutableBufferPointer<UInt8>) { self.buffer = buffer }

  @inline(__always)
  mutating func append(_ byte: UInt8) {
    buffer[count] = byte
    count += 1
  }

  /// A number below 1,000, in decimal.
  mutating func append(decimal number: Int) {
    var rest = UInt32(truncatingIfNeeded: number)
    if number >= 10 {
      if number >= 100 {
        append(UInt8(truncatingIfNeeded: 0x30 &+ rest / 100))
        rest %= 100
      }
      append(UInt8(truncatingIfNeeded: 0x30 &+ rest / 10))
      rest %= 10
    }
    append(UInt8(truncatingIfNeeded: 0x30 &+ rest))
  }

  mutating func append(_ address: IPAddress) {
    switch address.family {
    case .v4: append(v4: UInt32(truncatingIfNeeded: address.value))
    case .v6: append(v6: address.value)
    }
  }

  private mutating func append(v4 value: UInt32) {
    append(decimal: Int(value &>> 24))
    append(UInt8(ascii: "."))
    append(decimal: Int(value &>> 16 & 0xFF))
    append(UInt8(ascii: "."))
    append(decimal: Int(value &>> 8 & 0xFF))
    append(UInt8(ascii: "."))
    append(decimal: Int(value & 0xFF))
  }

  private mutating func append(v6 value: UInt128) {
    if value >> 32 == 0xFFFF {  // RFC 5952 §5
      for byte in "::ffff:".utf8 { append(byte) }
      append(v4: UInt32(truncatingIfNeeded: value))
      return
    }
    let group = { (position: Int) in UInt16(truncatingIfNeeded: value >> UInt128(112 - 16 * position)) }
    let zeros = Self.longestZeroRun(group)
    var position = 0
    while position < 8 {
      if position == zeros.lowerBound, zeros.count > 1 {
        append(UInt8(ascii: ":"))
        if position == 0 { append(UInt8(ascii: ":")) }
        position = zeros.upperBound
        continue
      }
      append(hexadecimal: group(position))
      position += 1
      if position < 8 { append(UInt8(ascii: ":")) }
    }
  }

  /// The first of the longest runs of groups that are zero.
  private static func longestZeroRun(_ group: (Int) -> UInt16) -> Range<Int> {
    var longest = 0..<0
    var start = 0
    for position in 0..<8 {
      if group(position) != 0 {
        start = position + 1
      } else if position + 1 - start > longest.count {
        longest = start..<position + 1
      }
    }
    return longest
  }

  private mutating func append(hexadecimal group: UInt16) {
    var shift: UInt16 = group > 0xFFF ? 12 : group > 0xFF ? 8 : group > 0xF ? 4 : 0
    while true {
      let digit = UInt8(group >> shift & 0xF)
      append(digit < 10 ? 0x30 + digit : 0x61 + digit - 10)
      if shift == 0 { return }
      shift -= 4
    }
  }
}
