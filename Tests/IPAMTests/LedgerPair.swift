import Addressing
import IPAM
import TestSupport

/// A ledger and a naive one, to which the same happens.
struct LedgerPair: ~Copyable {
  var ledger: Ledger
  var naive = NaiveLedger()
  var numbers: SeededGenerator
  var now: UInt64 = 0
  /// What the API server holds of each pool, if it was written at all.
  var statuses: [String: [AllocationRecord]] = [:]
  /// What was granted last, to be bound, adopted and released.
  var granted: [(id: ReservationID, grants: [AddressGrant])] = []
  /// How often each kind of outcome was seen.
  var outcomes: [String: Int] = [:]
  /// What happened, for the message.
  var step = ""

  static let pools = ["small", "holes", "wide", "six", "net", "new"]
  static let network: UInt128 = 0xFD00_0000_0000_0001 << 64

  init(seed: UInt64) {
    naive.limits.unconfirmedPerOwner = 8
    naive.limits.cooling = 40
    naive.limits.arrival = 60
    ledger = Ledger(limits: naive.limits)
    numbers = SeededGenerator(seed: seed)
  }
}

extension SeededGenerator {
  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}

// MARK: Values

extension LedgerPair {
  mutating func pool() -> String { Self.pools[numbers.below(Self.pools.count)] }

  mutating func pod() -> PodKey {
    let names = [
      "web-0", "web-1", "web-", "web", "job-28391820-x1y2z", "a-very-long-ending-that-is-no-suffix", "-",
    ]
    return PodKey(
      namespace: numbers.below(3) == 0 ? "other" : "default", name: names[numbers.below(names.count)])
  }

  mutating func uid() -> PodUID {
    let number = numbers.below(24)
    return number < 4 ? .text("uid-\(number)") : .uuid(UInt128(number))
  }

  mutating func owner() -> OwnerKey {
    let number = numbers.below(4)
    return OwnerKey(id: "\(number)", label: "ReplicaSet \(number)")
  }

  mutating func id() -> ReservationID { ReservationID(UInt128(numbers.below(40))) }

  /// The widest set of a pool.
  static func all(_ pool: String) -> AddressSet {
    func range(_ lower: IPAddress, _ upper: IPAddress) -> AddressRange? { try? AddressRange(lower, upper) }
    let ranges: [AddressRange?] =
      switch pool {
      case "small": [range(IPAddress(v4: 60), IPAddress(v4: 61))]
      case "holes":
        [
          range(IPAddress(v4: 100), IPAddress(v4: 104)), range(IPAddress(v4: 126), IPAddress(v4: 130)),
          range(IPAddress(v4: 400), IPAddress(v4: 401)),
        ]
      case "wide": [range(IPAddress(v4: 0), IPAddress(v4: .max))]
      case "six": [range(IPAddress(v6: network + 9), IPAddress(v6: network + 14))]
      case "net": [range(IPAddress(v6: network), IPAddress(v6: network + 0xFFFF_FFFF_FFFF_FFFF))]
      default: [range(IPAddress(v6: .max - 3), IPAddress(v6: .max))]
      }
    return AddressSet(ranges[0]?.family ?? .v4, ranges.compactMap { $0 })
  }

  /// An address of a pool, or one that is far off.
  mutating func address(of pool: String) -> IPAddress {
    if numbers.below(20) == 0 { return numbers.below(2) == 0 ? IPAddress(v4: 7) : IPAddress(v6: 7) }
    let all = Self.all(pool)
    let bound = numbers.below(2) == 0 ? 8 : 300
    return all.address(at: UInt128(numbers.below(bound)) % all.count) ?? IPAddress(v4: 7)
  }

  mutating func grants() -> [AddressGrant] {
    if !granted.isEmpty, numbers.below(4) > 0 { return granted[numbers.below(granted.count)].grants }
    return (0...numbers.below(2)).map { interface in
      let pool = pool()
      return AddressGrant(interface: interface, pool: pool, address: address(of: pool))
    }
  }
}

// MARK: Steps

extension LedgerPair {
  /// Lets something happen to both; gives what differs.
  mutating func happen() -> String? {
    now += UInt64(numbers.below(8) / 5 * numbers.below(9))
    switch numbers.below(100) {
    case 0: return define()
    case 1: return keepBack()
    case 2: return remove()
    case 3..<30: return reserve()
    case 30..<34: return adopt()
    case 34..<56: return bind()
    case 56..<62: return unbind()
    case 62..<70: return confirm()
    case 70..<80: return release()
    case 80..<94: return observe()
    case 94..<97:
      let id = id()
      step = "cancel \(id)"
      ledger.cancel(id)
      naive.reservations[id] = nil
      return nil
    default:
      step = "expire at \(now)"
      return differs(ledger.expire(now: now), naive.expire(now))
    }
  }

  private func differs<Value: Equatable>(_ found: Value, _ expected: Value) -> String? {
    found == expected ? nil : "found \(found), expected \(expected)"
  }

  mutating func define() -> String? {
    let pool = pool()
    var givable = Self.all(pool)
    for _ in 0..<numbers.below(4) {
      let address = address(of: pool)
      if address.family == givable.family { givable.remove(address) }
    }
    let state: PoolState = [.disabled, .terminating, .open, .open, .open, .open, .open, .open][
      numbers.below(8)]
    step = "define \(pool) \(givable) \(state)"
    ledger.define(pool, givable: givable, state: state)
    naive.define(pool, givable, state)
    return nil
  }

  mutating func keepBack() -> String? {
    var sets = [AddressSet(.v4), AddressSet(.v6)]
    for _ in 0..<numbers.below(5) {
      let address = address(of: pool())
      sets[address.family == .v4 ? 0 : 1].insert(address)
    }
    step = "keep back \(sets)"
    ledger.keepBack(sets)
    naive.keptBack = sets
    return nil
  }

  mutating func remove() -> String? {
    if numbers.below(8) > 0 { return nil }
    let pool = pool()
    step = "remove \(pool)"
    ledger.remove(pool)
    naive.remove(pool)
    statuses[pool] = nil
    return nil
  }

  mutating func reserve() -> String? {
    let (id, owner, expires) = (id(), owner(), now + UInt64(numbers.below(60)))
    let sticky = numbers.below(2) == 0 ? pod() : nil
    let start: UInt64 = numbers.below(3) == 0 ? 0 : numbers.next()
    let demands = (0..<numbers.below(4)).map { interface in
      let pools = (0...numbers.below(3)).map { _ in pool() }
      let family = numbers.below(8) == 0 ? .v4 : Self.all(pools[0]).family
      return AddressDemand(interface: interface, family: family, pools: pools)
    }
    step = "reserve \(id) for \(owner) \(String(describing: sticky)) \(demands) from \(start)"
    let found: Result<[AddressGrant], Shortage>
    do throws(Shortage) {
      found = .success(
        try ledger.reserve(id, for: owner, sticky: sticky, demands, expires: expires, now: now, start: start))
    } catch { found = .failure(error) }
    let expected = naive.reserve(id, owner, sticky, demands, expires: expires, now: now, start: start)
    count(expected, sticky)
    if case .success(let grants) = expected, !grants.isEmpty {
      granted.append((id, grants))
      if granted.count > 12 { granted.removeFirst() }
    }
    return differs(found, expected)
  }

  private mutating func count(_ outcome: Result<[AddressGrant], Shortage>, _ sticky: PodKey?) {
    switch outcome {
    case .success(let grants):
      outcomes["granted \(grants.count)", default: 0] += 1
      let isAgain = grants.contains { grant in
        naive.record(grant.pool, grant.address).map { $0.pod == sticky } ?? false
      }
      if isAgain { outcomes["granted again", default: 0] += 1 }
    case .failure(let shortage):
      for reason in shortage.reasons { outcomes[Self.kind(of: reason), default: 0] += 1 }
    }
  }

  /// The name of an enum's case.
  private static func kind(of value: Any) -> String { String("\(value)".prefix { $0 != "(" }) }

  mutating func adopt() -> String? {
    let (id, owner, grants, expires) = (id(), owner(), grants(), now + UInt64(numbers.below(60)))
    step = "adopt \(id) for \(owner) \(grants)"
    let expected = naive.adopt(id, owner, grants, expires: expires)
    outcomes["adopted \(expected)", default: 0] += 1
    return differs(ledger.adopt(id, for: owner, grants, expires: expires, now: now), expected)
  }

  mutating func bind() -> String? {
    var (id, grants) = (id(), grants())
    if !granted.isEmpty, numbers.below(4) > 0 { (id, grants) = granted[numbers.below(granted.count)] }
    let (pod, uid, owner) = (pod(), uid(), owner())
    let gone = Set((0..<numbers.below(12)).map { _ in self.uid() })
    step = "bind \(id) \(grants) to \(pod) \(uid)"
    var found: BindRefusal?
    do throws(BindRefusal) {
      try ledger.bind(id, grants, to: pod, uid: uid, owner: owner, gone: gone, now: now)
    } catch { found = error }
    let expected = naive.bind(id, grants, pod, uid, owner, gone, now)
    outcomes[expected.map { Self.kind(of: $0) } ?? "bound", default: 0] += 1
    return differs(found, expected)
  }

  /// A record, or now and then none.
  mutating func someRecord() -> (pool: String, address: IPAddress, uid: PodUID) {
    let pool = pool()
    let entries = (naive.pools[pool]?.entries ?? [:]).sorted { $0.key < $1.key }
    if entries.isEmpty || numbers.below(8) == 0 { return (pool, address(of: pool), uid()) }
    let entry = entries[numbers.below(entries.count)]
    return (pool, entry.key, entry.value.uid)
  }

  mutating func unbind() -> String? {
    let record = someRecord()
    let grants = [AddressGrant(interface: 0, pool: record.pool, address: record.address)] + grants()
    step = "unbind \(grants) from \(record.uid)"
    ledger.unbind(grants, uid: record.uid, now: now)
    naive.unbind(grants, record.uid, now)
    return nil
  }

  mutating func confirm() -> String? {
    let uid = someRecord().uid
    step = "confirm \(uid)"
    return differs(ledger.confirm(uid, at: now), naive.confirm(uid))
  }

  mutating func release() -> String? {
    let record = someRecord()
    step = "release \(record)"
    return differs(
      ledger.release(record.pool, record.address, uid: record.uid, now: now),
      naive.release(record.pool, record.address, record.uid))
  }

  /// The status is written, by us or another, or was not.
  mutating func observe() -> String? {
    let pool = pool()
    var status = numbers.below(3) == 0 ? statuses[pool] ?? [] : ledger.records(toStore: pool)
    if numbers.below(4) == 0, !status.isEmpty { status.remove(at: numbers.below(status.count)) }
    for _ in 0..<numbers.below(8) / 6 {
      let record = AllocationRecord(address: address(of: pool), pod: pod(), uid: uid())
      status.removeAll { $0.address == record.address }
      status.append(record)
    }
    status.shuffle(using: &numbers)
    statuses[pool] = status
    step = "observe \(pool) \(status)"
    let expected = naive.observe(pool, status, now)
    if !expected.isEmpty { outcomes["lost", default: 0] += 1 }
    if naive.pools[pool]?.entries.values.contains(where: { $0.stored != nil }) == true {
      outcomes["move pending", default: 0] += 1
    }
    return differs(ledger.observe(pool, status, now: now), expected)
  }
}

// MARK: Comparing

extension LedgerPair {
  private struct Row: Hashable {
    let pool: String
    let record: AllocationRecord
    let isConfirmed: Bool
    let isSaved: Bool
    let boundAt: UInt64?
  }

  /// What one pool shows of both.
  func difference(of pool: String) -> String? {
    differs(ledger.counts(of: pool), naive.counts(pool))
      ?? differs(ledger.hasChanges(pool), naive.hasChanges(pool))
      ?? differs(ledger.records(toStore: pool), naive.stored(pool))
  }

  /// All that both show.
  mutating func difference() -> String? {
    if let fault = ledger.checkInvariants().first { return fault }
    for pool in Self.pools {
      if let difference = difference(of: pool) { return difference }
      let holders = ledger.unconfirmedHolders(of: pool, limit: 9).reduce(into: [:]) {
        $0[$1.label] = $1.count
      }
      let bound = (naive.pools[pool]?.entries.values).map { $0.compactMap(\.bound?.owner.label) } ?? []
      if let difference = differs(holders, bound.reduce(into: [:]) { $0[$1, default: 0] += 1 }) {
        return difference
      }
    }
    var found: Set<Row> = []
    ledger.forEachRecord { pool, record, isConfirmed, isSaved, boundAt in
      found.insert(
        Row(pool: pool, record: record, isConfirmed: isConfirmed, isSaved: isSaved, boundAt: boundAt))
    }
    var expected: Set<Row> = []
    for (pool, known) in naive.pools {
      for (address, entry) in known.entries {
        let record = AllocationRecord(address: address, pod: entry.pod, uid: entry.uid)
        expected.insert(
          Row(
            pool: pool, record: record, isConfirmed: entry.isConfirmed, isSaved: entry.isSaved,
            boundAt: entry.bound?.since))
      }
    }
    let (pod, uid) = (pod(), uid())
    return differs(found, expected)
      ?? differs(ledger.records(ofPod: pod).count, expected.filter { $0.record.pod == pod }.count)
      ?? differs(ledger.records(of: uid).count, expected.filter { $0.record.uid == uid }.count)
      ?? differs(Set(ledger.poolNames), Set(naive.pools.keys))
      ?? differenceOfReservations()
  }

  private func differenceOfReservations() -> String? {
    for number in 0..<UInt128(40) {
      let id = ReservationID(number)
      if let difference = differs(ledger.reservation(id), naive.reservations[id]?.grants) {
        return difference
      }
    }
    return nil
  }
}
