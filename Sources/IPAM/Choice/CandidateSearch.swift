internal import Addressing
internal import KubernetesAPI

/// The pools that one list stands for, before it is asked whom they serve.
struct CandidateList {
  let family: IPFamily
  let pools: [CatalogEntry]
  let place: AnnotationPlace
  /// The annotation.
  let site: AnnotationSite
}

/// Turns the names and patterns of lists into pools.
struct CandidateSearch {
  static let unknownID = RuleID("pool-unknown")
  static let familyID = RuleID("pool-family")
  static let patternID = RuleID("pool-pattern")

  private let catalog: PoolCatalog
  /// A suggestion compares a name with all others, so there are a few in one answer, not hundreds.
  private var suggestionsLeft = 3

  init(_ catalog: PoolCatalog) { self.catalog = catalog }

  /// The pools in the order written. The pools of a pattern stand at its place, those with an affinity first, then by name.
  /// A pool that is named and matched, or matched twice, stays at its first place.
  mutating func candidates(of list: PoolList, _ mistakes: inout Mistakes) -> CandidateList {
    var pools: [CatalogEntry] = []
    // Names alone are never there twice.
    var seen: Set<ObjectIdentifier>? = list.names.contains(where: NamePattern.isPattern) ? [] : nil
    var isMistaken = false
    for (position, name) in list.names.enumerated() {
      if mistakes.isFull { break }
      do throws(FieldError) {
        for pool in try find(name, at: position, of: list)
        where seen?.insert(ObjectIdentifier(pool)).inserted ?? true {
          pools.append(pool)
        }
      } catch {
        mistakes.add(error)
        isMistaken = true
      }
    }
    if pools.isEmpty, !isMistaken {
      let patterns = list.names.filter { !$0.isEmpty }.map { GoText.quoted($0) }
      if !patterns.isEmpty { mistakes.add(noMatch(patterns, list)) }
    }
    return CandidateList(family: list.family, pools: pools, place: list.place, site: list.site)
  }

  /// The default pools of a family: those with an affinity first, then by name.
  func defaults(_ family: IPFamily) -> [CatalogEntry] { Self.byPriority(catalog.defaultEntries(family)) }

  /// Those of higher priority first; the order of the others among themselves, which is that of their names, stays.
  private static func byPriority(_ pools: [CatalogEntry]) -> [CatalogEntry] {
    guard let first = pools.first, !pools.allSatisfy({ $0.priority == first.priority }) else { return pools }
    let keyed = pools.enumerated().map { (priority: $0.element.priority, position: $0.offset) }
    return keyed.sorted { ($1.priority, $0.position) < ($0.priority, $1.position) }.map { pools[$0.position] }
  }

  private mutating func find(_ name: String, at position: Int, of list: PoolList) throws(FieldError)
    -> [CatalogEntry]
  {
    if name.isEmpty { return [] }

    if NamePattern.isPattern(name) {
      do throws(NamePattern.Mistake) {
        return Self.byPriority(catalog.entries(matching: try NamePattern(name), list.family))
      } catch {
        let detail = "\(GoText.quoted(name)) \(error.rawValue); write a pattern such as \"web-*\""
        throw list.site.mistake(list.place.entry(position), detail, Self.patternID)
      }
    }
    guard let pool = catalog.entry(name) else {
      let detail = "there is no pool \(GoText.quoted(name)); \(suggestion(for: name, list.family))"
      throw list.site.mistake(list.place.entry(position), detail, Self.unknownID)
    }
    if pool.facts.family != list.family {
      let detail =
        "\(GoText.quoted(name)) is an \(pool.facts.family) pool; name it among the \(pool.facts.family) pools, "
        + "and an \(list.family) pool here"
      throw list.site.mistake(list.place.entry(position), detail, Self.familyID)
    }
    return [pool]
  }

  private func noMatch(_ patterns: [String], _ list: PoolList) -> FieldError {
    let names = names(list.family)
    let known =
      names.isEmpty
      ? "there is no \(list.family) pool yet" : "the \(list.family) pools are \(NameSuggestion.listed(names))"
    let shown = NameSuggestion.listed(patterns)
    return list.site.mistake(
      list.place.text, "no \(list.family) pool matches \(shown); \(known)", Self.patternID)
  }

  private mutating func suggestion(for name: String, _ family: IPFamily) -> String {
    guard suggestionsLeft > 0 else { return "name a pool that exists" }
    suggestionsLeft -= 1
    return NameSuggestion.text(for: name, among: names(family), what: "\(family) pool")
  }

  private func names(_ family: IPFamily) -> [String] {
    catalog.names.filter { catalog.entry($0)?.facts.family == family }
  }
}
