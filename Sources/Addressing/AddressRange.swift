/// Addresses of one family from a lower to an upper one, both included.
public struct AddressRange: Hashable, Sendable {
  /// The kind of address.
  public let family: IPFamily
  /// The addresses as numbers.
  public let values: ClosedRange<UInt128>

  @usableFromInline
  init(family: IPFamily, unchecked values: ClosedRange<UInt128>) {
    self.family = family
    self.values = values
  }

  /// The range of one address.
  public init(_ address: IPAddress) {
    self.init(family: address.family, unchecked: address.value...address.value)
  }

  /// The range between two addresses.
  public init(_ lower: IPAddress, _ upper: IPAddress) throws(AddressRangeError) {
    guard lower.family == upper.family else { throw .mixedFamilies }
    guard lower.value <= upper.value else { throw .reversed }
    self.init(family: lower.family, unchecked: lower.value...upper.value)
  }

  /// Reads `a` or `a-b`: no spaces, one family, a ≤ b.
  public init(_ text: UnsafeBufferPointer<UInt8>) throws(AddressRangeError) {
    if let plain = Self.plainV4(text) {
      self.init(family: .v4, unchecked: plain)
      return
    }
    if text.contains(UInt8(ascii: "/")) { throw .network }
    guard let dash = text.firstIndex(of: UInt8(ascii: "-")) else {
      do throws(AddressError) { self.init(try IPAddress(text)) } catch { throw .address(error) }
      return
    }
    let lower: IPAddress
    let upper: IPAddress
    do throws(AddressError) {
      lower = try IPAddress(UnsafeBufferPointer(rebasing: text[..<dash]))
    } catch { throw .lower(error) }
    do throws(AddressError) {
      upper = try IPAddress(UnsafeBufferPointer(rebasing: text[(dash + 1)...]))
    } catch { throw .upper(error) }
    try self.init(lower, upper)
  }

  /// Reads a range, as above.
  public init(_ text: some StringProtocol) throws(AddressRangeError) {
    self = try withUTF8(of: text) { (utf8) throws(AddressRangeError) in try AddressRange(utf8) }
  }

  /// Almost every range, read in one pass; nil for any other, and for what is wrong.
  private static func plainV4(_ text: UnsafeBufferPointer<UInt8>) -> ClosedRange<UInt128>? {
    guard let lower = IPAddress.plainV4(text, from: 0) else { return nil }
    if lower.end == text.count { return lower.value...lower.value }
    guard text[lower.end] == UInt8(ascii: "-"),
      let upper = IPAddress.plainV4(text, from: lower.end + 1), upper.end == text.count,
      lower.value <= upper.value
    else { return nil }
    return lower.value...upper.value
  }

  /// The lowest address.
  @inlinable public var lower: IPAddress { IPAddress(family: family, unchecked: values.lowerBound) }

  /// The highest address.
  @inlinable public var upper: IPAddress { IPAddress(family: family, unchecked: values.upperBound) }

  /// How many addresses there are; for all of IPv6, one less, because the true number does not fit.
  public var count: UInt128 {
    let (count, overflow) = (values.upperBound - values.lowerBound).addingReportingOverflow(1)
    return overflow ? .max : count
  }

  /// Whether the address is one of them.
  public func contains(_ address: IPAddress) -> Bool {
    address.family == family && values.contains(address.value)
  }

  /// Whether all of the other are among them.
  public func contains(_ other: AddressRange) -> Bool {
    contains(other.lower) && contains(other.upper)
  }

  /// Whether the two share an address.
  public func overlaps(_ other: AddressRange) -> Bool {
    family == other.family && values.overlaps(other.values)
  }

  /// What the two share; nil when that is nothing.
  public func intersection(_ other: AddressRange) -> AddressRange? {
    guard overlaps(other) else { return nil }
    return AddressRange(family: family, unchecked: values.clamped(to: other.values))
  }
}

extension AddressRange: Comparable {
  /// By lower end, then by upper end; IPv4 before IPv6.
  public static func < (a: AddressRange, b: AddressRange) -> Bool {
    (a.lower, a.upper) < (b.lower, b.upper)
  }
}

extension AddressRange: CustomStringConvertible {
  /// `a` or `a-b`, each in its canonical form.
  public var description: String {
    withText { String(decoding: $0, as: UTF8.self) }
  }

  /// Lends the same text as bytes, without allocating.
  @inlinable @inline(__always)
  public func withText<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 2 * IPAddress.longestText + 1) { buffer in
      body(UnsafeBufferPointer(rebasing: buffer[..<write(to: buffer)]))
    }
  }

  /// Writes the text to memory of one byte more than two addresses need, and gives its length.
  @usableFromInline
  func write(to buffer: UnsafeMutableBufferPointer<UInt8>) -> Int {
    var text = TextBuffer(buffer)
    text.append(lower)
    if lower != upper {
      text.append(UInt8(ascii: "-"))
      text.append(upper)
    }
    return text.count
  }

  /// Appends the same text.
  public func append(to bytes: inout [UInt8]) {
    withText { bytes.append(contentsOf: $0) }
  }
}
