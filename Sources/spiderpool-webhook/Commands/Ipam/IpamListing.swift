internal import Addressing
internal import JSON

/// What `ipam show` prints of a snapshot.
protocol IpamListing {
  /// For people.
  func table(isWide: Bool) -> String
  /// For programs.
  var json: JSONValue { get }
  /// A sentence for each object of which nothing is shown, because it cannot be read.
  var unreadable: [String] { get }
}

extension IpamListing {
  var unreadable: [String] { [] }

  /// How many addresses there are, at most `Int64.max`; null when that cannot be told.
  static func count(_ addresses: AddressSet?) -> JSONValue {
    addresses.map { .int($0.saturatingInt64Count) } ?? .null
  }

  /// The ranges as texts; null when they cannot be told.
  static func ranges(_ addresses: AddressSet?) -> JSONValue {
    addresses.map { .array($0.texts.map { .string($0) }) } ?? .null
  }
}
