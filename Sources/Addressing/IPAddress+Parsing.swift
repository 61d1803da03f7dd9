extension IPAddress {
  /// Reads an address as Go's `netip.ParseAddr` does: no leading zeros in IPv4, `::` at most once and for at least one
  /// group, an IPv4 tail at the very end only. Beyond that, a zone and an IPv4-mapped address are refused.
  public init(_ text: UnsafeBufferPointer<UInt8>) throws(AddressError) {
    for byte in text {
      switch byte {
      case UInt8(ascii: "."):
        self.init(family: .v4, unchecked: UInt128(try Self.v4(text)))
        return
      case UInt8(ascii: ":"):
        let value = try Self.v6(text)
        if value >> 32 == 0xFFFF { throw .ipv4Mapped }
        self.init(v6: value)
        return
      case UInt8(ascii: "%"): throw .zone
      default: continue
      }
    }
    throw text.isEmpty ? .empty : .notAnAddress
  }

  /// Reads an address, as above.
  public init(_ text: some StringProtocol) throws(AddressError) {
    self = try withUTF8(of: text) { (utf8) throws(AddressError) in try IPAddress(utf8) }
  }

  /// The IPv4 address that begins at `start`, and where it ends; nil unless all of it is in order, without a word on what is not.
  @inline(__always)
  static func plainV4(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> (value: UInt128, end: Int)? {
    var value: UInt32 = 0
    var octet: UInt32 = 0
    var digits = 0
    var dots = 0
    var at = start
    while at < text.count {
      let digit = text[at] &- UInt8(ascii: "0")
      if digit < 10 {
        if digits > 0, octet == 0 { return nil }
        octet = octet &* 10 &+ UInt32(digit)
        if octet > 255 { return nil }
        digits &+= 1
      } else if text[at] == UInt8(ascii: ".") {
        if digits == 0 || dots == 3 { return nil }
        value = value << 8 | octet
        (octet, digits) = (0, 0)
        dots &+= 1
      } else {
        break
      }
      at &+= 1
    }
    return dots == 3 && digits > 0 ? (UInt128(value << 8 | octet), at) : nil
  }

  private static func v4(_ text: UnsafeBufferPointer<UInt8>) throws(AddressError) -> UInt32 {
    var value: UInt32 = 0
    var octet: UInt32 = 0
    var digits = 0
    var dots = 0
    for byte in text {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        if digits == 1, octet == 0 { throw .leadingZero }
        octet = octet * 10 + UInt32(byte - UInt8(ascii: "0"))
        if octet > 255 { throw .octetAbove255 }
        digits += 1
      case UInt8(ascii: "."):
        if digits == 0 { throw .emptyOctet }
        if dots == 3 { throw .octetCount }
        value = value << 8 | octet
        (octet, digits) = (0, 0)
        dots += 1
      default: throw byte == UInt8(ascii: "%") ? .zone : .unexpectedByte(byte)
      }
    }
    if digits == 0 { throw .emptyOctet }
    if dots != 3 { throw .octetCount }
    return value << 8 | octet
  }

  /// Reads groups from left to right; those behind `::` are moved to the end when the text is over.
  private static func v6(_ text: UnsafeBufferPointer<UInt8>) throws(AddressError) -> UInt128 {
    var value: UInt128 = 0
    var bits = 0
    var gap: Int?  // the number of bits before `::`
    var at = 0
    if text[0] == UInt8(ascii: ":") {
      guard text.count > 1, text[1] == UInt8(ascii: ":") else { throw .strayColon }
      gap = 0
      at = 2
    }
    while at < text.count {
      if bits == 128 { throw .tooManyGroups }
      let start = at
      let group = try hexGroup(text, &at)
      if at < text.count, text[at] == UInt8(ascii: ".") {
        let tail = UInt128(try v4(UnsafeBufferPointer(rebasing: text[start...])))
        guard bits == 96 || bits < 96 && gap != nil else { throw .misplacedIPv4Tail }
        (value, bits, at) = (value << 32 | tail, bits + 32, text.count)
        break
      }
      if at == start { throw unexpected(text[at]) }
      (value, bits) = (value << 16 | UInt128(group), bits + 16)
      try separator(text, &at, bits, &gap)
    }
    return try expanded(value, bits, gap)
  }

  /// The error for a byte where a group must start.
  private static func unexpected(_ byte: UInt8) -> AddressError {
    switch byte {
    case UInt8(ascii: ":"): .repeatedDoubleColon
    case UInt8(ascii: "."): .emptyOctet
    case UInt8(ascii: "%"): .zone
    default: .unexpectedByte(byte)
    }
  }

  /// Up to four hexadecimal digits, or the decimal ones that start an IPv4 tail.
  private static func hexGroup(_ text: UnsafeBufferPointer<UInt8>, _ at: inout Int) throws(AddressError)
    -> UInt16
  {
    let start = at
    var group: UInt16 = 0
    while at < text.count {
      let digit: UInt8
      switch text[at] {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = text[at] - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = text[at] - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = text[at] - UInt8(ascii: "A") + 10
      default: return group
      }
      if at - start == 4 { throw .groupTooLong }
      group = group << 4 | UInt16(digit)
      at += 1
    }
    return group
  }

  /// What follows a group: the end, `:` and another group, or `::`.
  private static func separator(
    _ text: UnsafeBufferPointer<UInt8>, _ at: inout Int, _ bits: Int, _ gap: inout Int?
  ) throws(AddressError) {
    guard at < text.count else { return }
    guard text[at] == UInt8(ascii: ":") else {
      throw text[at] == UInt8(ascii: "%") ? .zone : .unexpectedByte(text[at])
    }
    at += 1
    guard at < text.count else { throw .strayColon }
    guard text[at] == UInt8(ascii: ":") else { return }
    if gap != nil { throw .repeatedDoubleColon }
    gap = bits
    at += 1
  }

  /// Puts zeros where `::` stood.
  private static func expanded(_ value: UInt128, _ bits: Int, _ gap: Int?) throws(AddressError) -> UInt128 {
    guard let gap else {
      if bits < 128 { throw .tooFewGroups }
      return value
    }
    if bits == 128 { throw .tooManyGroups }
    let behind = bits - gap
    let low = behind == 0 ? 0 : value & (UInt128.max >> UInt128(128 - behind))
    let high = gap == 0 ? 0 : (value >> UInt128(behind)) << UInt128(128 - gap)
    return high | low
  }
}

/// The bytes of a text: in place where it lies in memory in one piece, as almost all do.
func withUTF8<Result, Failure>(
  of text: some StringProtocol, _ body: (UnsafeBufferPointer<UInt8>) throws(Failure) -> Result
) throws(Failure) -> Result {
  let read = { (utf8: UnsafeBufferPointer<UInt8>) -> Swift.Result<Result, Failure> in
    do throws(Failure) { return .success(try body(utf8)) } catch { return .failure(error) }
  }
  if let result = text.utf8.withContiguousStorageIfAvailable(read) { return try result.get() }
  return try Array(text.utf8).withUnsafeBufferPointer(read).get()
}
