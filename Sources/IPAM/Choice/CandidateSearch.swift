internal import Addressing
internal import KubernetesAPI

/// The pools that one list stands for, before it is asked whom they serve.
struct CandidateList {
  let family: IPFamily
  let pools: [PoolFacts]
  /// Where the list stands in the annotation's JSON.
  let place: String
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
    var pools: [PoolFacts] = []
    var seen: Set<String> = []
    var isMistaken = false
    for (position, name) in list.names.enumerated() {
      if mistakes.isFull { break }
      do throws(FieldError) {
        for pool in try find(name, at: position, of: list) where seen.insert(pool.name).inserted {
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
  func defaults(_ family: IPFamily) -> [PoolFacts] { Self.inOrder(catalog.defaultPools(family)) }

  private static func inOrder(_ pools: [PoolFacts]) -> [PoolFacts] {
    let keyed = pools.map { (priority: $0.priority, pool: $0) }
    return keyed.sorted { ($1.priority, $0.pool.name) < ($0.priority, $1.pool.name) }.map(\.pool)
  }

  private mutating func find(_ name: String, at position: Int, of list: PoolList) throws(FieldError)
    -> [PoolFacts]
  {
    if name.isEmpty { return [] }
    let place = list.place(of: position)
    if NamePattern.isPattern(name) {
      do throws(NamePattern.Mistake) {
        return Self.inOrder(catalog.pools(matching: try NamePattern(name), list.family))
      } catch {
        let detail = "\(GoText.quoted(name)) \(error.rawValue); write a pattern such as \"web-*\""
        throw list.site.mistake(place, detail, Self.patternID)
      }
    }
    guard let pool = catalog[name] else {
      let detail = "there is no pool \(GoText.quoted(name)); \(suggestion(for: name, list.family))"
      throw list.site.mistake(place, detail, Self.unknownID)
    }
    if pool.family != list.family {
      let detail =
        "\(GoText.quoted(name)) is an \(pool.family) pool; name it among the \(pool.family) pools, "
        + "and an \(list.family) pool here"
      throw list.site.mistake(place, detail, Self.familyID)
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
      list.place, "no \(list.family) pool matches \(shown); \(known)", Self.patternID)
  }

  private mutating func suggestion(for name: String, _ family: IPFamily) -> String {
    guard suggestionsLeft > 0 else { return "name a pool that exists" }
    suggestionsLeft -= 1
    return NameSuggestion.text(for: name, among: names(family), what: "\(family) pool")
  }

  private func names(_ family: IPFamily) -> [String] {
    catalog.names.filter { catalog[$0]?.family == family }
  }
}
