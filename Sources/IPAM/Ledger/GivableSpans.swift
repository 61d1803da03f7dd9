internal import Addressing

/// The addresses that a pool may give, as ranges with the number of addresses before each: from an address to its place
/// among them and back, logarithmic in the ranges.
struct GivableSpans: Sendable {
  private let lowers: [UInt128]
  private let uppers: [UInt128]
  /// For each range, how many addresses there are in those before it.
  private let before: [UInt128]
  /// How many addresses there are; one less for all of IPv6.
  let count: UInt128

  /// The ranges of a set.
  init(_ set: AddressSet) {
    let ranges = set.ranges
    lowers = ranges.map(\.values.lowerBound)
    uppers = ranges.map(\.values.upperBound)
    var sum: UInt128 = 0
    before = ranges.map { range in
      defer { sum = sum.addingReportingOverflow(range.count).overflow ? .max : sum + range.count }
      return sum
    }
    count = set.count
  }

  /// The first range that ends at or above `value`.
  @inline(__always)
  private func span(endingAtOrAbove value: UInt128) -> Int {
    var low = 0
    var high = uppers.count
    while low < high {
      let middle = (low &+ high) / 2
      if uppers[middle] < value { low = middle &+ 1 } else { high = middle }
    }
    return low
  }

  /// Whether the address may be given.
  func contains(_ value: UInt128) -> Bool {
    let span = span(endingAtOrAbove: value)
    return span < lowers.count && lowers[span] <= value
  }

  /// How many addresses lie below `value`.
  func rank(of value: UInt128) -> UInt128 {
    let span = span(endingAtOrAbove: value)
    if span == lowers.count { return count }
    return before[span] + (value > lowers[span] ? value - lowers[span] : 0)
  }

  /// The address with this many others below it.
  func address(at rank: UInt128) -> UInt128 {
    precondition(rank < count, "a place is among the addresses")
    var low = 0
    var high = before.count
    while low < high {
      let middle = (low &+ high) / 2
      if before[middle] <= rank { low = middle &+ 1 } else { high = middle }
    }
    return lowers[low - 1] + (rank - before[low - 1])
  }

  /// The addresses of one word, which are the 64 from `word * 64` on; the lowest is bit 0.
  func bits(of word: UInt128) -> UInt64 {
    let lowest = word << 6
    let highest = lowest | 63
    var span = span(endingAtOrAbove: lowest)
    var bits: UInt64 = 0
    while span < lowers.count, lowers[span] <= highest {
      let from = UInt64(max(lowest, lowers[span]) - lowest)
      let to = UInt64(min(highest, uppers[span]) - lowest)
      bits |= (UInt64.max >> (63 - (to - from))) << from
      span += 1
    }
    return bits
  }
}
