import Addressing
import TestSupport
import Testing

@testable import IPAM

@Suite struct TakenAddressesTests {
  @Test func `finds free addresses among many that lie scattered, as in a sorted list`() throws {
    var numbers = SeededGenerator(seed: 7)
    let all: ClosedRange<UInt128> = 1_000...400_000
    let lower = try #require(IPAddress(.v6, all.lowerBound))
    let upper = try #require(IPAddress(.v6, all.upperBound))
    let range = try AddressRange(lower, upper)
    var taken = TakenAddresses(GivableSpans(AddressSet(range)))
    var free = Set(all)
    for round in 0..<3 {
      for _ in 0..<60_000 {
        let value = UInt128(numbers.below(400_001))
        if numbers.below(4) > round {
          taken.insert(value)
          free.remove(value)
        } else {
          taken.remove(value)
          if all.contains(value) { free.insert(value) }
        }
      }
      #expect(taken.faults() == [])
      let sorted = free.sorted()
      #expect(taken.free == UInt128(sorted.count))
      for _ in 0..<1_000 {
        let rank = numbers.below(sorted.count)
        #expect(taken.freeAddress(at: UInt128(rank)) == sorted[rank])
      }
    }
  }
}
