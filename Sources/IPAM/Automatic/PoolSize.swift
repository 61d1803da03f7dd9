/// How many addresses an automatic pool holds: what `ipam.spidernet.io/ippool-ip-number` says.
public enum PoolSize: Hashable, Sendable, CustomStringConvertible {
  /// So many.
  case fixed(Int)
  /// So many more than there are replicas.
  case above(Int)

  /// Above this no number is meant.
  static let limit = 1 << 24

  /// Reads `N` or `+N`; nil for anything else.
  public init?(_ text: String) {
    let isRelative = text.utf8.first == UInt8(ascii: "+")
    // Bytes: what follows the sign may combine with it to one character.
    let digits = text.utf8.dropFirst(isRelative ? 1 : 0)
    guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }),
      let number = Int(Substring(digits)), number <= Self.limit
    else { return nil }
    self = isRelative ? .above(number) : .fixed(number)
  }

  /// The addresses for so many replicas.
  public func count(replicas: Int) -> Int {
    switch self {
    case .fixed(let number): number
    case .above(let number): max(0, replicas) + number
    }
  }

  /// `N` or `+N`.
  public var description: String {
    switch self {
    case .fixed(let number): "\(number)"
    case .above(let number): "+\(number)"
    }
  }
}
