extension AddressSet {
  /// The addresses of either set.
  public func union(_ other: AddressSet) -> AddressSet {
    requireFamily(of: other)
    if other.isEmpty { return self }
    if isEmpty { return other }
    var result: [ClosedRange<UInt128>] = []
    result.reserveCapacity(spans.count + other.spans.count)
    var (mine, theirs) = (0, 0)
    while mine < spans.count || theirs < other.spans.count {
      let takesMine =
        theirs == other.spans.count
        || mine < spans.count && spans[mine].lowerBound <= other.spans[theirs].lowerBound
      let next = takesMine ? spans[mine] : other.spans[theirs]
      if takesMine { mine += 1 } else { theirs += 1 }
      if let last = result.last, next.lowerBound <= Self.successor(of: last.upperBound) {
        result[result.count - 1] = last.lowerBound...max(last.upperBound, next.upperBound)
      } else {
        result.append(next)
      }
    }
    return AddressSet(family: family, spans: result)
  }

  /// The addresses of both sets.
  public func intersection(_ other: AddressSet) -> AddressSet {
    requireFamily(of: other)
    var result: [ClosedRange<UInt128>] = []
    forEachCommonSpan(with: other) { span in
      result.append(span)
      return true
    }
    return AddressSet(family: family, spans: result)
  }

  /// The addresses that the other set does not have.
  public func subtracting(_ other: AddressSet) -> AddressSet {
    requireFamily(of: other)
    if isEmpty || other.isEmpty { return self }
    var result: [ClosedRange<UInt128>] = []
    result.reserveCapacity(spans.count)
    var theirs = other.firstSpan(endingAtOrAbove: spans[0].lowerBound)
    for span in spans {
      var lower = span.lowerBound
      var isUsedUp = false
      while theirs < other.spans.count, other.spans[theirs].upperBound < lower { theirs += 1 }
      var hole = theirs
      while hole < other.spans.count, other.spans[hole].lowerBound <= span.upperBound {
        if other.spans[hole].lowerBound > lower { result.append(lower...other.spans[hole].lowerBound - 1) }
        guard other.spans[hole].upperBound < span.upperBound else {
          isUsedUp = true
          break
        }
        lower = other.spans[hole].upperBound + 1
        hole += 1
      }
      theirs = hole
      if !isUsedUp { result.append(lower...span.upperBound) }
    }
    return AddressSet(family: family, spans: result)
  }

  /// The first range of addresses that both sets have; nil when they share none.
  public func firstCommonRange(with other: AddressSet) -> AddressRange? {
    guard family == other.family else { return nil }
    var first: ClosedRange<UInt128>?
    forEachCommonSpan(with: other) { span in
      first = span
      return false
    }
    return first.map { AddressRange(family: family, unchecked: $0) }
  }

  /// Whether the sets share an address.
  public func overlaps(_ other: AddressSet) -> Bool { firstCommonRange(with: other) != nil }

  /// Whether the other set has all addresses of this one.
  public func isSubset(of other: AddressSet) -> Bool {
    guard family == other.family else { return isEmpty }
    return spans.allSatisfy { other.contains(AddressRange(family: family, unchecked: $0)) }
  }

  /// The lowest address at or above `start` (or at all) that the other set does not have; nil when there is none.
  public func firstAddress(notIn other: AddressSet, from start: IPAddress? = nil) -> IPAddress? {
    requireFamily(of: other)
    precondition(start.map { $0.family == family } ?? true, "a set holds addresses of one family")
    let start = start?.value ?? 0
    for span in spans[firstSpan(endingAtOrAbove: start)...] {
      var candidate = max(start, span.lowerBound)
      var hole = other.firstSpan(endingAtOrAbove: candidate)
      while hole < other.spans.count, other.spans[hole].contains(candidate) {
        guard other.spans[hole].upperBound < span.upperBound else { break }
        candidate = other.spans[hole].upperBound + 1
        hole += 1
      }
      let isTaken = hole < other.spans.count && other.spans[hole].contains(candidate)
      if !isTaken { return IPAddress(family: family, unchecked: candidate) }
    }
    return nil
  }

  /// The address with this many addresses of the set below it; nil when there are not so many. Linear in the ranges.
  public func address(at offset: UInt128) -> IPAddress? {
    var left = offset
    for span in spans {
      let distance = span.upperBound - span.lowerBound
      if left <= distance { return IPAddress(family: family, unchecked: span.lowerBound + left) }
      left -= distance
      left -= 1
    }
    return nil
  }

  /// The lowest so many addresses; all when there are not so many. Linear in the ranges.
  public func lowest(_ count: UInt128) -> AddressSet {
    var left = count
    var spans: [ClosedRange<UInt128>] = []
    for span in self.spans where left > 0 {
      let size = span.upperBound - span.lowerBound
      // All of IPv6 has one more than the largest count.
      let upper = size < left ? span.upperBound : span.lowerBound + (left - 1)
      spans.append(span.lowerBound...upper)
      left = size < left ? left - size - 1 : 0
    }
    return AddressSet(family: family, spans: spans)
  }

  /// Passes what the sets share, ascending, until `body` is false. Few spans against many cost a logarithmic search
  /// each, so a small set meets a large one cheaply.
  private func forEachCommonSpan(with other: AddressSet, _ body: (ClosedRange<UInt128>) -> Bool) {
    guard let first = spans.first, let otherFirst = other.spans.first else { return }
    var mine = firstSpan(endingAtOrAbove: otherFirst.lowerBound)
    var theirs = other.firstSpan(endingAtOrAbove: first.lowerBound)
    while mine < spans.count, theirs < other.spans.count {
      let lower = max(spans[mine].lowerBound, other.spans[theirs].lowerBound)
      let upper = min(spans[mine].upperBound, other.spans[theirs].upperBound)
      if lower <= upper, !body(lower...upper) { return }
      if spans[mine].upperBound < other.spans[theirs].upperBound { mine += 1 } else { theirs += 1 }
    }
  }

  private func requireFamily(of other: AddressSet) {
    precondition(other.family == family, "a set holds addresses of one family")
  }
}
