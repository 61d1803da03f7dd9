// Addressing: IP addresses, networks, ranges and sets of them as numbers.
//
// Comes in: text as UTF-8 bytes, or numbers. Goes out: values that compare and combine as numbers, and their one
// canonical text. Nothing expands a range: `::/0` costs what a /28 costs. Deliberately unknown here: which address may
// be used by whom, fields, messages, every other module.

/// The two kinds of IP address.
public enum IPFamily: UInt8, Sendable, Hashable, CaseIterable {
  /// 32 bits.
  case v4 = 4
  /// 128 bits.
  case v6 = 6

  /// 32 or 128.
  @inlinable public var bitWidth: Int { self == .v4 ? 32 : 128 }

  /// The highest address, as a number.
  @inlinable public var highest: UInt128 { self == .v4 ? 0xFFFF_FFFF : .max }
}

extension IPFamily: CustomStringConvertible {
  /// `IPv4` or `IPv6`
  public var description: String { self == .v4 ? "IPv4" : "IPv6" }
}

/// An IP address: a family and a number.
public struct IPAddress: Hashable, Sendable {
  /// The kind of address.
  public let family: IPFamily
  /// The address as a number; below 2^32 for IPv4.
  public let value: UInt128

  /// The address with this number; nil when an IPv4 address cannot be that high.
  @inlinable
  public init?(_ family: IPFamily, _ value: UInt128) {
    guard value <= family.highest else { return nil }
    self.family = family
    self.value = value
  }

  /// The IPv4 address with this number.
  @inlinable
  public init(v4 value: UInt32) {
    family = .v4
    self.value = UInt128(value)
  }

  /// The IPv6 address with this number.
  @inlinable
  public init(v6 value: UInt128) {
    family = .v6
    self.value = value
  }

  /// For a number known to fit the family.
  @usableFromInline
  init(family: IPFamily, unchecked value: UInt128) {
    self.family = family
    self.value = value
  }

  /// The next address; nil behind the highest.
  public var next: IPAddress? {
    value == family.highest ? nil : IPAddress(family: family, unchecked: value + 1)
  }

  /// The address before; nil before the lowest.
  public var previous: IPAddress? { value == 0 ? nil : IPAddress(family: family, unchecked: value - 1) }
}

extension IPAddress: Comparable {
  /// By number; IPv4 before IPv6.
  @inlinable
  public static func < (a: IPAddress, b: IPAddress) -> Bool {
    a.family == b.family ? a.value < b.value : a.family == .v4
  }
}
