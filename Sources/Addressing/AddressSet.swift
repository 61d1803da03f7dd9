/// A set of addresses of one family: sorted ranges that neither overlap nor touch, so that equal sets are equal values.
///
/// Searching is logarithmic in the number of ranges, combining two sets linear. Combining sets of two families is a
/// mistake of the program, not of its user, and stops it.
public struct AddressSet: Hashable, Sendable {
  /// The kind of address.
  public let family: IPFamily
  /// The addresses as numbers: ascending, with at least one number missing between two neighbours.
  @usableFromInline var spans: [ClosedRange<UInt128>]

  @usableFromInline
  init(family: IPFamily, spans: [ClosedRange<UInt128>]) {
    self.family = family
    self.spans = spans
  }

  /// No addresses.
  public init(_ family: IPFamily) {
    self.init(family: family, spans: [])
  }

  /// The addresses of one range.
  public init(_ range: AddressRange) {
    self.init(family: range.family, spans: [range.values])
  }

  /// The addresses of all these ranges, which may come in any order, overlap and repeat.
  @inlinable
  public init(_ family: IPFamily, _ ranges: some Sequence<AddressRange>) {
    var gathering = Gathering(family, reserving: ranges.underestimatedCount)
    for range in ranges { gathering.add(range) }
    self = gathering.finish()
  }

  /// Gathers the ranges of a set, which may come in any order, overlap and repeat.
  public struct Gathering {
    /// The kind of address.
    public let family: IPFamily
    private var spans: [ClosedRange<UInt128>] = []
    private var isSorted = true
    /// The addresses of all ranges, one that repeats counted each time; at most `UInt128.max`.
    public private(set) var count: UInt128 = 0

    /// No ranges yet, and room for so many.
    public init(_ family: IPFamily, reserving capacity: Int) {
      self.family = family
      spans.reserveCapacity(capacity)
    }

    /// Puts a range to the others.
    public mutating func add(_ range: AddressRange) {
      precondition(range.family == family, "a set holds addresses of one family")
      if let last = spans.last, last.lowerBound > range.values.lowerBound { isSorted = false }
      spans.append(range.values)
      let (sum, overflow) = count.addingReportingOverflow(range.count)
      count = overflow ? .max : sum
    }

    /// The set of all that was gathered.
    public consuming func finish() -> AddressSet {
      if spans.count > 1 { AddressSet.merge(&spans, isSorted: isSorted) }
      return AddressSet(family: family, spans: spans)
    }
  }

  /// Joins what overlaps or touches, in place.
  private static func merge(_ spans: inout [ClosedRange<UInt128>], isSorted: Bool) {
    if !isSorted { spans.sort { $0.lowerBound < $1.lowerBound } }
    var last = 0
    for next in spans.indices.dropFirst() {
      if spans[next].lowerBound <= successor(of: spans[last].upperBound) {
        spans[last] = spans[last].lowerBound...max(spans[last].upperBound, spans[next].upperBound)
      } else {
        last += 1
        spans[last] = spans[next]
      }
    }
    spans.removeLast(spans.count - last - 1)
  }

  /// The next number; the highest is its own.
  static func successor(of number: UInt128) -> UInt128 { number == .max ? .max : number + 1 }

  /// The position of the first span that ends at or above `value`.
  func firstSpan(endingAtOrAbove value: UInt128) -> Int {
    var low = 0
    var high = spans.count
    while low < high {
      let middle = (low + high) / 2
      if spans[middle].upperBound < value { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension AddressSet {
  /// Whether there is no address.
  public var isEmpty: Bool { spans.isEmpty }

  /// How many addresses there are; at most `UInt128.max`, one less than there are in all of IPv6.
  public var count: UInt128 {
    var total: UInt128 = 0
    for span in spans {
      let (sum, overflow) = total.addingReportingOverflow(span.upperBound - span.lowerBound)
      let (next, overflowToo) = sum.addingReportingOverflow(1)
      if overflow || overflowToo { return .max }
      total = next
    }
    return total
  }

  /// How many addresses there are, for a field that holds an int64: `Int64.max` when there are more.
  public var saturatingInt64Count: Int64 { Int64(clamping: count) }

  /// The lowest address.
  public var first: IPAddress? {
    spans.first.map { IPAddress(family: family, unchecked: $0.lowerBound) }
  }

  /// The highest address.
  public var last: IPAddress? {
    spans.last.map { IPAddress(family: family, unchecked: $0.upperBound) }
  }

  /// The fewest ranges that make up the set, ascending.
  @inlinable public var ranges: Ranges { Ranges(self) }

  /// The fewest ranges that make up a set, ascending.
  public struct Ranges: RandomAccessCollection, Sendable {
    @usableFromInline let source: AddressSet

    @inlinable
    init(_ source: AddressSet) { self.source = source }

    /// The first position.
    @inlinable public var startIndex: Int { 0 }
    /// Behind the last position.
    @inlinable public var endIndex: Int { source.spans.count }
    /// The range at this position.
    @inlinable public subscript(position: Int) -> AddressRange {
      AddressRange(family: source.family, unchecked: source.spans[position])
    }
  }

  /// The same as texts, `a` or `a-b`.
  public var texts: [String] { ranges.map(\.description) }

  /// Whether the address is in the set.
  public func contains(_ address: IPAddress) -> Bool {
    guard address.family == family else { return false }
    let position = firstSpan(endingAtOrAbove: address.value)
    return position < spans.count && spans[position].lowerBound <= address.value
  }

  /// Whether all of the range is in the set.
  public func contains(_ range: AddressRange) -> Bool {
    guard range.family == family else { return false }
    let position = firstSpan(endingAtOrAbove: range.values.lowerBound)
    return position < spans.count && spans[position].lowerBound <= range.values.lowerBound
      && range.values.upperBound <= spans[position].upperBound
  }

  /// Whether the range and the set share an address.
  public func overlaps(_ range: AddressRange) -> Bool {
    guard range.family == family else { return false }
    let position = firstSpan(endingAtOrAbove: range.values.lowerBound)
    return position < spans.count && spans[position].lowerBound <= range.values.upperBound
  }

  /// Puts the range in.
  public mutating func insert(_ range: AddressRange) {
    precondition(range.family == family, "a set holds addresses of one family")
    var (lower, upper) = (range.values.lowerBound, range.values.upperBound)
    let start = firstSpan(endingAtOrAbove: lower == 0 ? 0 : lower - 1)
    var end = start
    while end < spans.count, spans[end].lowerBound <= Self.successor(of: upper) {
      lower = min(lower, spans[end].lowerBound)
      upper = max(upper, spans[end].upperBound)
      end += 1
    }
    spans.replaceSubrange(start..<end, with: CollectionOfOne(lower...upper))
  }

  /// Takes the range out.
  public mutating func remove(_ range: AddressRange) {
    precondition(range.family == family, "a set holds addresses of one family")
    let (lower, upper) = (range.values.lowerBound, range.values.upperBound)
    let start = firstSpan(endingAtOrAbove: lower)
    var end = start
    var kept: [ClosedRange<UInt128>] = []
    while end < spans.count, spans[end].lowerBound <= upper {
      if spans[end].lowerBound < lower { kept.append(spans[end].lowerBound...lower - 1) }
      if spans[end].upperBound > upper { kept.append(upper + 1...spans[end].upperBound) }
      end += 1
    }
    spans.replaceSubrange(start..<end, with: kept)
  }

  /// Puts the address in.
  public mutating func insert(_ address: IPAddress) { insert(AddressRange(address)) }

  /// Takes the address out.
  public mutating func remove(_ address: IPAddress) { remove(AddressRange(address)) }
}

extension AddressSet: CustomStringConvertible {
  /// The ranges, with commas between.
  public var description: String { texts.joined(separator: ",") }
}
