/// A network in CIDR notation, with the address as it was written: `10.6.0.1/16` keeps its host bits.
public struct CIDR: Hashable, Sendable {
  /// The address before the slash.
  public let address: IPAddress
  /// The number behind it: at most 32 or 128.
  public let prefixLength: Int

  /// The network of this address; nil when the prefix is longer than the family has bits, or negative.
  public init?(_ address: IPAddress, prefixLength: Int) {
    guard 0...address.family.bitWidth ~= prefixLength else { return nil }
    self.address = address
    self.prefixLength = prefixLength
  }

  /// Reads `address/length`, as Go's `net.ParseCIDR` does. Host bits are allowed and kept.
  public init(_ text: UnsafeBufferPointer<UInt8>) throws(CIDRError) {
    guard let slash = text.firstIndex(of: UInt8(ascii: "/")) else {
      do throws(AddressError) { _ = try IPAddress(text) } catch { throw .address(error) }
      throw .noPrefixLength
    }
    do throws(AddressError) {
      address = try IPAddress(UnsafeBufferPointer(rebasing: text[..<slash]))
    } catch { throw .address(error) }
    prefixLength = try Self.prefixLength(text[(slash + 1)...], limit: address.family.bitWidth)
  }

  /// Reads a network, as above.
  public init(_ text: some StringProtocol) throws(CIDRError) {
    self = try withUTF8(of: text) { (utf8) throws(CIDRError) in try CIDR(utf8) }
  }

  private static func prefixLength(
    _ digits: Slice<UnsafeBufferPointer<UInt8>>, limit: Int
  ) throws(CIDRError) -> Int {
    var length = 0
    for digit in digits {
      guard UInt8(ascii: "0")...UInt8(ascii: "9") ~= digit else { throw .malformedPrefixLength }
      length = min(1000, length * 10 + Int(digit - UInt8(ascii: "0")))
    }
    if digits.isEmpty || digits.count > 1 && digits.first == UInt8(ascii: "0") {
      throw .malformedPrefixLength
    }
    if length > limit { throw .prefixLengthAbove(limit) }
    return length
  }

  /// The kind of address.
  @inlinable public var family: IPFamily { address.family }

  /// The host bits, all set.
  @inlinable var hostMask: UInt128 {
    let hostBits = family.bitWidth - prefixLength
    return hostBits == 0 ? 0 : UInt128.max >> UInt128(128 - hostBits)
  }

  /// The lowest address.
  public var base: IPAddress { IPAddress(family: family, unchecked: address.value & ~hostMask) }

  /// The highest address.
  public var last: IPAddress { IPAddress(family: family, unchecked: address.value | hostMask) }

  /// All addresses.
  public var range: AddressRange { AddressRange(family: family, unchecked: base.value...last.value) }

  /// The same network without host bits.
  public var network: CIDR {
    CIDR(unchecked: base, prefixLength)
  }

  private init(unchecked address: IPAddress, _ prefixLength: Int) {
    self.address = address
    self.prefixLength = prefixLength
  }

  /// Whether there are no host bits.
  public var isNetwork: Bool { address.value & hostMask == 0 }

  /// Whether the text is a network, and written in the one canonical way.
  public static func isCanonical(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let cidr = try? CIDR(text), cidr.isNetwork else { return false }
    return cidr.withText { canonical in
      guard canonical.count == text.count else { return false }
      for position in 0..<text.count where canonical[position] != text[position] { return false }
      return true
    }
  }

  /// As above.
  public static func isCanonical(_ text: some StringProtocol) -> Bool {
    withUTF8(of: text) { isCanonical($0) }
  }
}

extension CIDR {
  /// Whether the address lies in the network.
  public func contains(_ other: IPAddress) -> Bool {
    other.family == family && (other.value ^ address.value) & ~hostMask == 0
  }

  /// Whether all of the range lies in the network.
  public func contains(_ range: AddressRange) -> Bool {
    contains(range.lower) && contains(range.upper)
  }

  /// Whether all of the other network lies in this one.
  public func contains(_ other: CIDR) -> Bool {
    other.prefixLength >= prefixLength && contains(other.address)
  }

  /// Whether the two share an address, which is to say that one contains the other.
  public func overlaps(_ other: CIDR) -> Bool {
    contains(other) || other.contains(self)
  }

  /// Whether the network and the range share an address.
  public func overlaps(_ other: AddressRange) -> Bool { range.overlaps(other) }
}

extension CIDR: CustomStringConvertible {
  /// The canonical text of the address, host bits included, a slash and the length.
  public var description: String {
    withText { String(decoding: $0, as: UTF8.self) }
  }

  /// Lends the same text as bytes, without allocating.
  @inlinable @inline(__always)
  public func withText<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: IPAddress.longestText + 4) { buffer in
      body(UnsafeBufferPointer(rebasing: buffer[..<write(to: buffer)]))
    }
  }

  /// Writes the text to memory of at least four bytes more than an address needs, and gives its length.
  @usableFromInline
  func write(to buffer: UnsafeMutableBufferPointer<UInt8>) -> Int {
    var text = TextBuffer(buffer)
    text.append(address)
    text.append(UInt8(ascii: "/"))
    text.append(decimal: prefixLength)
    return text.count
  }

  /// Appends the same text.
  public func append(to bytes: inout [UInt8]) {
    withText { bytes.append(contentsOf: $0) }
  }
}
