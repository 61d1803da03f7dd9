internal import IPAM
public import KubernetesAPI
internal import Synchronization

/// What is known of the cluster's pools, subnets and reserved addresses, shared by everything that judges.
///
/// Fed by list and watch; every call is a short transaction under one lock.
public final class PoolDirectory: Sendable {
  private let index = Mutex(PoolIndex())
  private let synced = Mutex(Synced())
  private let scales = Mutex<[ApplicationKind: Bool]>([:])

  /// Kinds remembered; objects may say anything.
  private static let maximumScales = 1024

  private struct Synced {
    var pools = false
    var subnets = false
    var reserved = false
  }

  /// An empty directory, which is not synced.
  public init() {}

  /// Whether each of the three kinds was listed once.
  public var isSynced: Bool { synced.withLock { $0.pools && $0.subnets && $0.reserved } }

  /// Takes in a complete list of pools, in the place of all before.
  public func replacePools(_ pools: [SpiderIPPool]) {
    index.withLock { index in
      index.retain(.pool, Set(pools.map(\.metadata.name)))
      for pool in pools { index.upsert(pool) }
    }
    synced.withLock { $0.pools = true }
  }

  /// Takes in a complete list of subnets, in the place of all before.
  public func replaceSubnets(_ subnets: [SpiderSubnet]) {
    index.withLock { index in
      index.retain(.subnet, Set(subnets.map(\.metadata.name)))
      for subnet in subnets { index.upsert(subnet) }
    }
    synced.withLock { $0.subnets = true }
  }

  /// Takes in a complete list of reserved addresses, in the place of all before.
  public func replaceReservedIPs(_ reserved: [SpiderReservedIP]) {
    index.withLock { index in
      index.retain(.reserved, Set(reserved.map(\.metadata.name)))
      for item in reserved { index.upsert(item) }
    }
    synced.withLock { $0.reserved = true }
  }

  /// Takes in a pool that was added or changed.
  public func upsert(_ pool: SpiderIPPool) { index.withLock { $0.upsert(pool) } }

  /// Takes in a subnet that was added or changed.
  public func upsert(_ subnet: SpiderSubnet) { index.withLock { $0.upsert(subnet) } }

  /// Takes in reserved addresses that were added or changed.
  public func upsert(_ reserved: SpiderReservedIP) { index.withLock { $0.upsert(reserved) } }

  /// Takes out a pool that is gone.
  public func removePool(_ name: String) { index.withLock { $0.remove(.pool, named: name) } }

  /// Takes out a subnet that is gone.
  public func removeSubnet(_ name: String) { index.withLock { $0.remove(.subnet, named: name) } }

  /// Takes out reserved addresses that are gone.
  public func removeReservedIP(_ name: String) { index.withLock { $0.remove(.reserved, named: name) } }

  /// Whether objects of a kind have a `scale` subresource; nil when that was not found out yet.
  public func hasScale(apiVersion: String, kind: String) -> Bool? {
    scales.withLock { $0[ApplicationKind(apiVersion: apiVersion, kind: kind)] }
  }

  /// Notes whether objects of a kind have a `scale` subresource.
  public func noteScale(_ hasScale: Bool, apiVersion: String, kind: String) {
    scales.withLock { scales in
      if scales.count >= Self.maximumScales { scales = [:] }
      scales[ApplicationKind(apiVersion: apiVersion, kind: kind)] = hasScale
    }
  }

  /// Runs one transaction on the index.
  func withIndex<Result>(_ body: (inout PoolIndex) -> sending Result) -> sending Result {
    index.withLock(body)
  }
}

extension PoolDirectory {
  /// Lays the claims of other replicas over the directory, in the place of those laid before; own claims among them,
  /// and those whose object was seen, are passed over.
  public func register(claims: [AddressClaim], now: UInt64) {
    withIndex { $0.register(claims, at: now) }
  }

  /// Judges a claim against those that other replicas wrote before it.
  ///
  /// The caller reads the shared claims, asks here, and writes them with its own added on the condition that nobody
  /// wrote in between; when somebody did, it reads and asks again. So of two claims that clash the later one has always
  /// seen the earlier one. Shared claims may be dropped when they have lapsed, never because their object was seen here:
  /// another replica may not have seen it yet.
  public func conflict(of claim: AddressClaim, with shared: [AddressClaim], now: UInt64) -> ClaimConflict? {
    withIndex { index in
      for earlier in shared where earlier.id != claim.id && earlier.isLive(at: now) {
        if let standing = index.standing(earlier), let conflict = claim.conflict(with: standing) {
          return conflict
        }
      }
      return nil
    }
  }

  /// Takes back a claim that lost, or that could not be registered.
  public func withdraw(_ claim: AddressClaim) { withIndex { $0.withdraw(claim.id) } }
}
