public import Addressing

extension Ledger {
  /// The pools that are known, defined or not, in no order.
  public var poolNames: [String] { Array(numbers.keys) }

  /// Whether the status has to be written: something is not saved, or leaving.
  public func hasChanges(_ pool: String) -> Bool { numbers[pool].map { pools[Int($0)].changes > 0 } ?? false }

  /// What the status should hold: all records but those that are leaving, ascending by address.
  public func records(toStore pool: String) -> [AllocationRecord] {
    guard let number = numbers[pool] else { return [] }
    return slots(of: number).filter { !records[flags: $0].contains(.leaving) }.map { records.record($0) }
  }

  /// How many addresses of a pool are in which state; nil when it is not known.
  public func counts(of pool: String) -> PoolCounts? {
    guard let number = numbers[pool] else { return nil }
    let pool = pools[Int(number)]
    return PoolCounts(
      total: pool.total, recorded: pool.recorded, unconfirmed: pool.unconfirmed, reserved: pool.reserved)
  }

  /// The records of a Pod's name, those that are leaving included, ascending by address.
  public func records(ofPod pod: PodKey) -> [(pool: String, record: AllocationRecord)] {
    values(of: records.slots(ofPod: pod))
  }

  /// The records of a UID, those that are leaving included, ascending by address.
  public func records(of uid: PodUID) -> [(pool: String, record: AllocationRecord)] {
    values(of: records.slots(of: uid))
  }

  /// The addresses of a family that have a record or are reserved.
  public func held(of pool: String, _ family: IPFamily) -> AddressSet {
    guard let number = numbers[pool] else { return AddressSet(family) }
    var held = AddressSet.Gathering(family, reserving: pools[Int(number)].recorded)
    for slot in slots(of: number) where records.address(slot).family == family {
      held.add(AddressRange(records.address(slot)))
    }
    if pools[Int(number)].reserved > 0 {
      for place in reserved.keys where place.pool == number && place.address.family == family {
        held.add(AddressRange(place.address))
      }
    }
    return held.finish()
  }

  /// Whether a pool may give an address, taken or not; nil when the pool is not known.
  public func mayGive(_ address: IPAddress, in pool: String) -> Bool? {
    numbers[pool].map { pools[Int($0)].gives(address) }
  }

  /// Whose an address is, one that is leaving included; nil when it has no record.
  public func holder(of address: IPAddress, in pool: String) -> AllocationRecord? {
    numbers[pool].flatMap { records.find($0, address) }.map { records.record($0) }
  }

  /// Whether the status was seen to hold an address for this UID; nil when the address is not this UID's, or leaving.
  public func isSaved(_ address: IPAddress, in pool: String, for uid: PodUID) -> Bool? {
    guard let number = numbers[pool], let slot = records.find(number, address), records.uid(slot) == uid,
      !records[flags: slot].contains(.leaving)
    else { return nil }
    return records[flags: slot].contains(.saved)
  }

  /// Who has the most records that were bound here for Pods that were not seen: owner labels and counts, the largest first.
  public func unconfirmedHolders(of pool: String, limit: Int) -> [(label: String, count: Int)] {
    numbers[pool].map { holders(of: [$0], limit: limit) } ?? []
  }

  /// Passes every record of every pool, in no order. `boundAt` is nil unless it was bound here and its Pod not seen.
  public func forEachRecord(
    _ body: (
      _ pool: String, _ record: AllocationRecord, _ isConfirmed: Bool, _ isSaved: Bool, _ boundAt: UInt64?
    ) -> Void
  ) {
    for slot in records.slots where records.isLive(slot) {
      let flags = records[flags: slot]
      body(
        pools[Int(records.pool(slot))].name, records.record(slot), flags.contains(.confirmed),
        flags.contains(.saved),
        bindings[slot]?.since)
    }
  }

  /// The same over several pools.
  func holders(of numbers: [UInt32], limit: Int) -> [(label: String, count: Int)] {
    var counts: [UInt32: Int] = [:]
    for number in Set(numbers) { counts.merge(pools[Int(number)].holders, uniquingKeysWith: +) }
    let labelled = counts.map { (label: owners[$0.key].label, count: $0.value) }
    return Array(labelled.sorted { ($1.count, $0.label) < ($0.count, $1.label) }.prefix(limit))
  }

  private func values(of slots: [UInt32]) -> [(pool: String, record: AllocationRecord)] {
    slots.map { (pool: pools[Int(records.pool($0))].name, record: records.record($0)) }
      .sorted { ($0.record.address, $0.pool) < ($1.record.address, $1.pool) }
  }
}
