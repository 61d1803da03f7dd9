internal import Addressing

/// The addresses that a pool may give, as ranges with the number of addresses before each: from an address to its place
/// among them and back, logarithmic in the ranges.
struct GivableSpans: Sendable {
  /// A range.
  private struct Span {
    let lower: UInt128
    let upper: UInt128
    /// How many addresses there are in the ranges before it.
    let before: UInt128
  }

  private let spans: [Span]
  /// How many addresses there are; one less for all of IPv6.
  let count: UInt128

  /// The ranges of a set.
  init(_ set: AddressSet) {
    var sum: UInt128 = 0
    spans = set.ranges.map { range in
      defer { sum = sum.addingReportingOverflow(range.count).overflow ? .max : sum + range.count }
      return Span(lower: range.values.lowerBound, upper: range.values.upperBound, before: sum)
    }
    count = set.count
  }

  /// The first range that ends at or above `value`.
  @inline(__always)
  private func span(endingAtOrAbove value: UInt128) -> Int {
    var low = 0
    var high = spans.count
    while low < high {
      let middle = (low &+ high) / 2
      if spans[middle].upper < value { low = middle &+ 1 } else { high = middle }
    }
    return low
  }

  /// Whether the address may be given.
  func contains(_ value: UInt128) -> Bool {
    let span = span(endingAtOrAbove: value)
    return span < spans.count && spans[span].lower <= value
  }

  /// How many addresses lie below `value`.
  func rank(of value: UInt128) -> UInt128 {
    let span = span(endingAtOrAbove: value)
    if span == spans.count { return count }
    return spans[span].before + (value > spans[span].lower ? value - spans[span].lower : 0)
  }

  /// The address with this many others below it.
  func address(at rank: UInt128) -> UInt128 {
    precondition(rank < count, "a place is among the addresses")
    var low = 0
    var high = spans.count
    while low < high {
      let middle = (low &+ high) / 2
      if spans[middle].before <= rank { low = middle &+ 1 } else { high = middle }
    }
    return spans[low - 1].lower + (rank - spans[low - 1].before)
  }

  /// The addresses of one word, which are the 64 from `word * 64` on; the lowest is bit 0.
  func bits(of word: UInt128) -> UInt64 {
    let lowest = word << 6
    let highest = lowest | 63
    var span = span(endingAtOrAbove: lowest)
    var bits: UInt64 = 0
    while span < spans.count, spans[span].lower <= highest {
      let from = UInt64(max(lowest, spans[span].lower) - lowest)
      let to = UInt64(min(highest, spans[span].upper) - lowest)
      bits |= (UInt64.max >> (63 - (to - from))) << from
      span += 1
    }
    return bits
  }
}
