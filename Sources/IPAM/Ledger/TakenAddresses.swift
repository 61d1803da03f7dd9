internal import Addressing

/// The addresses of one pool and family that are not free, and the search for one that is.
///
/// Bits in words of 64 addresses, of which only those with a bit set are there, sorted, in blocks of a bounded size. Before
/// each block stands how many addresses are in use in the blocks before; together with the places of `GivableSpans` that
/// tells how many free ones lie below, so that a search is one for a block and a look through it, however many are taken.
struct TakenAddresses: Sendable {
  /// 64 addresses, the lowest of which is bit 0 of `key * 64`.
  private struct Word {
    let key: UInt128
    /// Those that are not free.
    var taken: UInt64
    /// Those that may be given.
    var givable: UInt64

    var used: Int { (taken & givable).nonzeroBitCount }
    var free: UInt64 { givable & ~taken }
  }

  private static let blockSize = 128

  /// What may be given at all.
  private(set) var givable: GivableSpans
  /// How many of the givable addresses are taken.
  private(set) var used = 0
  private var blocks: [[Word]] = []
  /// The first key of each block.
  private var firsts: [UInt128] = []
  /// For each block, how many givable addresses are taken in those before it.
  private var usedBefore: [Int] = []

  /// Nothing is taken.
  init(_ givable: GivableSpans) { self.givable = givable }

  /// How many addresses are free; one less for all of IPv6.
  var free: UInt128 { givable.count - UInt128(used) }

  /// Changes what may be given; what is taken stays so. Linear in what is taken.
  mutating func give(_ spans: GivableSpans) {
    givable = spans
    used = 0
    for block in blocks.indices {
      usedBefore[block] = used
      for word in blocks[block].indices {
        blocks[block][word].givable = spans.bits(of: blocks[block][word].key)
        used += blocks[block][word].used
      }
    }
  }
}

// MARK: Members

extension TakenAddresses {
  /// Whether the address is taken.
  func contains(_ value: UInt128) -> Bool {
    guard let block = block(of: value >> 6) else { return false }
    let word = word(of: value >> 6, in: block)
    return word < blocks[block].count && blocks[block][word].key == value >> 6
      && blocks[block][word].taken & Self.bit(value) != 0
  }

  /// Takes the address; nothing happens when it is taken already.
  mutating func insert(_ value: UInt128) {
    let key = value >> 6
    guard let block = block(of: key) else {
      open(key, Self.bit(value), at: 0)
      return
    }
    let word = word(of: key, in: block)
    if word < blocks[block].count, blocks[block][word].key == key {
      let before = blocks[block][word].used
      blocks[block][word].taken |= Self.bit(value)
      count(blocks[block][word].used - before, in: block)
    } else if blocks[block].count < Self.blockSize {
      let new = Word(key: key, taken: Self.bit(value), givable: givable.bits(of: key))
      if word == 0 { firsts[block] = key }
      blocks[block].insert(new, at: word)
      count(new.used, in: block)
    } else if word == Self.blockSize {
      open(key, Self.bit(value), at: block + 1)
    } else {
      split(block)
      insert(value)
    }
  }

  /// Frees the address; nothing happens when it is free already.
  mutating func remove(_ value: UInt128) {
    let key = value >> 6
    guard let block = block(of: key) else { return }
    let word = word(of: key, in: block)
    guard word < blocks[block].count, blocks[block][word].key == key else { return }
    let before = blocks[block][word].used
    blocks[block][word].taken &= ~Self.bit(value)
    count(blocks[block][word].used - before, in: block)
    guard blocks[block][word].taken == 0 else { return }
    blocks[block].remove(at: word)
    if let first = blocks[block].first {
      firsts[block] = first.key
    } else {
      blocks.remove(at: block)
      firsts.remove(at: block)
      usedBefore.remove(at: block)
    }
  }

  /// Passes every taken address, ascending.
  func forEach(_ body: (UInt128) -> Void) {
    for block in blocks {
      for word in block {
        var bits = word.taken
        while bits != 0 {
          body(word.key << 6 | UInt128(bits.trailingZeroBitCount))
          bits &= bits - 1
        }
      }
    }
  }

  @inline(__always)
  private static func bit(_ value: UInt128) -> UInt64 { 1 &<< UInt64(truncatingIfNeeded: value & 63) }

  /// The block that has the key or would get it; nil when it lies before all, unless there is room in the first.
  private func block(of key: UInt128) -> Int? {
    var low = 0
    var high = firsts.count
    while low < high {
      let middle = (low &+ high) / 2
      if firsts[middle] <= key { low = middle &+ 1 } else { high = middle }
    }
    if low > 0 { return low - 1 }
    guard let first = blocks.first, first.count < Self.blockSize else { return nil }
    return 0
  }

  /// The first word of a block at or above the key.
  private func word(of key: UInt128, in block: Int) -> Int {
    blocks[block].withUnsafeBufferPointer { words in
      var low = 0
      var high = words.count
      while low < high {
        let middle = (low &+ high) / 2
        if words[middle].key < key { low = middle &+ 1 } else { high = middle }
      }
      return low
    }
  }

  private mutating func count(_ change: Int, in block: Int) {
    if change == 0 { return }
    used += change
    var next = block + 1
    while next < usedBefore.count {
      usedBefore[next] &+= change
      next &+= 1
    }
  }

  /// Starts a block with one word.
  private mutating func open(_ key: UInt128, _ bits: UInt64, at block: Int) {
    let word = Word(key: key, taken: bits, givable: givable.bits(of: key))
    blocks.insert([word], at: block)
    firsts.insert(key, at: block)
    usedBefore.insert(block < usedBefore.count ? usedBefore[block] : used, at: block)
    count(word.used, in: block)
  }

  /// Makes two blocks of a full one.
  private mutating func split(_ block: Int) {
    let upper = Array(blocks[block][(Self.blockSize / 2)...])
    blocks[block].removeLast(upper.count)
    let below = blocks[block].reduce(usedBefore[block]) { $0 + $1.used }
    blocks.insert(upper, at: block + 1)
    firsts.insert(upper[0].key, at: block + 1)
    usedBefore.insert(below, at: block + 1)
  }
}

// MARK: Free addresses

extension TakenAddresses {
  /// The free address with this many free ones below it.
  func freeAddress(at rank: UInt128) -> UInt128 {
    precondition(rank < free, "there are so many free addresses")
    guard let block = lastBlock(withAtMost: rank) else { return givable.address(at: rank) }
    var place = givable.rank(of: firsts[block] << 6)
    var below = place - UInt128(usedBefore[block])
    return blocks[block].withUnsafeBufferPointer { words in
      var at = 0
      while true {
        let word = words[at]
        let free = UInt128(word.free.nonzeroBitCount)
        if rank - below < free { return Self.address(UInt64(rank - below), of: word) }
        place += UInt128(word.givable.nonzeroBitCount)
        below += free
        // Between two words nothing is taken.
        let isLast = at + 1 == words.count
        let next =
          isLast
          ? givable.count
          : words[at + 1].key == word.key + 1 ? place : givable.rank(of: words[at + 1].key << 6)
        if isLast || rank - below < next - place { return givable.address(at: place + (rank - below)) }
        below += next - place
        place = next
        at += 1
      }
    }
  }

  /// The last block with at most so many free addresses before it; nil when there are more before each.
  private func lastBlock(withAtMost rank: UInt128) -> Int? {
    var low = 0
    var high = firsts.count
    while low < high {
      let middle = (low &+ high) / 2
      let freeBefore = givable.rank(of: firsts[middle] << 6) - UInt128(usedBefore[middle])
      if freeBefore <= rank { low = middle &+ 1 } else { high = middle }
    }
    return low == 0 ? nil : low - 1
  }

  /// The free address of a word with this many free ones below it.
  private static func address(_ rank: UInt64, of word: Word) -> UInt128 {
    var bits = word.free
    for _ in 0..<rank { bits &= bits - 1 }
    return word.key << 6 | UInt128(bits.trailingZeroBitCount)
  }

  /// What does not hold, as sentences.
  func faults() -> [String] {
    var faults: [String] = []
    var sum = 0
    var last: UInt128?
    for (block, words) in blocks.enumerated() {
      if firsts[block] != words.first?.key { faults.append("block \(block) begins elsewhere") }
      if usedBefore[block] != sum { faults.append("before block \(block) \(sum) addresses are used") }
      for word in words {
        if let last, last >= word.key { faults.append("the words are not in order") }
        if word.taken == 0 { faults.append("a word is empty") }
        if word.givable != givable.bits(of: word.key) { faults.append("a word has other givable addresses") }
        last = word.key
        sum += word.used
      }
      if words.count > Self.blockSize { faults.append("block \(block) is too large") }
    }
    if used != sum { faults.append("\(sum) addresses are used, and not \(used)") }
    return faults
  }
}
