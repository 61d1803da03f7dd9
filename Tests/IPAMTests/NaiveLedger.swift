import Addressing
import IPAM

/// What a ledger does, written as the rules read: dictionaries, and a look at everything.
struct NaiveLedger {
  struct Entry {
    var pod: PodKey
    var uid: PodUID
    var isConfirmed = false
    var isSaved = false
    var isLeaving = false
    /// What the status holds instead, after a move.
    var stored: AllocationRecord?
    var bound: (owner: OwnerKey, since: UInt64, id: ReservationID)?
    /// When another Pod of the name first wanted the address.
    var contested: UInt64?
  }

  struct Pool {
    var state: PoolState?
    var defined = AddressSet(.v4)
    var entries: [IPAddress: Entry] = [:]
    var cooling: [(address: IPAddress, since: UInt64)] = []
  }

  struct Held {
    var owner: OwnerKey
    var grants: [AddressGrant]
    var fresh: [AddressGrant]
    var expires: UInt64
  }

  var limits = Ledger.Limits()
  var pools: [String: Pool] = [:]
  var reservations: [ReservationID: Held] = [:]
  var keptBack: [AddressSet] = []

  func effective(_ pool: String, _ family: IPFamily) -> AddressSet {
    guard let defined = pools[pool]?.defined, defined.family == family else { return AddressSet(family) }
    return keptBack.filter { $0.family == family }.reduce(defined) { $0.subtracting($1) }
  }

  func gives(_ pool: String, _ address: IPAddress) -> Bool {
    effective(pool, address.family).contains(address)
  }

  func reserver(_ pool: String, _ address: IPAddress) -> ReservationID? {
    reservations.first { $0.value.fresh.contains { $0.pool == pool && $0.address == address } }?.key
  }

  func reservedCount(_ pool: String) -> Int {
    reservations.values.reduce(0) { $0 + $1.fresh.filter { $0.pool == pool }.count }
  }

  func held(_ owner: OwnerKey) -> Int {
    let reserved = reservations.values.filter { $0.owner == owner }.reduce(0) { $0 + $1.fresh.count }
    let bound = pools.values.reduce(0) { $0 + $1.entries.values.filter { $0.bound?.owner == owner }.count }
    return reserved + bound
  }

  func record(_ pool: String, _ address: IPAddress) -> AllocationRecord? {
    pools[pool]?.entries[address].map { AllocationRecord(address: address, pod: $0.pod, uid: $0.uid) }
  }

  mutating func define(_ pool: String, _ givable: AddressSet, _ state: PoolState) {
    pools[pool, default: Pool()].defined = givable
    pools[pool]?.state = state
  }

  mutating func remove(_ pool: String) {
    reservations = reservations.filter { !$0.value.grants.contains { $0.pool == pool } }
    pools[pool] = nil
  }

  func stored(_ pool: String) -> [AllocationRecord] {
    (pools[pool]?.entries ?? [:]).filter { !$0.value.isLeaving }.keys.sorted().compactMap { record(pool, $0) }
  }

  func hasChanges(_ pool: String) -> Bool {
    pools[pool]?.entries.values.contains { !$0.isSaved || $0.isLeaving } ?? false
  }

  func counts(_ pool: String) -> PoolCounts? {
    guard let known = pools[pool] else { return nil }
    return PoolCounts(
      total: effective(pool, .v4).count + effective(pool, .v6).count, recorded: known.entries.count,
      unconfirmed: known.entries.values.filter { !$0.isConfirmed }.count, reserved: reservedCount(pool))
  }
}

// MARK: Reserving

extension NaiveLedger {
  mutating func reserve(
    _ id: ReservationID, _ owner: OwnerKey, _ sticky: PodKey?, _ demands: [AddressDemand], expires: UInt64,
    now: UInt64,
    start: UInt64
  ) -> Result<[AddressGrant], Shortage> {
    if let live = reservations[id] { return .success(live.grants) }
    if let first = demands.first, held(owner) >= limits.unconfirmedPerOwner {
      let reason = PoolShortage.ownerLimit(unconfirmed: held(owner), limit: limits.unconfirmedPerOwner)
      return .failure(Shortage(demand: first, reasons: [reason]))
    }
    var grants: [AddressGrant] = []
    var fresh: [AddressGrant] = []
    for demand in demands {
      if let grant = again(sticky, demand, grants) {
        grants.append(grant)
      } else if let grant = new(demand, now, start, grants) {
        grants.append(grant)
        fresh.append(grant)
      } else {
        return .failure(Shortage(demand: demand, reasons: demand.pools.map { reason($0, demand.family) }))
      }
    }
    enter(id, Held(owner: owner, grants: grants, fresh: fresh, expires: expires))
    return .success(grants)
  }

  mutating func enter(_ id: ReservationID, _ held: Held) {
    for grant in held.fresh { pools[grant.pool]?.cooling.removeAll { $0.address == grant.address } }
    reservations[id] = held
  }

  private func again(_ sticky: PodKey?, _ demand: AddressDemand, _ grants: [AddressGrant]) -> AddressGrant? {
    var found: [AddressGrant] = []
    for pool in demand.pools where pools[pool]?.state == .open || pools[pool]?.state == .disabled {
      for (address, entry) in pools[pool]?.entries ?? [:] where entry.pod == sticky && !entry.isLeaving {
        guard address.family == demand.family, gives(pool, address) else { continue }
        if grants.contains(where: { $0.address == address }) { continue }
        found.append(AddressGrant(interface: demand.interface, pool: pool, address: address))
      }
    }
    return found.min { $0.address < $1.address }
  }

  private func new(_ demand: AddressDemand, _ now: UInt64, _ start: UInt64, _ grants: [AddressGrant])
    -> AddressGrant?
  {
    for name in demand.pools {
      guard let pool = pools[name], pool.state == .open else { continue }
      let cooling = pool.cooling.filter { $0.since + limits.cooling > now }.map(\.address)
      var free = effective(name, demand.family)
      let taken =
        Array(pool.entries.keys) + cooling
        + reservations.values.flatMap(\.fresh).filter { $0.pool == name }.map(\.address)
      for address in taken where address.family == demand.family { free.remove(address) }
      let first = free.count.multipliedFullWidth(by: UInt128(start))
      let rank = first.high << 64 | first.low >> 64
      let places = (0..<min(free.count, 20)).lazy.map { (rank + $0) % free.count }
      let address =
        places.compactMap { free.address(at: $0) }.first { address in
          !grants.contains { $0.address == address }
        }
        ?? cooling.first { address in
          gives(name, address) && address.family == demand.family
            && !grants.contains { $0.address == address }
        }
      if let address { return AddressGrant(interface: demand.interface, pool: name, address: address) }
    }
    return nil
  }

  private func reason(_ name: String, _ family: IPFamily) -> PoolShortage {
    guard let pool = pools[name], let state = pool.state else { return .unknownPool }
    if state == .terminating { return .terminating }
    if state == .disabled { return .disabled }
    return .full(
      total: effective(name, family).count, used: pool.entries.count,
      unconfirmed: pool.entries.values.filter { !$0.isConfirmed }.count, reserved: reservedCount(name))
  }

  mutating func adopt(_ id: ReservationID, _ owner: OwnerKey, _ grants: [AddressGrant], expires: UInt64)
    -> Bool
  {
    if let live = reservations[id] { return live.grants == grants }
    var places: Set<String> = []
    for grant in grants {
      guard let state = pools[grant.pool]?.state, state != .terminating, gives(grant.pool, grant.address)
      else { return false }
      if record(grant.pool, grant.address) != nil || reserver(grant.pool, grant.address) != nil {
        return false
      }
      if !places.insert("\(grant.pool) \(grant.address)").inserted { return false }
    }
    enter(id, Held(owner: owner, grants: grants, fresh: grants, expires: expires))
    return true
  }

  mutating func expire(_ now: UInt64) -> Int {
    let before = reservations.count
    reservations = reservations.filter { $0.value.expires > now }
    return before - reservations.count
  }
}

// MARK: Binding and observing

extension NaiveLedger {
  mutating func bind(
    _ id: ReservationID, _ grants: [AddressGrant], _ pod: PodKey, _ uid: PodUID, _ owner: OwnerKey,
    _ gone: Set<PodUID>,
    _ now: UInt64
  ) -> BindRefusal? {
    for grant in grants {
      if let refusal = refusal(id, grant, pod, uid, gone, now) { return refusal }
    }
    reservations[id] = nil
    for grant in grants {
      let old = pools[grant.pool]?.entries[grant.address]
      if old?.uid == uid { continue }
      var entry = Entry(pod: pod, uid: uid, bound: (owner, now, id))
      if let old { entry.stored = old.isSaved ? record(grant.pool, grant.address) : old.stored }
      pools[grant.pool]?.cooling.removeAll { $0.address == grant.address }
      pools[grant.pool]?.entries[grant.address] = entry
    }
    return nil
  }

  private mutating func refusal(
    _ id: ReservationID, _ grant: AddressGrant, _ pod: PodKey, _ uid: PodUID, _ gone: Set<PodUID>,
    _ now: UInt64
  ) -> BindRefusal? {
    let (name, address) = (grant.pool, grant.address)
    guard let pool = pools[name], let state = pool.state else { return .unknownPool(name) }
    let entry = pool.entries[address]
    if let entry, entry.uid == uid, !entry.isLeaving { return nil }
    if state == .terminating { return .terminating(name) }
    if !gives(name, address) { return .notGivable(pool: name, address) }
    guard let entry, let record = record(name, address) else {
      let reserver = reserver(name, address)
      return reserver == nil || reserver == id ? nil : .reservedByOther(pool: name, address)
    }
    if entry.isLeaving { return .taken(pool: name, by: record) }
    let isSameCreation = entry.bound?.id == id && !entry.isConfirmed
    if entry.pod == pod, !isSameCreation, !entry.isConfirmed {
      let since = entry.bound?.since ?? entry.contested ?? now
      if entry.bound == nil { pools[name]?.entries[address]?.contested = since }
      if now < since + limits.arrival { return .unseenPod(pool: name, record) }
    }
    if entry.pod == pod || isSameCreation {
      return gone.contains(entry.uid) ? nil : .earlierPod(pool: name, record)
    }
    return .taken(pool: name, by: record)
  }

  mutating func unbind(_ grants: [AddressGrant], _ uid: PodUID, _ now: UInt64) {
    for grant in grants {
      guard let entry = pools[grant.pool]?.entries[grant.address], entry.uid == uid, !entry.isSaved else {
        continue
      }
      if let stored = entry.stored {
        pools[grant.pool]?.entries[grant.address] = Entry(pod: stored.pod, uid: stored.uid, isSaved: true)
      } else {
        free(grant.pool, grant.address, now)
      }
    }
  }

  mutating func confirm(_ uid: PodUID) -> Bool {
    var isKnown = false
    for (name, pool) in pools {
      for (address, entry) in pool.entries where entry.uid == uid {
        pools[name]?.entries[address]?.isConfirmed = true
        pools[name]?.entries[address]?.bound = nil
        isKnown = true
      }
    }
    return isKnown
  }

  mutating func release(_ pool: String, _ address: IPAddress, _ uid: PodUID) -> Bool {
    guard pools[pool]?.entries[address]?.uid == uid else { return false }
    pools[pool]?.entries[address]?.isLeaving = true
    return true
  }

  private mutating func free(_ pool: String, _ address: IPAddress, _ now: UInt64) {
    pools[pool]?.entries[address] = nil
    pools[pool]?.cooling.append((address, now))
  }

  mutating func observe(_ pool: String, _ records: [AllocationRecord], _ now: UInt64) -> [LostBinding] {
    pools[pool, default: Pool()].state = pools[pool]?.state
    var lost: [LostBinding] = []
    for record in records {
      var entry = pools[pool]?.entries[record.address]
      if let entry, entry.uid != record.uid, entry.stored?.uid == record.uid { continue }
      if let known = entry, known.uid != record.uid {
        if !known.isSaved, !known.isLeaving {
          lost.append(
            LostBinding(pool: pool, address: record.address, pod: known.pod, uid: known.uid, holder: record))
        }
        entry = nil
      }
      if entry == nil, let id = reserver(pool, record.address) { reservations[id] = nil }
      var next = entry ?? Entry(pod: record.pod, uid: record.uid)
      next.pod = record.pod
      next.isSaved = true
      next.stored = nil
      pools[pool]?.cooling.removeAll { $0.address == record.address }
      pools[pool]?.entries[record.address] = next
    }
    let present = Set(records.map(\.address))
    for (address, entry) in (pools[pool]?.entries ?? [:]).sorted(by: { $0.key < $1.key })
    where !present.contains(address) {
      if entry.isSaved || entry.isLeaving {
        free(pool, address, now)
      } else if !gives(pool, address) {
        lost.append(LostBinding(pool: pool, address: address, pod: entry.pod, uid: entry.uid, holder: nil))
        free(pool, address, now)
      }
      pools[pool]?.entries[address]?.stored = nil
    }
    return lost
  }
}
