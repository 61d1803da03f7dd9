public import Addressing

/// Which addresses of a subnet an automatic pool is to have.
public enum Carving: Sendable, Equatable {
  /// These: the ones it has, with the lowest free ones added, or the lowest unused ones taken away.
  case fits(AddressSet)
  /// The subnet has not so many free addresses left.
  case short(needed: UInt128, free: UInt128)
  /// Pods hold more than so many; it can shrink when they have given some back.
  case inUse(held: UInt128)

  /// Decides.
  /// - Parameters:
  ///   - count: how many addresses are wanted.
  ///   - entry: what the subnet's status gives the pool; nil when it knows no such pool. Addresses of another family do not
  ///     count.
  ///   - used: what Pods hold, or are about to.
  ///   - free: what the subnet may still give.
  public static func decide(
    _ count: Int, entry: AddressSet?, used: AddressSet, free: AddressSet
  ) -> Carving {
    // A shrinking that was cut short may have taken what was given to Pods since. A status that was written by hand may hold
    // anything.
    let own = entry.flatMap { $0.family == used.family ? $0.union(used) : nil } ?? used
    let wanted = UInt128(max(0, count))
    if own.count == wanted { return .fits(own) }
    if own.count < wanted {
      let needed = wanted - own.count
      let free = free.subtracting(own)
      guard free.count >= needed else { return .short(needed: needed, free: free.count) }
      return .fits(own.union(free.lowest(needed)))
    }
    guard used.count <= wanted else { return .inUse(held: used.count) }
    return .fits(own.subtracting(own.subtracting(used).lowest(own.count - wanted)))
  }
}
