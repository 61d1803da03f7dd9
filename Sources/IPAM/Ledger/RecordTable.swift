internal import Addressing

/// What is true of a record.
struct RecordFlags: OptionSet, Sendable {
  let rawValue: UInt8

  /// The slot has a record.
  static let live = RecordFlags(rawValue: 1)
  /// The address is IPv6.
  static let v6 = RecordFlags(rawValue: 2)
  /// The UID is a text, and its number one of the texts'.
  static let textUID = RecordFlags(rawValue: 4)
  /// The Pod was seen.
  static let confirmed = RecordFlags(rawValue: 8)
  /// The status holds the record with this UID.
  static let saved = RecordFlags(rawValue: 16)
  /// The record is to leave the status.
  static let leaving = RecordFlags(rawValue: 32)
  /// The status that is being observed holds the address.
  static let seen = RecordFlags(rawValue: 64)

  /// Whether the status has to be written.
  var isChange: Bool { !contains(.saved) || contains(.leaving) }
}

/// All records of all pools, found by address, by UID and by Pod.
///
/// One array for each part, and three tables of chains: 74 bytes for a record when the tables are full, and what the
/// common parts of Pod names take once.
struct RecordTable: ~Copyable, Sendable {
  private var addresses: [UInt128] = []
  private var pools: [UInt32] = []
  private var uids: [UInt128] = []
  /// For a slot without a record, the next such slot.
  private var stems: [UInt32] = []
  private var suffixes: [UInt64] = []
  private var flags: [RecordFlags] = []
  private var vacant = SlotIndex.none
  private var byAddress = SlotIndex()
  private var byUID = SlotIndex()
  private var byPod = SlotIndex()
  private var names = Interner<NameStem>()
  private var texts = Interner<String>()
  private let hash = SlotHash()
  /// How many records there are.
  private(set) var count = 0

  /// The slots that were ever in use; see `isLive`.
  var slots: Range<UInt32> { 0..<UInt32(flags.count) }

  /// Whether the slot has a record.
  func isLive(_ slot: UInt32) -> Bool { flags[Int(slot)].contains(.live) }

  /// What is true of a record. `live`, `v6` and `textUID` are the table's own.
  subscript(flags slot: UInt32) -> RecordFlags {
    get { flags[Int(slot)] }
    set { flags[Int(slot)] = newValue }
  }

  /// The number of its pool.
  func pool(_ slot: UInt32) -> UInt32 { pools[Int(slot)] }

  /// The family of its address.
  func family(_ slot: UInt32) -> IPFamily { flags[Int(slot)].contains(.v6) ? .v6 : .v4 }

  /// Its address.
  func address(_ slot: UInt32) -> IPAddress {
    guard let address = IPAddress(family(slot), addresses[Int(slot)]) else {
      preconditionFailure("a record's number is one of its family")
    }
    return address
  }

  /// Its UID.
  func uid(_ slot: UInt32) -> PodUID {
    flags[Int(slot)].contains(.textUID)
      ? .text(texts[UInt32(truncatingIfNeeded: uids[Int(slot)])]) : .uuid(uids[Int(slot)])
  }

  /// Its Pod.
  func pod(_ slot: UInt32) -> PodKey { names[stems[Int(slot)]].pod(suffixes[Int(slot)]) }

  /// Whether it is for this Pod; makes no text.
  func isOf(_ pod: PodKey, _ slot: UInt32) -> Bool {
    let (stem, suffix) = NameStem.split(pod)
    return suffixes[Int(slot)] == suffix && names[stems[Int(slot)]] == stem
  }

  /// The record as a value.
  func record(_ slot: UInt32) -> AllocationRecord {
    AllocationRecord(address: address(slot), pod: pod(slot), uid: uid(slot))
  }
}

// MARK: Finding

extension RecordTable {
  /// The record of an address.
  func find(_ pool: UInt32, _ address: IPAddress) -> UInt32? {
    var slot = byAddress.first(hash(address.value, pool))
    while slot != SlotIndex.none {
      if addresses[Int(slot)] == address.value, pools[Int(slot)] == pool, family(slot) == address.family {
        return slot
      }
      slot = byAddress.next(slot)
    }
    return nil
  }

  /// The records of a UID, in no order.
  func slots(of uid: PodUID) -> [UInt32] {
    let number: UInt128
    let isText: Bool
    switch uid {
    case .uuid(let value): (number, isText) = (value, false)
    case .text(let text):
      guard let known = texts.number(of: text) else { return [] }
      (number, isText) = (UInt128(known), true)
    }
    var found: [UInt32] = []
    var slot = byUID.first(hash(number, isText ? 1 : 0))
    while slot != SlotIndex.none {
      if uids[Int(slot)] == number, flags[Int(slot)].contains(.textUID) == isText { found.append(slot) }
      slot = byUID.next(slot)
    }
    return found
  }

  /// The records of a Pod's name, in no order.
  func slots(ofPod pod: PodKey) -> [UInt32] {
    let (name, suffix) = NameStem.split(pod)
    guard let stem = names.number(of: name) else { return [] }
    var found: [UInt32] = []
    var slot = byPod.first(hash(UInt128(suffix), stem))
    while slot != SlotIndex.none {
      if stems[Int(slot)] == stem, suffixes[Int(slot)] == suffix { found.append(slot) }
      slot = byPod.next(slot)
    }
    return found
  }
}

// MARK: Changing

extension RecordTable {
  /// Puts in a record for an address that has none.
  mutating func insert(_ pool: UInt32, _ record: AllocationRecord, _ flags: RecordFlags) -> UInt32 {
    if count == byAddress.capacity { grow() }
    count += 1
    let slot = vacantSlot()
    addresses[Int(slot)] = record.address.value
    pools[Int(slot)] = pool
    self.flags[Int(slot)] = record.address.family == .v6 ? flags.union([.live, .v6]) : flags.union(.live)
    byAddress.insert(slot, hash(record.address.value, pool))
    fill(slot, record.pod, record.uid)
    return slot
  }

  /// Takes a record out.
  mutating func remove(_ slot: UInt32) {
    byAddress.remove(slot, hash(addresses[Int(slot)], pools[Int(slot)]))
    empty(slot)
    flags[Int(slot)] = []
    stems[Int(slot)] = vacant
    vacant = slot
    count -= 1
  }

  /// Gives a record to another Pod.
  mutating func assign(_ slot: UInt32, to pod: PodKey, _ uid: PodUID) {
    empty(slot)
    fill(slot, pod, uid)
  }

  private mutating func fill(_ slot: UInt32, _ pod: PodKey, _ uid: PodUID) {
    switch uid {
    case .uuid(let value):
      uids[Int(slot)] = value
      flags[Int(slot)].remove(.textUID)
    case .text(let text):
      uids[Int(slot)] = UInt128(texts.hold(text))
      flags[Int(slot)].insert(.textUID)
    }
    let (stem, suffix) = NameStem.split(pod)
    stems[Int(slot)] = names.hold(stem)
    suffixes[Int(slot)] = suffix
    byUID.insert(slot, uidHash(slot))
    byPod.insert(slot, podHash(slot))
  }

  private mutating func empty(_ slot: UInt32) {
    byUID.remove(slot, uidHash(slot))
    byPod.remove(slot, podHash(slot))
    if flags[Int(slot)].contains(.textUID) { texts.release(UInt32(truncatingIfNeeded: uids[Int(slot)])) }
    names.release(stems[Int(slot)])
  }

  private func uidHash(_ slot: UInt32) -> UInt64 {
    hash(uids[Int(slot)], flags[Int(slot)].contains(.textUID) ? 1 : 0)
  }

  private func podHash(_ slot: UInt32) -> UInt64 { hash(UInt128(suffixes[Int(slot)]), stems[Int(slot)]) }

  private mutating func vacantSlot() -> UInt32 {
    if vacant != SlotIndex.none {
      defer { vacant = stems[Int(vacant)] }
      return vacant
    }
    precondition(flags.count < Int(SlotIndex.none), "slots are numbered in 32 bits")
    addresses.append(0)
    pools.append(0)
    uids.append(0)
    stems.append(0)
    suffixes.append(0)
    flags.append([])
    return UInt32(flags.count - 1)
  }

  private mutating func grow() {
    byAddress.grow()
    byUID.grow()
    byPod.grow()
    for slot in slots where isLive(slot) {
      byAddress.insert(slot, hash(addresses[Int(slot)], pools[Int(slot)]))
      byUID.insert(slot, uidHash(slot))
      byPod.insert(slot, podHash(slot))
    }
  }

  /// What does not hold, as sentences.
  func faults() -> [String] {
    var faults: [String] = []
    var live = 0
    for slot in slots where isLive(slot) {
      live += 1
      let record = record(slot)
      if find(pools[Int(slot)], record.address) != slot { faults.append("\(record.address) is not found") }
      if !slots(of: record.uid).contains(slot) { faults.append("\(record.address) is not found by its UID") }
      if !slots(ofPod: record.pod).contains(slot) {
        faults.append("\(record.address) is not found by its Pod")
      }
      if !isOf(record.pod, slot) { faults.append("\(record.address) does not know its Pod") }
      if flags[Int(slot)].contains(.seen) { faults.append("\(record.address) is left marked as seen") }
    }
    if live != count { faults.append("there are \(live) records, and not \(count)") }
    if count == 0, names.count + texts.count > 0 { faults.append("names are left without a record") }
    return faults
  }
}
