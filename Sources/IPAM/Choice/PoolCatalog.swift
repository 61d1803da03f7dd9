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
  /// The automatic pools by whose they are: one, but while an application is replaced by another of its name.
  private var automatic: [AutomaticPool.Key: [String]] = [:]
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
    if old?.marks?.key != pool.marks?.key {
      old.map { removeAutomatic($0) }
      if let key = pool.marks?.key { automatic[key, default: []].insertSorted(pool.name) }
    }
  }

  private mutating func removeAutomatic(_ pool: PoolFacts) {
    guard let key = pool.marks?.key else { return }
    automatic[key]?.removeSorted(pool.name)
    if automatic[key]?.isEmpty == true { automatic[key] = nil }
  }

  /// The automatic pools of this key, in the order of their names.
  public func automaticPools(_ key: AutomaticPool.Key) -> [PoolFacts] {
    automatic[key]?.compactMap { entries[$0]?.facts } ?? []
  }

  /// All automatic pools, in any order.
  public var automaticPools: [PoolFacts] {
    automatic.values.joined().compactMap { entries[$0]?.facts }
  }

  /// The automatic pools of an application of this name, of whatever subnet, by name.
  public func automaticPools(of application: ApplicationKey) -> [PoolFacts] {
    automatic.filter { $0.key.application == application }.values.joined().sorted().compactMap {
      entries[$0]?.facts
    }
  }

  /// Takes a pool out, if it is there.
  public mutating func remove(_ name: String) {
    guard let old = entries.removeValue(forKey: name)?.facts else { return }
    names.removeSorted(name)
    if old.isDefault { defaults[old.family, default: []].removeSorted(name) }
    removeAutomatic(old)
  }

  /// Replaces everything. Of two pools with one name the latter stays.
  public mutating func replaceAll(_ pools: some Sequence<PoolFacts>) {
    self = PoolCatalog()
    for pool in pools { upsert(pool) }
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
