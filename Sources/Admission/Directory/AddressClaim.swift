public import Addressing
public import JSON

/// What an object admitted at this moment will hold, until it can be seen in the cluster.
///
/// One replica keeps it in memory; several share their claims through an object in the cluster that is written
/// conditionally. In whatever order two claims are written, the writer of the second one has read the first.
public struct AddressClaim: Sendable, Equatable {
  /// What is being created or changed.
  public enum Kind: String, Sendable {
    /// A SpiderIPPool that gains addresses.
    case pool
    /// A SpiderSubnet that is created or loses addresses.
    case subnet
  }

  /// A claim of more ranges than this goes to other replicas as the one range that spans them.
  static let maximumSharedRanges = 64

  /// The UID of the request that was admitted; unique.
  public let id: String
  /// The UID of the object that is being created; empty for a change of an object.
  public let uid: String
  /// The kind of object.
  public let kind: Kind
  /// The object's name; empty while one is still to be generated.
  public let name: String
  /// Its network.
  public let network: CIDR
  /// All its addresses: `ips` without `excludeIPs`.
  public let addresses: AddressSet
  /// When it lapses, in milliseconds since 1970.
  public let expires: UInt64

  /// Whether it still counts at this time.
  public func isLive(at now: UInt64) -> Bool { now < expires }

  init(
    id: String, uid: String, kind: Kind, name: String, network: CIDR, addresses: AddressSet, expires: UInt64
  ) {
    self.id = id
    self.uid = uid
    self.kind = kind
    self.name = name
    self.network = network
    self.addresses = addresses
    self.expires = expires
  }
}

extension AddressClaim {
  /// Reads what `write(to:)` wrote; nil for anything else.
  public init?(_ view: JSONView) {
    guard let id = view["id"]?.string, let uid = view["uid"]?.string,
      let kind = view["kind"]?.string.flatMap(Kind.init(rawValue:)),
      let name = view["name"]?.string, let expires = view["expires"]?.uint,
      let network = view["network"]?.utf8.flatMap(AddressText.network), let list = view["ips"]
    else { return nil }
    var ranges: [AddressRange] = []
    for item in list.elements {
      guard let range = item.utf8.flatMap(AddressText.range), range.family == network.family else {
        return nil
      }
      ranges.append(range)
    }
    self.init(
      id: id, uid: uid, kind: kind, name: name, network: network,
      addresses: AddressSet(network.family, ranges),
      expires: expires)
  }

  private var sharedRanges: [AddressRange] {
    let ranges = Array(addresses.ranges)
    guard ranges.count > Self.maximumSharedRanges, let first = addresses.first, let last = addresses.last,
      let span = try? AddressRange(first, last)
    else { return ranges }
    return [span]
  }

  /// Writes the claim as a JSON object, for other replicas.
  public func write(to writer: inout JSONWriter) {
    writer.object { object in
      object.key("id")
      object.value(id)
      object.key("uid")
      object.value(uid)
      object.key("kind")
      object.value(kind.rawValue)
      object.key("name")
      object.value(name)
      object.key("network")
      object.value(network.description)
      object.key("ips")
      object.array { array in
        for range in sharedRanges { range.withText { array.value($0) } }
      }
      object.key("expires")
      object.value(expires)
    }
  }
}

/// Why a claim cannot stand beside another.
public struct ClaimConflict: Sendable, Equatable {
  /// The claim that was there first.
  public let winner: AddressClaim
  /// The addresses that both want, or that the subnet does not hold; empty when the networks themselves clash.
  public let addresses: AddressSet
}

extension AddressClaim {
  /// Why this claim cannot stand beside an earlier one; nil when it can. Two claims for one name never clash: the API
  /// server lets only one of them be.
  func conflict(with earlier: AddressClaim) -> ClaimConflict? {
    guard network.family == earlier.network.family, kind != earlier.kind || name != earlier.name else {
      return nil
    }
    func clash(_ addresses: AddressSet? = nil) -> ClaimConflict {
      ClaimConflict(winner: earlier, addresses: addresses ?? AddressSet(network.family))
    }
    let sameNetwork = network == earlier.network
    let overlaps = network.overlaps(earlier.network)
    switch (kind, earlier.kind) {
    case (.pool, .pool):
      if overlaps, !sameNetwork { return clash() }
      let shared = addresses.intersection(earlier.addresses)
      return shared.isEmpty ? nil : clash(shared)
    case (.subnet, .subnet):
      return overlaps ? clash() : nil
    case (.pool, .subnet):
      // A pool beside a subnet of another network is only warned of, as if the subnet had been there before.
      guard sameNetwork else { return nil }
      let outside = addresses.subtracting(earlier.addresses)
      return outside.isEmpty ? nil : clash(outside)
    case (.subnet, .pool):
      guard sameNetwork else { return overlaps ? clash() : nil }
      let outside = earlier.addresses.subtracting(addresses)
      return outside.isEmpty ? nil : clash(outside)
    }
  }
}
