public import Addressing

/// One pool of a catalog. It is shared, not copied, on the way from a name to a demand.
final class CatalogEntry: Sendable {
  let facts: PoolFacts
  /// The pool's place among others of one origin; the higher goes first.
  let priority: UInt8

  init(_ facts: PoolFacts) {
    self.facts = facts
    priority = facts.priority
  }
}

/// The pools that can be chosen from, by name.
public struct PoolCatalog: Sendable {
  private var entries: [String: CatalogEntry] = [:]
  private var defaults: [IPFamily: [String]] = [:]
  /// The names, sorted.
  public private(set) var names: [String] = []

  /// A catalog without pools.
  public init() {}

  /// The pool with this name.
  public subscript(_ name: String) -> PoolFacts? { entries[name]?.facts }

  /// The pools of this family with `spec.default: true`, sorted by name.
  public func defaultPools(_ family: IPFamily) -> [PoolFacts] {
    defaultEntries(family).map(\.facts)
  }

  func entry(_ name: String) -> CatalogEntry? { entries[name] }

  func defaultEntries(_ family: IPFamily) -> [CatalogEntry] {
    defaults[family]?.compactMap { entries[$0] } ?? []
  }

  /// Adds a pool, or replaces the one with its name.
  public mutating func upsert(_ pool: PoolFacts) {
    let old = entries.updateValue(CatalogEntry(pool), forKey: pool.name)?.facts
    if old == nil { names.insertSorted(pool.name) }
    if let old, old.isDefault { defaults[old.family, default: []].removeSorted(old.name) }
    if pool.isDefault { defaults[pool.family, default: []].insertSorted(pool.name) }
  }

  /// Takes a pool out, if it is there.
  public mutating func remove(_ name: String) {
    guard let old = entries.removeValue(forKey: name)?.facts else { return }
    names.removeSorted(name)
    if old.isDefault { defaults[old.family, default: []].removeSorted(name) }
  }

  /// Replaces everything. Of two pools with one name the latter stays.
  public mutating func replaceAll(_ pools: some Sequence<PoolFacts>) {
    entries = [:]
    for pool in pools { entries[pool.name] = CatalogEntry(pool) }
    names = entries.keys.sorted()
    defaults = [:]
    for name in names {
      if let pool = entries[name]?.facts, pool.isDefault { defaults[pool.family, default: []].append(name) }
    }
  }

  /// The pools of this family whose names match, sorted by name.
  func entries(matching pattern: NamePattern, _ family: IPFamily) -> [CatalogEntry] {
    let prefix = pattern.literalPrefix
    var found: [CatalogEntry] = []
    for name in names[names.firstIndex(atOrAbove: prefix)...] {
      guard name.hasPrefix(prefix) else { break }
      if pattern.matches(name), let entry = entries[name], entry.facts.family == family {
        found.append(entry)
      }
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
