public import Addressing

/// Reads addresses and networks from texts, and shows sets of them in messages.
public enum AddressText {
  /// A network in its one canonical form; nil for any other text.
  static func network(_ text: UnsafeBufferPointer<UInt8>) -> CIDR? {
    guard let network = try? CIDR(text), network.isNetwork else { return nil }
    return network.withText { $0.elementsEqual(text) } ? network : nil
  }

  /// `a` or `a-b`; nil for any other text.
  static func range(_ text: UnsafeBufferPointer<UInt8>) -> AddressRange? { try? AddressRange(text) }

  /// The network of an object that is stored already, host bits and spelling forgiven.
  public static func lenientNetwork(_ text: String) -> CIDR? { (try? CIDR(text))?.network }

  /// The addresses of an object that is stored already: what cannot be read, or is of another family, is left out. Nil
  /// when nothing tells the family.
  public static func lenientAddresses(
    _ ips: [String], without excludeIPs: [String], like network: CIDR?
  ) -> AddressSet? {
    let ranges = ips.compactMap { try? AddressRange($0) }
    guard let family = network?.family ?? ranges.first?.family else { return nil }
    let included = AddressSet(family, ranges.filter { $0.family == family })
    guard !excludeIPs.isEmpty else { return included }
    let holes = excludeIPs.compactMap { try? AddressRange($0) }.filter { $0.family == family }
    return included.subtracting(AddressSet(family, holes))
  }

  /// The addresses of an object that is stored already and has no network: a set for each family that it has any of. What
  /// cannot be read is left out.
  public static func lenientSets(_ ips: [String]) -> [AddressSet] {
    let ranges = ips.compactMap { try? AddressRange($0) }
    return IPFamily.allCases.compactMap { family in
      let own = ranges.filter { $0.family == family }
      return own.isEmpty ? nil : AddressSet(family, own)
    }
  }

  /// Ranges beyond this many are counted in a message, not listed.
  static let maximumShown = 8

  /// The set as a message shows it: `10.6.0.2-10.6.0.5, 10.6.0.9`.
  public static func shown(_ addresses: AddressSet) -> String {
    let ranges = addresses.ranges
    let listed = ranges.prefix(maximumShown).map(\.description).joined(separator: ", ")
    return ranges.count > maximumShown ? "\(listed) and \(ranges.count - maximumShown) more ranges" : listed
  }
}
