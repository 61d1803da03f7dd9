import Addressing
import IPAM
import KubernetesAPI

/// The pools, subnets and reserved addresses of a cluster, and the claims of those just being written, kept as small as
/// the rules allow and searched in logarithmic time.
///
/// A value that is never copied: sharing it is `PoolDirectory`'s part. Whatever was stored while nobody judged it is taken in as far as it
/// can be read; nothing here fails on it.
struct PoolIndex: ~Copyable, Sendable {
  /// The number of an entry.
  typealias ID = UInt32

  /// What an entry stands for.
  enum Kind: UInt8, Sendable {
    case pool, subnet, reserved
  }

  /// One object, or one claim for an object.
  struct Entry: Sendable, Equatable {
    var kind: Kind
    /// A claim has no object yet.
    var isClaim = false
    /// Deletion has begun.
    var isTerminating = false
    /// Deletion was admitted, and nothing was seen of the object since.
    var isLeaving = false
    var name: String
    /// The network, if `spec.subnet` can be read.
    var network: CIDR?
    /// `ips` without `excludeIPs`, as far as they can be read.
    var addresses: AddressSet?
  }

  /// What only a subnet has.
  struct SubnetDetail: Sendable, Equatable {
    /// The subnet as it was last seen.
    var subnet: SpiderSubnet
    /// What its status gives to its pools.
    var status: SubnetStatus
  }

  /// What only a claim has.
  struct ClaimDetail: Sendable, Equatable {
    var id: String
    var uid: String
    var expires: UInt64
    /// Made by another replica.
    var isForeign: Bool
  }

  /// The name of an object of one kind.
  struct Key: Sendable, Hashable {
    var kind: Kind
    var name: String
  }

  var entries: [Entry?] = []
  var freeIDs: [ID] = []
  var idOf: [Key: ID] = [:]
  var subnetDetails: [ID: SubnetDetail] = [:]
  var poolNetworks = NetworkTable()
  var subnetNetworks = NetworkTable()
  /// The addresses of pools and of claims for pools.
  var poolAddresses = PerFamilyTrees()
  var reservedAddresses = PerFamilyTrees()

  var claims: [ID: ClaimDetail] = [:]
  var claimIDs: [String: ID] = [:]
  var claimsOf: [Key: [ID]] = [:]
  /// Claims whose object was seen, by their id, with the time until which others may still tell of them.
  var settled: [String: UInt64] = [:]
  /// When lapsed claims are looked for again.
  var nextSweep: UInt64 = 0
}

extension PoolIndex {
  /// The stored object of this name.
  func stored(_ kind: Kind, named name: String) -> (id: ID, entry: Entry)? {
    guard let id = idOf[Key(kind: kind, name: name)], let entry = entries[Int(id)] else { return nil }
    return (id, entry)
  }

  /// The entry with this number, which must be in use.
  func entry(_ id: ID) -> Entry {
    guard let entry = entries[Int(id)] else { preconditionFailure("entry \(id) is not in use") }
    return entry
  }

  /// Whether the entry counts at this time: an object always, a claim until it lapses.
  func isLive(_ id: ID, at now: UInt64) -> Bool {
    if claims.isEmpty { return true }
    guard let claim = claims[id] else { return true }
    return now < claim.expires
  }

  /// Whether the entry counts at this time and has another name.
  func isOther(_ id: ID, than name: String, at now: UInt64) -> Bool {
    isLive(id, at: now) && entries[Int(id)]?.name != name
  }

  /// Takes in a new entry.
  mutating func add(_ entry: Entry) -> ID {
    let id: ID
    if let free = freeIDs.popLast() {
      id = free
      entries[Int(id)] = entry
    } else {
      id = ID(entries.count)
      entries.append(entry)
    }
    link(id, entry)
    return id
  }

  /// Takes out an entry.
  mutating func drop(_ id: ID) {
    unlink(id, entry(id))
    entries[Int(id)] = nil
    subnetDetails[id] = nil
    freeIDs.append(id)
  }

  private mutating func link(_ id: ID, _ entry: Entry) {
    switch entry.kind {
    case .pool:
      if let network = entry.network { poolNetworks.insert(id, network) }
      if let ranges = entry.addresses?.ranges {
        for range in ranges { poolAddresses.insert(range, owner: id) }
      }
    case .subnet:
      if let network = entry.network { subnetNetworks.insert(id, network) }
    case .reserved:
      if let ranges = entry.addresses?.ranges {
        for range in ranges { reservedAddresses.insert(range, owner: id) }
      }
    }
  }

  private mutating func unlink(_ id: ID, _ entry: Entry) {
    switch entry.kind {
    case .pool:
      if let network = entry.network { poolNetworks.remove(id, network) }
      if let ranges = entry.addresses?.ranges {
        for range in ranges { poolAddresses.remove(range, owner: id) }
      }
    case .subnet:
      if let network = entry.network { subnetNetworks.remove(id, network) }
    case .reserved:
      if let ranges = entry.addresses?.ranges {
        for range in ranges { reservedAddresses.remove(range, owner: id) }
      }
    }
  }
}
