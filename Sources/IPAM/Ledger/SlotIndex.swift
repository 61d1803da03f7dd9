/// From a hash to the slots of records that may have it: a table of chains. Several slots may have equal keys.
///
/// Takes 8 bytes a record: the head of a chain, and the link to the next.
struct SlotIndex: Sendable {
  /// Where a chain ends.
  static let none = UInt32.max

  private var heads: [UInt32] = Array(repeating: none, count: 16)
  private var links: [UInt32] = []

  /// How many slots there may be before it must grow.
  var capacity: Int { heads.count }

  /// The first slot of the chain for this hash, or `none`.
  @inline(__always)
  func first(_ hash: UInt64) -> UInt32 { heads[bucket(hash)] }

  /// The slot behind this one in its chain, or `none`.
  @inline(__always)
  func next(_ slot: UInt32) -> UInt32 { links[Int(slot)] }

  /// Puts a slot to the front of its chain. Slots are numbered without a gap.
  @inline(__always)
  mutating func insert(_ slot: UInt32, _ hash: UInt64) {
    if Int(slot) == links.count { links.append(Self.none) }
    let bucket = bucket(hash)
    links[Int(slot)] = heads[bucket]
    heads[bucket] = slot
  }

  /// Takes a slot out of its chain.
  mutating func remove(_ slot: UInt32, _ hash: UInt64) {
    let bucket = bucket(hash)
    if heads[bucket] == slot {
      heads[bucket] = links[Int(slot)]
      return
    }
    var at = heads[bucket]
    while links[Int(at)] != slot {
      at = links[Int(at)]
      precondition(at != Self.none, "a slot is in the chain of its hash")
    }
    links[Int(at)] = links[Int(slot)]
  }

  /// Empties the table and doubles it; all slots must be put in again.
  mutating func grow() {
    heads = Array(repeating: Self.none, count: heads.count * 2)
  }

  @inline(__always)
  private func bucket(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash & UInt64(heads.count - 1)) }
}

/// Spreads numbers over 64 bits, differently in each process, so that nobody can choose names that meet in one chain.
struct SlotHash: Sendable {
  private let seed = UInt64(truncatingIfNeeded: Hasher().finalize())

  /// The hash of two numbers.
  @inline(__always)
  func callAsFunction(_ number: UInt128, _ other: UInt32) -> UInt64 {
    let low = UInt64(truncatingIfNeeded: number)
    let high = UInt64(truncatingIfNeeded: number >> 64)
    return Self.mix(Self.mix(low ^ seed) ^ high ^ UInt64(other) &* 0x9E37_79B9_7F4A_7C15)
  }

  /// The finaliser of SplitMix64.
  @inline(__always)
  private static func mix(_ number: UInt64) -> UInt64 {
    var mixed = (number ^ (number >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
