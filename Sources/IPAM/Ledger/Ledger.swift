public import Addressing

/// Which address of which pool belongs to whom: the one place where addresses are given.
///
/// An address is free, then reserved (in memory, for a while), then bound (a record, not stored yet), then saved (the
/// pool's status was seen to hold it), then leaving (the status is to lose it), and free again when a status without it
/// was seen; for a while it is then given only when nothing else is free. A record is confirmed when its Pod was seen.
///
/// Every transaction happens at once and as a whole. Times are milliseconds since 1970 and never go back.
public struct Ledger: ~Copyable, Sendable {
  /// What is bounded.
  public struct Limits: Sendable {
    /// How many addresses one owner may have for Pods that were not seen yet.
    public var unconfirmedPerOwner = 1_000
    /// For how many milliseconds a released address is given only when nothing else is free.
    public var cooling: UInt64 = 60_000
    /// For how many milliseconds a Pod that was bound an address may still come to be: so long the address is not another's,
    /// not even that of a Pod of the same name.
    public var arrival: UInt64 = 65_000

    /// The usual bounds.
    public init() {}
  }

  let limits: Limits
  var records = RecordTable()
  /// The pools by number. A number whose pool was removed waits in `vacant`.
  var pools: [LedgerPool] = []
  var numbers: [String: UInt32] = [:]
  private var vacant: [UInt32] = []
  private var keptBack: [IPFamily: AddressSet] = [:]
  var reservations: [ReservationID: Reservation] = [:]
  /// Who has reserved an address.
  var reserved: [Place: ReservationID] = [:]
  /// No reservation expires before this.
  var nextExpiry = UInt64.max
  /// Owners, each held once for every address that it has reserved, or bound here for a Pod that was not seen.
  var owners = Interner<OwnerKey>()
  /// What is known of records that were bound here for Pods that were not seen.
  var bindings: [UInt32: Binding] = [:]
  /// For a record of a Pod that was not seen, and that was not bound here: when another Pod of the name first wanted its address.
  var contested: [UInt32: UInt64] = [:]
  /// For a record that was stored and then bound to another Pod, what is stored.
  var moves: [UInt32: AllocationRecord] = [:]

  /// An empty ledger.
  public init(limits: Limits = Limits()) { self.limits = limits }
}

// MARK: Pools

extension Ledger {
  /// Says what a pool may give: its addresses without exclusions and gateway, all of one family. Called again on every
  /// change. Records outside stay, and reservations outside can no longer be bound.
  public mutating func define(_ pool: String, givable: AddressSet, state: PoolState) {
    let number = number(making: pool)
    let isNew = pools[number].state == nil
    pools[number].state = state
    if isNew || pools[number].defined != givable { pools[number].define(givable, without: keptBack) }
  }

  /// Forgets a pool, its records, and every reservation that has an address of it.
  public mutating func remove(_ pool: String) {
    guard let number = numbers[pool] else { return }
    let dropped = reservations.filter { $0.value.grants.contains { $0.pool == pool } }
    for id in dropped.keys { drop(id) }
    for slot in slots(of: number) { forget(slot) }
    numbers[pool] = nil
    pools[Int(number)] = LedgerPool("")
    vacant.append(number)
  }

  /// Says which addresses no pool may give: at most one set for each family. Replaces what was said before.
  public mutating func keepBack(_ reserved: [AddressSet]) {
    var sets: [IPFamily: AddressSet] = [:]
    for set in reserved {
      precondition(sets[set.family] == nil, "one set of addresses is kept back for each family")
      sets[set.family] = set
    }
    if sets == keptBack { return }
    keptBack = sets
    for number in numbers.values {
      pools[Int(number)].define(pools[Int(number)].defined, without: sets)
    }
  }

  /// The place of a pool, made when it is not there.
  mutating func number(making pool: String) -> Int {
    if let number = numbers[pool] { return Int(number) }
    let number = vacant.popLast() ?? UInt32(pools.count)
    if Int(number) == pools.count {
      // An eighth at a time: doubling would leave half of the room unused, and pools are large and seldom new.
      if pools.count == pools.capacity { pools.reserveCapacity(pools.count + max(16, pools.count / 8)) }
      pools.append(LedgerPool(pool))
    } else {
      pools[Int(number)] = LedgerPool(pool)
    }
    numbers[pool] = number
    return Int(number)
  }

  /// The records of a pool, ascending by address.
  func slots(of pool: UInt32) -> [UInt32] {
    var slots: [UInt32] = []
    slots.reserveCapacity(pools[Int(pool)].recorded)
    for family in IPFamily.allCases {
      pools[Int(pool)][family].forEach { value in
        if let slot = IPAddress(family, value).flatMap({ records.find(pool, $0) }) { slots.append(slot) }
      }
    }
    return slots
  }
}

// MARK: Records

extension Ledger {
  /// Changes what is true of a record, and counts it.
  mutating func mark(_ slot: UInt32, _ change: (inout RecordFlags) -> Void) {
    let before = records[flags: slot]
    change(&records[flags: slot])
    let after = records[flags: slot]
    let pool = Int(records.pool(slot))
    pools[pool].changes += (after.isChange ? 1 : 0) - (before.isChange ? 1 : 0)
    pools[pool].unconfirmed += (after.contains(.confirmed) ? 0 : 1) - (before.contains(.confirmed) ? 0 : 1)
  }

  /// Puts in a record for an address that has neither record nor reservation.
  mutating func enter(_ pool: UInt32, _ record: AllocationRecord, _ flags: RecordFlags) -> UInt32 {
    pools[Int(pool)].take(record.address)
    pools[Int(pool)].recorded += 1
    pools[Int(pool)].unconfirmed += 1
    if flags.isChange { pools[Int(pool)].changes += 1 }
    return records.insert(pool, record, flags)
  }

  /// Takes a record out; its address has no owner, but its bit stays set.
  mutating func forget(_ slot: UInt32) {
    forgetBinding(slot)
    moves[slot] = nil
    let pool = Int(records.pool(slot))
    let flags = records[flags: slot]
    pools[pool].recorded -= 1
    if !flags.contains(.confirmed) { pools[pool].unconfirmed -= 1 }
    if flags.isChange { pools[pool].changes -= 1 }
    records.remove(slot)
  }

  /// Takes a record out and lets its address cool.
  mutating func free(_ slot: UInt32, now: UInt64) {
    let (pool, address) = (Int(records.pool(slot)), records.address(slot))
    forget(slot)
    if limits.cooling == 0 {
      pools[pool].free(address)
    } else {
      pools[pool].cooling.append(address, since: now)
    }
  }

  /// Forgets that a record was bound here.
  mutating func forgetBinding(_ slot: UInt32) {
    contested[slot] = nil
    guard let binding = bindings.removeValue(forKey: slot) else { return }
    owners.release(binding.owner)
    let pool = Int(records.pool(slot))
    let count = pools[pool].holders[binding.owner, default: 0]
    pools[pool].holders[binding.owner] = count > 1 ? count - 1 : nil
  }
}
