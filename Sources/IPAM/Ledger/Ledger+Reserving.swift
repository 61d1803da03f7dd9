internal import Addressing

extension Ledger {
  /// Reserves an address for each demand, or none at all. The same ID again gives what it has, whatever is demanded.
  ///
  /// A record of the Pod `sticky` in a pool of a demand is granted again, unless it is leaving: the lowest address first,
  /// and of one address in several pools that of the pool that is named first. Otherwise the pools are tried in order.
  /// `start` is the part of a pool's free space to search from, of 2^64 parts; 0 gives the lowest free address. No address
  /// is granted twice.
  /// - Throws: the first demand that cannot be met, with each pool's reason; one reason alone when the owner has too much.
  public mutating func reserve(
    _ id: ReservationID, for owner: OwnerKey, sticky: PodKey?, _ demands: [AddressDemand],
    expires: UInt64, now: UInt64, start: UInt64
  ) throws(Shortage) -> [AddressGrant] {
    if let live = reservations[id] { return live.grants }
    if let first = demands.first {
      let held = owners.holds(of: owner)
      if held >= limits.unconfirmedPerOwner {
        let reason = PoolShortage.ownerLimit(unconfirmed: held, limit: limits.unconfirmedPerOwner)
        throw Shortage(demand: first, reasons: [reason])
      }
    }
    var old = sticky.map { records.slots(ofPod: $0) } ?? []
    var grants: [AddressGrant] = []
    grants.reserveCapacity(demands.count)
    var places: [Place] = []
    places.reserveCapacity(demands.count)
    for demand in demands {
      if let slot = earlier(&old, demand, grants) {
        let pool = pools[Int(records.pool(slot))].name
        grants.append(AddressGrant(interface: demand.interface, pool: pool, address: records.address(slot)))
        continue
      }
      let place = try free(demand, now: now, start: start, without: grants)
      places.append(place)
      grants.append(
        AddressGrant(interface: demand.interface, pool: pools[Int(place.pool)].name, address: place.address))
    }
    hold(id, owner, grants, places, expires)
    return grants
  }

  /// Takes over what another replica reserved. False when an address is not free here; then nothing changes. An ID that
  /// is known must come with the same grants.
  public mutating func adopt(
    _ id: ReservationID, for owner: OwnerKey, _ grants: [AddressGrant], expires: UInt64, now: UInt64
  ) -> Bool {
    if let live = reservations[id] { return live.grants == grants }
    var places: [Place] = []
    for grant in grants {
      guard let number = numbers[grant.pool], let state = pools[Int(number)].state, state != .terminating
      else { return false }
      let place = Place(pool: number, address: grant.address)
      guard pools[Int(number)].gives(grant.address), reserved[place] == nil, !places.contains(place),
        records.find(number, grant.address) == nil
      else { return false }
      places.append(place)
    }
    hold(id, owner, grants, places, expires)
    return true
  }

  /// Ends a reservation, if it is live.
  public mutating func cancel(_ id: ReservationID) { drop(id) }

  /// What a live reservation was granted; nil once it is bound, cancelled, lost, or dropped by `expire`.
  public func reservation(_ id: ReservationID) -> [AddressGrant]? { reservations[id]?.grants }

  /// Drops the reservations whose time is over, and tells how many there were. To be called now and then.
  public mutating func expire(now: UInt64) -> Int {
    if now < nextExpiry { return 0 }
    let over = reservations.filter { $0.value.expires <= now }
    for id in over.keys { drop(id) }
    nextExpiry = reservations.values.reduce(.max) { min($0, $1.expires) }
    return over.count
  }

  /// Ends a reservation and frees what it holds.
  mutating func drop(_ id: ReservationID) {
    guard let reservation = reservations.removeValue(forKey: id) else { return }
    for place in reservation.places {
      reserved[place] = nil
      owners.release(reservation.owner)
      pools[Int(place.pool)].reserved -= 1
      pools[Int(place.pool)].free(place.address)
    }
  }
}

extension Ledger {
  /// The lowest record of the Pod that suits the demand, of equal ones that of the first pool. It is taken out of `old`.
  private func earlier(_ old: inout [UInt32], _ demand: AddressDemand, _ grants: [AddressGrant]) -> UInt32? {
    var best: (index: Int, address: IPAddress, rank: Int)?
    for (index, slot) in old.enumerated() {
      let (pool, address) = (pools[Int(records.pool(slot))], records.address(slot))
      guard let state = pool.state, state != .terminating, address.family == demand.family,
        let rank = demand.pools.firstIndex(of: pool.name), pool.gives(address),
        !records[flags: slot].contains(.leaving), !grants.contains(where: { $0.address == address })
      else { continue }
      if let best, (best.address, best.rank) < (address, rank) { continue }
      best = (index, address, rank)
    }
    return best.map { old.remove(at: $0.index) }
  }

  /// A free address for the demand. Nothing is changed but what has cooled.
  private mutating func free(
    _ demand: AddressDemand, now: UInt64, start: UInt64, without grants: [AddressGrant]
  ) throws(Shortage) -> Place {
    for name in demand.pools {
      guard let number = numbers[name], pools[Int(number)].state == .open else { continue }
      if now >= limits.cooling { pools[Int(number)].endCooling(releasedBy: now - limits.cooling) }
      let address = pools[Int(number)].freeAddress(demand.family, start: start, without: grants)
      if let address { return Place(pool: number, address: address) }
    }
    let full = demand.pools.compactMap { name in numbers[name] }.filter { pools[Int($0)].state == .open }
    throw Shortage(
      demand: demand, reasons: demand.pools.map { shortage($0, demand.family) },
      holders: holders(of: full, limit: 5))
  }

  private func shortage(_ name: String, _ family: IPFamily) -> PoolShortage {
    guard let number = numbers[name], let state = pools[Int(number)].state else { return .unknownPool }
    let pool = pools[Int(number)]
    switch state {
    case .terminating: return .terminating
    case .disabled: return .disabled
    case .open:
      return .full(
        total: pool[family].givable.count, used: pool.recorded, unconfirmed: pool.unconfirmed,
        reserved: pool.reserved)
    }
  }

  private mutating func hold(
    _ id: ReservationID, _ owner: OwnerKey, _ grants: [AddressGrant], _ places: [Place], _ expires: UInt64
  ) {
    var number = SlotIndex.none
    for place in places {
      if number == SlotIndex.none { number = owners.hold(owner) } else { owners.hold(number) }
      pools[Int(place.pool)].take(place.address)
      pools[Int(place.pool)].reserved += 1
      reserved[place] = id
    }
    reservations[id] = Reservation(grants: grants, owner: number, places: places, expires: expires)
    nextExpiry = min(nextExpiry, expires)
  }
}
