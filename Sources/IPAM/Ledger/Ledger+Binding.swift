public import Addressing

extension Ledger {
  /// What binding one grant comes to.
  private enum Step {
    case nothing
    case take(UInt32)
    case move(UInt32)
  }

  /// Binds addresses to a Pod, all or none, and ends the reservation. Each must be free, reserved under this ID, or the
  /// Pod's own already.
  ///
  /// The record of an earlier Pod of the same name moves to this one if the earlier UID is in `gone`, once that Pod was seen or
  /// can come to be no more; so does a record that was bound under the same ID for a Pod that was not seen: the API server may
  /// review one creation twice, with a new name and UID.
  public mutating func bind(
    _ id: ReservationID, _ grants: [AddressGrant], to pod: PodKey, uid: PodUID, owner: OwnerKey,
    gone: Set<PodUID>,
    now: UInt64
  ) throws(BindRefusal) {
    var steps: [Step] = []
    steps.reserveCapacity(grants.count)
    for grant in grants { steps.append(try step(id, grant, pod, uid, gone, now)) }
    drop(id)
    for (step, grant) in zip(steps, grants) {
      let slot: UInt32
      switch step {
      case .nothing: continue
      case .take(let pool):
        // A grant may be there twice.
        if grants.count > 1, records.find(pool, grant.address) != nil { continue }
        slot = enter(pool, AllocationRecord(address: grant.address, pod: pod, uid: uid), [])
      case .move(let moving):
        slot = moving
        if records.uid(slot) == uid { continue }
        move(slot, to: pod, uid)
      }
      let number = owners.hold(owner)
      bindings[slot] = Binding(owner: number, since: now, reservation: id)
      pools[Int(records.pool(slot))].holders[number, default: 0] += 1
    }
  }

  private mutating func step(
    _ id: ReservationID, _ grant: AddressGrant, _ pod: PodKey, _ uid: PodUID, _ gone: Set<PodUID>,
    _ now: UInt64
  ) throws(BindRefusal) -> Step {
    guard let number = numbers[grant.pool], let state = pools[Int(number)].state else {
      throw .unknownPool(grant.pool)
    }
    let slot = records.find(number, grant.address)
    if let slot, !records[flags: slot].contains(.leaving), records.uid(slot) == uid { return .nothing }
    if state == .terminating { throw .terminating(grant.pool) }
    guard pools[Int(number)].gives(grant.address) else { throw .notGivable(pool: grant.pool, grant.address) }
    guard let slot else {
      if let other = reserved[Place(pool: number, address: grant.address)], other != id {
        throw .reservedByOther(pool: grant.pool, grant.address)
      }
      return .take(number)
    }
    let record = records.record(slot)
    if records[flags: slot].contains(.leaving) { throw .taken(pool: grant.pool, by: record) }
    let isOfThisCreation = bindings[slot]?.reservation == id
    if record.pod != pod, !isOfThisCreation { throw .taken(pool: grant.pool, by: record) }
    if !isOfThisCreation, mayCome(slot, now) { throw .unseenPod(pool: grant.pool, record) }
    if gone.contains(record.uid) { return .move(slot) }
    throw .earlierPod(pool: grant.pool, record)
  }

  /// Whether the Pod of a record may still come to be, although there is none now.
  private mutating func mayCome(_ slot: UInt32, _ now: UInt64) -> Bool {
    if records[flags: slot].contains(.confirmed) { return false }
    if let binding = bindings[slot] { return now < binding.since + limits.arrival }
    // When it was bound elsewhere is not known: before now.
    let since = contested[slot] ?? now
    contested[slot] = since
    return now < since + limits.arrival
  }

  /// Gives a record to another Pod; what is stored is remembered until the status shows the new one.
  private mutating func move(_ slot: UInt32, to pod: PodKey, _ uid: PodUID) {
    forgetBinding(slot)
    if records[flags: slot].contains(.saved) { moves[slot] = records.record(slot) }
    records.assign(slot, to: pod, uid)
    mark(slot) { $0.subtract([.saved, .confirmed]) }
  }

  /// Takes back what was bound to this UID and is not stored, since its write failed for good; a record that moved goes
  /// back to the Pod that is stored. The addresses cool, in case a write comes through late.
  public mutating func unbind(_ grants: [AddressGrant], uid: PodUID, now: UInt64) {
    for grant in grants {
      guard let number = numbers[grant.pool], let slot = records.find(number, grant.address),
        records.uid(slot) == uid, !records[flags: slot].contains(.saved)
      else { continue }
      if let stored = moves[slot] {
        replace(slot, stored)
      } else {
        free(slot, now: now)
      }
    }
  }

  /// Makes a record what the status holds.
  mutating func replace(_ slot: UInt32, _ stored: AllocationRecord) {
    forgetBinding(slot)
    moves[slot] = nil
    records.assign(slot, to: stored.pod, stored.uid)
    mark(slot) { flags in
      flags.subtract([.confirmed, .leaving])
      flags.insert(.saved)
    }
  }

  /// The Pod was seen: its records are confirmed, and no longer count for their owner. False when it has none. A record
  /// that comes later, or by way of the status, is not confirmed by this.
  @discardableResult
  public mutating func confirm(_ uid: PodUID, at now: UInt64) -> Bool {
    let slots = records.slots(of: uid)
    for slot in slots {
      forgetBinding(slot)
      mark(slot) { $0.insert(.confirmed) }
    }
    return !slots.isEmpty
  }

  /// Marks a record as leaving: it is not stored any more, and its address given to nobody until a status without it was
  /// observed. False, and nothing happens, when the address has no record of this UID.
  @discardableResult
  public mutating func release(_ pool: String, _ address: IPAddress, uid: PodUID, now: UInt64) -> Bool {
    guard let number = numbers[pool], let slot = records.find(number, address), records.uid(slot) == uid
    else { return false }
    mark(slot) { $0.insert(.leaving) }
    return true
  }
}
