internal import Addressing

extension Ledger {
  /// Takes in what the pool's status holds, all of it. Statuses must come in the order in which they were stored: an old
  /// one would free what was saved since. A pool that is not defined keeps its records and gives nothing.
  ///
  /// A record with the UID that is known here is saved. One that was saved and is missing is gone, and its address cools.
  /// A binding that is not saved stays, unless the status holds its address for another, or the pool may not give it any
  /// more: then it is lost and returned.
  /// A reservation that has such an address is dropped as a whole.
  public mutating func observe(_ pool: String, _ records: [AllocationRecord], now: UInt64) -> [LostBinding] {
    let number = UInt32(number(making: pool))
    var lost: [LostBinding] = []
    var seen: [UInt32] = []
    seen.reserveCapacity(records.count)
    for record in records {
      let slot: UInt32
      if let known = self.records.find(number, record.address) {
        slot = known
        if let binding = meet(slot, record, in: pool) { lost.append(binding) }
      } else {
        if let id = reserved[Place(pool: number, address: record.address)] { drop(id) }
        slot = enter(number, record, .saved)
      }
      // An address may be there twice; the last counts.
      if self.records[flags: slot].contains(.seen) { continue }
      self.records[flags: slot].insert(.seen)
      seen.append(slot)
    }
    if seen.count < pools[Int(number)].recorded {
      for slot in slots(of: number) where !self.records[flags: slot].contains(.seen) {
        if let binding = miss(slot, in: pool, now: now) { lost.append(binding) }
      }
    }
    for slot in seen { self.records[flags: slot].remove(.seen) }
    return lost
  }

  /// The status holds the address of this record.
  private mutating func meet(_ slot: UInt32, _ stored: AllocationRecord, in pool: String) -> LostBinding? {
    let flags = records[flags: slot]
    if records.uid(slot) == stored.uid {
      if !records.isOf(stored.pod, slot) { rename(slot, stored.pod) }
      if !flags.contains(.saved) {
        moves[slot] = nil
        mark(slot) { $0.insert(.saved) }
      }
      return nil
    }
    if let move = moves[slot], move.uid == stored.uid { return nil }
    var lost: LostBinding?
    if !flags.contains(.saved), !flags.contains(.leaving) {
      lost = LostBinding(
        pool: pool, address: stored.address, pod: records.pod(slot), uid: records.uid(slot), holder: stored)
    }
    replace(slot, stored)
    return lost
  }

  /// The Pod has another name than was thought.
  private mutating func rename(_ slot: UInt32, _ pod: PodKey) {
    records.assign(slot, to: pod, records.uid(slot))
  }

  /// The status does not hold the address of this record. A pool that gave an address up before the write that binds it came
  /// through has no say in whom it goes to next.
  private mutating func miss(_ slot: UInt32, in pool: String, now: UInt64) -> LostBinding? {
    let flags = records[flags: slot]
    if flags.contains(.saved) || flags.contains(.leaving) {
      free(slot, now: now)
      return nil
    }
    moves[slot] = nil
    let address = records.address(slot)
    if pools[Int(records.pool(slot))].gives(address) { return nil }
    let lost = LostBinding(
      pool: pool, address: address, pod: records.pod(slot), uid: records.uid(slot), holder: nil)
    free(slot, now: now)
    return lost
  }
}
