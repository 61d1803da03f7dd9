internal import Addressing
public import IPAM
public import KubernetesAPI

/// What lists and watches tell.
extension AddressBook {
  /// Takes in a complete list of pools, in the place of all before.
  public func replacePools(_ pools: [SpiderIPPool], now: UInt64) {
    let names = Set(pools.map(\.metadata.name))
    let gone = withState { state in state.stored.keys.filter { !names.contains($0) } }
    for name in gone { removePool(name) }
    for pool in pools { upsert(pool, now: now) }
  }

  /// Takes in a pool that was added, changed, or written by us. Something older than what is known is passed over.
  /// - Parameter isAnswer: the pool was read or written just now: what is known already still says what is not stored. A write that
  ///   changes nothing is answered by the version that was there before.
  /// - Returns: bindings that were not stored yet, and whose addresses turn out to be somebody else's.
  @discardableResult
  public func upsert(_ pool: SpiderIPPool, isAnswer: Bool = false, now: UInt64) -> [LostBinding] {
    let name = pool.metadata.name
    let number = UInt64(pool.metadata.resourceVersion)
    let isStale = { (known: StoredPool?) in
      guard let known, known.uid == pool.metadata.uid, let last = known.number, let number else {
        return false
      }
      return isAnswer ? number < last : number <= last
    }
    if withState({ isStale($0.stored[name]) }) { return [] }
    // Parsed outside the lock: a status may hold thousands of records.
    let records = Self.records(of: pool)
    let facts = PoolFacts(pool)
    return withState { state -> [LostBinding] in
      let known = state.stored[name]
      if isStale(known) { return [] }
      if let known, known.uid != pool.metadata.uid { state.ledger.remove(name) }
      state.stored[name] = StoredPool(pool, number, isUnreadable: records == nil)
      state.departed.remove(name)
      // Most changes of a pool are changes of its status.
      if let facts, state.catalog[name] != facts { state.catalog.upsert(facts) }
      if facts == nil { state.catalog.remove(name) }
      state.ledger.define(
        name, givable: facts?.givable ?? AddressSet(.v4), state: Self.state(of: pool, records != nil))
      let lost = records.map { state.ledger.observe(name, $0, now: now) } ?? []
      if let records { state.confirmSeen(records, of: name, now: now) }
      if pool.metadata.isTerminating || state.countsDiffer(name) {
        state.untidy.insert(name)
      } else {
        state.untidy.remove(name)
      }
      return lost
    }
  }

  /// Takes out a pool that is gone.
  public func removePool(_ name: String) {
    withState { state in
      if state.catalog[name]?.marks != nil { state.noteDeparture(name) }
      state.stored[name] = nil
      state.catalog.remove(name)
      state.ledger.remove(name)
      state.refused[name] = nil
      state.untidy.remove(name)
    }
  }

  /// Takes in addresses that no Pod may get; an empty list of them takes the object out.
  public func setReserved(_ name: String, _ ips: [String]) {
    withState { state in
      state.reserved[name] = ips.isEmpty ? nil : AddressText.lenientSets(ips)
      state.keepReservedBack()
    }
  }

  /// Takes in all objects with such addresses, in the place of all before.
  public func replaceReserved(_ all: [SpiderReservedIP]) {
    withState { state in
      state.reserved = Dictionary(
        all.map { ($0.metadata.name, AddressText.lenientSets($0.ips)) }, uniquingKeysWith: { _, last in last }
      )
      state.keepReservedBack()
    }
  }

  /// Takes in a namespace; nil takes it out.
  public func setNamespace(_ name: String, _ facts: NamespaceFacts?) {
    withState { $0.namespaces[name] = facts }
  }

  /// Takes in all namespaces there are.
  public func replaceNamespaces(_ all: [String: NamespaceFacts]) { withState { $0.namespaces = all } }

  /// Takes in all nodes there are.
  public func replaceNodes(_ all: [String: NodeFacts]) { withState { $0.nodes = all } }

  /// Takes in a node; nil takes it out.
  public func setNode(_ name: String, _ facts: NodeFacts?) {
    withState { $0.nodes[name] = facts }
  }

  /// nil when they cannot be read, and so may not be written over.
  private static func records(of pool: SpiderIPPool) -> [AllocationRecord]? {
    try? AllocationText.read(pool.allocatedIPs)
  }

  private static func state(of pool: SpiderIPPool, _ isReadable: Bool) -> PoolState {
    if pool.metadata.isTerminating { return .terminating }
    return pool.isDisabled || !isReadable ? .disabled : .open
  }
}

extension AddressBook.State {
  /// Confirms records whose Pods were seen before the status that holds them.
  fileprivate mutating func confirmSeen(_ records: [AllocationRecord], of pool: String, now: UInt64) {
    guard let counts = ledger.counts(of: pool), counts.unconfirmed > 0 else { return }
    for record in records {
      guard pods.has(record.pod, record.uid) else { continue }
      ledger.confirm(record.uid, at: now)
      if unrecorded.remove(record.pod) != nil, let pod = pods[record.pod] { pods.put(pod.recorded) }
    }
  }

  /// Remembered are some thousands: of another it is only known later that it will not come back.
  fileprivate mutating func noteDeparture(_ pool: String) {
    if departed.count >= 4096 { departed = [] }
    departed.insert(pool)
  }

  mutating func keepReservedBack() {
    let sets = IPFamily.allCases.compactMap { family -> AddressSet? in
      let ranges = reserved.values.joined().filter { $0.family == family }.flatMap(\.ranges)
      return ranges.isEmpty ? nil : AddressSet(family, ranges)
    }
    ledger.keepBack(sets)
  }
}

extension AddressBook.StoredPool {
  init(_ pool: SpiderIPPool, _ number: UInt64?, isUnreadable: Bool) {
    uid = pool.metadata.uid
    version = pool.metadata.resourceVersion
    self.number = number
    total =
      AddressText.lenientAddresses(
        pool.spec.ips, without: pool.spec.excludeIPs, like: AddressText.lenientNetwork(pool.spec.subnet))?
      .saturatingInt64Count ?? 0
    storedTotal = pool.totalIPCount
    storedAllocated = pool.allocatedIPCount
    self.isUnreadable = isUnreadable
  }
}
