internal import Addressing

extension Ledger {
  /// What of the ledger's own order does not hold, a sentence each; empty when all is well. Looks at everything, for tests.
  public func checkInvariants() -> [String] {
    var faults = records.faults()
    for (name, number) in numbers {
      if pools[Int(number)].name != name { faults.append("pool \(name) has another's number") }
      faults += poolFaults(number).map { "pool \(name): \($0)" }
    }
    for slot in records.slots where records.isLive(slot) {
      if numbers[pools[Int(records.pool(slot))].name] != records.pool(slot) {
        faults.append("\(records.address(slot)) is of a pool that was removed")
      }
    }
    return faults + reservationFaults() + bindingFaults()
  }

  /// Each address that is taken has exactly one reason, and the counts are right.
  private func poolFaults(_ number: UInt32) -> [String] {
    let pool = pools[Int(number)]
    var faults = pool.faults()
    var counted = (recorded: 0, unconfirmed: 0, changes: 0, reserved: 0, cooling: 0)
    for family in IPFamily.allCases {
      pool[family].forEach { value in
        guard let address = IPAddress(family, value) else { return }
        let slot = records.find(number, address)
        let isReserved = reserved[Place(pool: number, address: address)] != nil
        let isCooling = pool.cooling.contains(address)
        if [slot != nil, isReserved, isCooling].filter({ $0 }).count != 1 {
          faults.append("\(address) is taken for no reason or for two")
        }
        if isReserved { counted.reserved += 1 }
        if isCooling { counted.cooling += 1 }
        guard let slot else { return }
        counted.recorded += 1
        if records[flags: slot].isChange { counted.changes += 1 }
        if !records[flags: slot].contains(.confirmed) { counted.unconfirmed += 1 }
      }
    }
    if counted != (pool.recorded, pool.unconfirmed, pool.changes, pool.reserved, pool.cooling.count) {
      faults.append("has \(counted), and counts otherwise")
    }
    return faults
  }

  private func reservationFaults() -> [String] {
    var faults: [String] = []
    var places = 0
    for (id, reservation) in reservations {
      if reservation.expires < nextExpiry { faults.append("a reservation expires before the next one") }
      for place in reservation.places {
        places += 1
        if reserved[place] != id {
          faults.append("\(place.address) is not reserved for whom it was granted to")
        }
        if records.find(place.pool, place.address) != nil {
          faults.append("\(place.address) is reserved and recorded")
        }
      }
    }
    if places != reserved.count { faults.append("an address is reserved for nobody") }
    return faults
  }

  private func bindingFaults() -> [String] {
    var faults: [String] = []
    var owned: [UInt32: Int] = [:]
    var holders = pools.map { _ in [UInt32: Int]() }
    for (slot, binding) in bindings {
      owned[binding.owner, default: 0] += 1
      holders[Int(records.pool(slot))][binding.owner, default: 0] += 1
      if !records.isLive(slot) || records[flags: slot].contains(.confirmed) {
        faults.append("a binding is kept for a record that is gone or confirmed")
      }
    }
    for reservation in reservations.values where !reservation.places.isEmpty {
      owned[reservation.owner, default: 0] += reservation.places.count
    }
    for (owner, count) in owned where owners.holds(of: owner) != count {
      faults.append("\(owners[owner]) has \(count)")
    }
    if owners.count != owned.count { faults.append("an owner with nothing is kept") }
    if zip(pools, holders).contains(where: { $0.holders != $1 }) {
      faults.append("the holders are counted wrongly")
    }
    for slot in contested.keys
    where !records.isLive(slot) || records[flags: slot].contains(.confirmed) || bindings[slot] != nil {
      faults.append("a record is contested that is gone, confirmed or bound here")
    }
    for slot in moves.keys where !records.isLive(slot) || records[flags: slot].contains(.saved) {
      faults.append("a move is kept for a record that is gone or saved")
    }
    return faults
  }
}
