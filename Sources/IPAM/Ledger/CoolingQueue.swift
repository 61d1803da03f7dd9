internal import Addressing

/// Addresses of one pool that were released a short while ago, in the order of their release.
///
/// What still comes to them, from a neighbour's ARP table or an open connection, should not meet a new Pod.
struct CoolingQueue: Sendable {
  private struct Entry {
    let address: IPAddress
    let since: UInt64
    let number: UInt64
  }

  private var entries: [Entry] = []
  private var head = 0
  private var nextNumber: UInt64 = 0
  /// The entry that counts for each address; others have been taken out.
  private var numbers: [IPAddress: UInt64] = [:]

  /// How many addresses there are.
  var count: Int { numbers.count }

  /// The addresses, in no order.
  var addresses: some Sequence<IPAddress> { numbers.keys }

  /// Whether the address is here.
  func contains(_ address: IPAddress) -> Bool { !numbers.isEmpty && numbers[address] != nil }

  /// Puts an address to the end.
  mutating func append(_ address: IPAddress, since: UInt64) {
    numbers[address] = nextNumber
    entries.append(Entry(address: address, since: since, number: nextNumber))
    nextNumber += 1
  }

  /// Takes an address out; false when it is not here.
  mutating func remove(_ address: IPAddress) -> Bool {
    !numbers.isEmpty && numbers.removeValue(forKey: address) != nil
  }

  /// Takes out the first address if it was released at `time` or before.
  mutating func popFirst(releasedBy time: UInt64) -> IPAddress? {
    while head < entries.count {
      let first = entries[head]
      let counts = numbers[first.address] == first.number
      if counts, first.since > time { return nil }
      head += 1
      if head * 2 > entries.count {
        entries.removeFirst(head)
        head = 0
      }
      if counts {
        numbers[first.address] = nil
        return first.address
      }
    }
    return nil
  }

  /// The address that was released first of those that suit.
  func first(where suits: (IPAddress) -> Bool) -> IPAddress? {
    entries[head...].first { numbers[$0.address] == $0.number && suits($0.address) }?.address
  }
}
