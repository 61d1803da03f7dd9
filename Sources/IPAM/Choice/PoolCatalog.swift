public import Addressing

/// The pools that can be chosen from, by name.
public struct PoolCatalog: Sendable {
  private var pools: [String: PoolFacts] = [:]
  private var defaults: [IPFamily: [String]] = [:]
  /// The names, sorted.
  public private(set) var names: [String] = []

  /// A catalog without pools.
  public init() {}

  /// The pool with this name.
  public subscript(_ name: String) -> PoolFacts? { pools[name] }

  /// The pools of this family with `spec.default: true`, sorted by name.
  public func defaultPools(_ family: IPFamily) -> [PoolFacts] {
    defaults[family, default: []].compactMap { pools[$0] }
  }

  /// Adds a pool, or replaces the one with its name.
  public mutating func upsert(_ pool: PoolFacts) {
    let old = pools.updateValue(pool, forKey: pool.name)
    if old == nil { names.insertSorted(pool.name) }
    if let old, old.isDefault { defaults[old.family, default: []].removeSorted(old.name) }
    if pool.isDefault { defaults[pool.family, default: []].insertSorted(pool.name) }
  }

  /// Takes a pool out, if it is there.
  public mutating func remove(_ name: String) {
    guard let old = pools.removeValue(forKey: name) else { return }
    names.removeSorted(name)
    if old.isDefault { defaults[old.family, default: []].removeSorted(name) }
  }

  /// Replaces everything. Of two pools with one name the latter stays.
  public mutating func replaceAll(_ pools: some Sequence<PoolFacts>) {
    self.pools = [:]
    for pool in pools { self.pools[pool.name] = pool }
    names = self.pools.keys.sorted()
    defaults = [:]
    for name in names {
      if let pool = self.pools[name], pool.isDefault { defaults[pool.family, default: []].append(name) }
    }
  }

  /// The pools of this family whose names match, sorted by name.
  func pools(matching pattern: NamePattern, _ family: IPFamily) -> [PoolFacts] {
    let prefix = pattern.literalPrefix
    var found: [PoolFacts] = []
    for name in names[names.firstIndex(atOrAbove: prefix)...] {
      guard name.hasPrefix(prefix) else { break }
      if pattern.matches(name), let pool = pools[name], pool.family == family { found.append(pool) }
    }
    return found
  }
}

extension [String] {
  /// The place of the first element that is not below this one; the array is sorted.
  fileprivate func firstIndex(atOrAbove name: String) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if self[middle] < name { low = middle + 1 } else { high = middle }
    }
    return low
  }

  fileprivate mutating func insertSorted(_ name: String) { insert(name, at: firstIndex(atOrAbove: name)) }

  fileprivate mutating func removeSorted(_ name: String) {
    let place = firstIndex(atOrAbove: name)
    if place < count, self[place] == name { remove(at: place) }
  }
}
