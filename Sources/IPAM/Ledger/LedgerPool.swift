internal import Addressing

/// An address of one pool.
struct Place: Hashable, Sendable {
  /// The pool's number.
  let pool: UInt32
  /// The address.
  let address: IPAddress
}

/// What the ledger knows of one pool, apart from its records.
///
/// An address is free, or it has exactly one of a record, a reservation and a time of cooling; then its bit is set.
struct LedgerPool: Sendable {
  /// The name.
  let name: String
  /// Whether it gives addresses; nil until it is defined.
  var state: PoolState?
  /// What it was defined to give, with what is kept back.
  private(set) var defined = AddressSet(.v4)
  private(set) var v4 = TakenAddresses(GivableSpans(AddressSet(.v4)))
  private(set) var v6 = TakenAddresses(GivableSpans(AddressSet(.v6)))
  /// What was released a short while ago.
  var cooling = CoolingQueue()
  /// How many records there are.
  var recorded = 0
  /// How many of them are for Pods that were not seen.
  var unconfirmed = 0
  /// How many have to be written to the status, or to be taken out of it.
  var changes = 0
  /// How many addresses are reserved.
  var reserved = 0
  /// How many records were bound here for Pods that were not seen, by the owner's number.
  var holders: [UInt32: Int] = [:]

  /// A pool that gives nothing.
  init(_ name: String) { self.name = name }

  /// The taken addresses of a family.
  subscript(family: IPFamily) -> TakenAddresses { family == .v4 ? v4 : v6 }

  /// How many addresses it may give.
  var total: UInt128 { v4.givable.count + v6.givable.count }

  /// Sets what it may give.
  mutating func define(_ givable: AddressSet, without reserved: [IPFamily: AddressSet]) {
    defined = givable
    let effective = reserved[givable.family].map { givable.subtracting($0) } ?? givable
    v4.give(GivableSpans(givable.family == .v4 ? effective : AddressSet(.v4)))
    v6.give(GivableSpans(givable.family == .v6 ? effective : AddressSet(.v6)))
  }

  /// Whether it may give this address.
  func gives(_ address: IPAddress) -> Bool { self[address.family].givable.contains(address.value) }

  /// Sets the bit of an address, which ends its cooling.
  mutating func take(_ address: IPAddress) {
    if cooling.remove(address) { return }
    if address.family == .v4 { v4.insert(address.value) } else { v6.insert(address.value) }
  }

  /// Clears the bit of an address.
  mutating func free(_ address: IPAddress) {
    if address.family == .v4 { v4.remove(address.value) } else { v6.remove(address.value) }
  }

  /// Frees what was released at `time` or before.
  mutating func endCooling(releasedBy time: UInt64) {
    while let address = cooling.popFirst(releasedBy: time) { free(address) }
  }

  /// The lowest free address from the `start`-th part of the free space on, then the lowest of all, then what was
  /// released first; none of `chosen`. Nil when nothing is left.
  func freeAddress(_ family: IPFamily, start: UInt64, without chosen: [AddressGrant]) -> IPAddress? {
    let taken = self[family]
    let free = taken.free
    if free > 0 {
      let product = free.multipliedFullWidth(by: UInt128(start))
      let first = product.high << 64 | product.low >> 64
      for step in 0..<min(free, UInt128(chosen.count) + 1) {
        let rank = first < free - step ? first + step : first - (free - step)
        let address = IPAddress(family, taken.freeAddress(at: rank))
        if let address, !chosen.contains(where: { $0.address == address }) { return address }
      }
    }
    return cooling.first { address in
      address.family == family && gives(address) && !chosen.contains { $0.address == address }
    }
  }

  /// What does not hold, as sentences.
  func faults() -> [String] { v4.faults() + v6.faults() }
}
