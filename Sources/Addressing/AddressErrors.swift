/// Why a text is no IP address.
public enum AddressError: Error, Hashable, Sendable {
  /// There is no text.
  case empty
  /// It holds neither a dot nor a colon.
  case notAnAddress
  /// This ASCII character, or a byte above 127, cannot stand where it stands.
  case unexpectedByte(UInt8)
  /// An IPv4 address without exactly four numbers.
  case octetCount
  /// A number of an IPv4 address is missing.
  case emptyOctet
  /// A number of an IPv4 address is above 255.
  case octetAbove255
  /// A number of an IPv4 address starts with a superfluous 0, which some programs take for octal.
  case leadingZero
  /// An IPv6 address without `::` and with fewer than eight groups.
  case tooFewGroups
  /// An IPv6 address of more than eight groups, or of eight and a `::`.
  case tooManyGroups
  /// A group of an IPv6 address has more than four digits.
  case groupTooLong
  /// `::` is there twice, or three colons stand together.
  case repeatedDoubleColon
  /// A single colon stands at the start or at the end.
  case strayColon
  /// The IPv4 tail of an IPv6 address stands too early or too late.
  case misplacedIPv4Tail
  /// A zone such as `%eth0`.
  case zone
  /// An IPv4 address in IPv6 form, `::ffff:192.0.2.1`.
  case ipv4Mapped
}

extension AddressError: CustomStringConvertible {
  /// What is wrong, to stand behind the text it is about.
  public var description: String {
    switch self {
    case .empty: "is empty"
    case .notAnAddress: "is not an IP address"
    case .unexpectedByte(let byte):
      byte > 0x20 && byte < 0x7F
        ? "has an unexpected '\(Character(Unicode.Scalar(byte)))'" : "has a space or an unprintable character"
    case .octetCount: "does not have exactly four numbers"
    case .emptyOctet: "has a number missing"
    case .octetAbove255: "has a number above 255"
    case .leadingZero: "has a number with a leading zero"
    case .tooFewGroups: "has fewer than eight groups and no '::'"
    case .tooManyGroups: "has more than eight groups"
    case .groupTooLong: "has a group of more than four digits"
    case .repeatedDoubleColon: "has '::' more than once"
    case .strayColon: "starts or ends with a single ':'"
    case .misplacedIPv4Tail: "has an IPv4 part that is not its last 32 bits"
    case .zone: "has a zone, which has no meaning here"
    case .ipv4Mapped: "is an IPv4 address in IPv6 form; write it as IPv4"
    }
  }
}

/// Why a text is no network in CIDR notation.
public enum CIDRError: Error, Hashable, Sendable {
  /// The part before the slash is no address.
  case address(AddressError)
  /// There is no slash.
  case noPrefixLength
  /// What follows the slash is no decimal number without sign or leading zero.
  case malformedPrefixLength
  /// The number is above 32 or 128.
  case prefixLengthAbove(Int)
}

extension CIDRError: CustomStringConvertible {
  /// What is wrong, to stand behind the text it is about.
  public var description: String {
    switch self {
    case .address(let error): "the address \(error)"
    case .noPrefixLength: "has no prefix length, such as /24"
    case .malformedPrefixLength: "has a prefix length that is not a number"
    case .prefixLengthAbove(let limit): "has a prefix length above \(limit)"
    }
  }
}

/// Why a text is no range of addresses.
public enum AddressRangeError: Error, Hashable, Sendable {
  /// There is no `-`, and the text is no address.
  case address(AddressError)
  /// What stands before the `-` is no address.
  case lower(AddressError)
  /// What stands behind the `-` is no address.
  case upper(AddressError)
  /// One end is IPv4, the other IPv6.
  case mixedFamilies
  /// The first address is above the last.
  case reversed
  /// It is a network in CIDR notation.
  case network
}

extension AddressRangeError: CustomStringConvertible {
  /// What is wrong, to stand behind the text it is about.
  public var description: String {
    switch self {
    case .address(let error): "\(error)"
    case .lower(let error): "the first address \(error)"
    case .upper(let error): "the last address \(error)"
    case .mixedFamilies: "mixes IPv4 and IPv6"
    case .reversed: "the first address is above the last"
    case .network: "is a network, not an address or a range"
    }
  }
}
