import Addressing
import IPAM

/// A ledger with the names of the tests.
final class LedgerWorld {
  var ledger: Ledger
  let owner = OwnerKey(id: "rs", label: "ReplicaSet default/web-1")

  init(cooling: UInt64 = 60_000, unconfirmed: Int = 1_000) {
    var limits = Ledger.Limits()
    limits.cooling = cooling
    limits.unconfirmedPerOwner = unconfirmed
    ledger = Ledger(limits: limits)
  }

  func pool(_ name: String, _ range: String, state: PoolState = .open) throws {
    ledger.define(name, givable: AddressSet(try AddressRange(range)), state: state)
  }

  /// Reserves one address for each list of pools; the texts of the addresses.
  func reserve(
    _ id: UInt128, from pools: [String]..., family: IPFamily = .v4, sticky: PodKey? = nil, now: UInt64 = 0,
    start: UInt64 = 0
  ) throws(Shortage) -> [String] {
    let demands = pools.enumerated().map { AddressDemand(interface: $0, family: family, pools: $1) }
    return try ledger.reserve(
      ReservationID(id), for: owner, sticky: sticky, demands, expires: now + 30_000, now: now, start: start
    ).map(\.address.description)
  }

  /// Binds one address to the Pod `default/<pod>`.
  func bind(
    _ id: UInt128, _ pool: String, _ address: String, to pod: String = "web-0", _ uid: String = "a",
    gone: Set<PodUID> = [], now: UInt64 = 0
  ) throws {
    try ledger.bind(
      ReservationID(id), try grants(pool, address), to: Self.pod(pod), uid: PodUID(uid), owner: owner,
      gone: gone, now: now)
  }

  func observe(_ pool: String, _ records: AllocationRecord..., now: UInt64 = 0) -> [LostBinding] {
    ledger.observe(pool, records, now: now)
  }

  func release(_ pool: String, _ address: String, _ uid: String = "a") throws -> Bool {
    ledger.release(pool, try IPAddress(address), uid: PodUID(uid), now: 0)
  }

  func confirm(_ uid: String) -> Bool { ledger.confirm(PodUID(uid), at: 5) }

  func hasChanges(_ pool: String) -> Bool { ledger.hasChanges(pool) }

  func stored(_ pool: String) -> [String] {
    ledger.records(toStore: pool).map { "\($0.address) \($0.pod.name) \($0.uid)" }
  }

  func grants(_ pool: String, _ address: String) throws -> [AddressGrant] {
    [AddressGrant(interface: 0, pool: pool, address: try IPAddress(address))]
  }

  static func pod(_ name: String) -> PodKey { PodKey(namespace: "default", name: name) }
}

/// A record of the Pod `default/<pod>`.
func record(_ address: String, _ pod: String = "web-0", _ uid: String = "a") throws -> AllocationRecord {
  AllocationRecord(address: try IPAddress(address), pod: LedgerWorld.pod(pod), uid: PodUID(uid))
}

/// What a shortage says; nil when there was none.
func shortage(_ body: () throws(Shortage) -> [String]) -> Shortage? {
  do throws(Shortage) {
    _ = try body()
    return nil
  } catch { return error }
}

/// What a refusal says; nil when there was none.
func refusal(_ body: () throws -> Void) throws -> BindRefusal? {
  do { try body() } catch let error as BindRefusal { return error }
  return nil
}
