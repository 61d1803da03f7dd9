internal import Addressing
internal import KubernetesAPI

/// One choice under way.
struct Choosing {
  /// An interface and the lists that it chooses from.
  struct Interface {
    let name: String
    let cleanGateway: Bool
    let lists: [CandidateList]
  }

  var filter: PoolFilter
  var search: CandidateSearch
  var mistakes = Mistakes()
  var awaitsNode = false

  init(filter: PoolFilter, catalog: PoolCatalog) {
    self.filter = filter
    search = CandidateSearch(catalog)
  }

  private var pod: PodFacts { filter.pod }
  private var settings: ChoiceSettings { filter.settings }

  mutating func outcome() -> PoolChoice.Outcome {
    guard let interfaces = interfaces() else { return .leftAlone }
    var plan = AddressPlan(interfaces: [], demands: [])
    for (position, interface) in interfaces.enumerated() {
      plan.interfaces.append(.init(name: interface.name, cleanGateway: interface.cleanGateway))
      for list in interface.lists {
        let pools = servingPools(list, interface.name)
        plan.demands.append(AddressDemand(interface: position, family: list.family, pools: pools))
      }
    }
    if let text = pod.annotations[PodFacts.Key.routes] {
      plan.routes = RoutesAnnotation.read(text, &mistakes)
    }
    if !mistakes.errors.isEmpty { return .refused(mistakes.errors) }
    return awaitsNode ? .awaitsNode : .chosen(plan)
  }

  /// What the first present source says; nil when there is none.
  private mutating func interfaces() -> [Interface]? {
    if let text = pod.annotations[PodFacts.Key.pools] {
      let requests = PoolAnnotation.readPools(text, &mistakes)
      return resolve(requests, PoolAnnotation.poolsSite(text))
    }
    if let text = pod.annotations[PodFacts.Key.pool] {
      let requests = PoolAnnotation.readPool(text, &mistakes)
      return resolve(requests, PoolAnnotation.poolSite(text))
    }
    if let interfaces = namespaceDefaults() { return interfaces }
    return clusterDefaults()
  }

  private mutating func namespaceDefaults() -> [Interface]? {
    guard let annotations = filter.namespace?.annotations, !annotations.isEmpty else { return nil }
    var request = InterfaceRequest(name: "eth0")
    let before = mistakes.errors.count
    let ipv4Site = defaultsSite(.v4)
    for family in [IPFamily.v4, .v6] {
      let key = family == .v4 ? PodFacts.Key.defaultIPv4Pools : PodFacts.Key.defaultIPv6Pools
      guard let text = annotations[key] else { continue }
      let site = family == .v4 ? ipv4Site : defaultsSite(.v6)
      if let list = PoolAnnotation.readDefaults(text, family, site, &mistakes) { request.lists.append(list) }
    }
    if request.lists.isEmpty { return mistakes.errors.count > before ? [] : nil }
    return resolve([request], request.lists.first?.site ?? ipv4Site)
  }

  private func defaultsSite(_ family: IPFamily) -> AnnotationSite {
    AnnotationSite(
      key: family == .v4 ? SpiderAPI.Annotation.defaultIPv4Pools : SpiderAPI.Annotation.defaultIPv6Pools,
      holder: .namespace(pod.namespace), example: #"["pool-a","pool-b"]"#, format: PoolChoice.namespaceID)
  }

  private func clusterDefaults() -> [Interface]? {
    let site = PoolAnnotation.poolSite(nil)
    let lists = [IPFamily.v4, .v6].compactMap { family -> CandidateList? in
      let pools = settings.allows(family) ? search.defaults(family) : []
      return pools.isEmpty
        ? nil : CandidateList(family: family, pools: pools, place: AnnotationPlace(), site: site)
    }
    return lists.isEmpty ? nil : [Interface(name: "eth0", cleanGateway: false, lists: lists)]
  }
}

extension Choosing {
  /// Turns names into pools.
  private mutating func resolve(_ requests: [InterfaceRequest], _ site: AnnotationSite) -> [Interface] {
    let isNamed = requests.allSatisfy { $0.name != nil }
    let names = isNamed ? [] : filter.networks.interfaceNames(requests.count)
    var interfaces: [Interface] = []
    for (position, request) in requests.enumerated() {
      if mistakes.isFull { break }
      let allowed = request.lists.filter { settings.allows($0.family) }
      if allowed.isEmpty, let off = request.lists.first?.family {
        let other: IPFamily = off == .v4 ? .v6 : .v4
        let remedy = settings.allows(other) ? "name \(other) pools" : "so is \(other)"
        let detail = "names \(off) pools only, and \(off) is switched off in this cluster; \(remedy)"
        mistakes.add(site.mistake(request.place.text, detail, PoolChoice.familyOffID))
      }
      interfaces.append(
        Interface(
          name: request.name ?? names[position], cleanGateway: request.cleanGateway,
          lists: allowed.map { search.candidates(of: $0, &mistakes) }))
    }
    return interfaces
  }

  /// The names of the pools that serve the Pod; that none does is a mistake, told with the reason of each.
  private mutating func servingPools(_ list: CandidateList, _ interface: String) -> [String] {
    var serving: [String] = []
    var dropped: [(pool: PoolFacts, reason: PoolFilter.Reason)] = []
    for pool in list.pools {
      switch filter.judge(pool.facts, for: interface) {
      case .serves: serving.append(pool.facts.name)
      case .dependsOnNode:
        serving.append(pool.facts.name)
        awaitsNode = true
      case .dropsOut(let reason):
        if serving.isEmpty, dropped.count < PoolChoice.maximumReasons { dropped.append((pool.facts, reason)) }
      }
    }
    guard serving.isEmpty, !dropped.isEmpty else { return serving }
    var reasons = dropped.map { filter.text(of: $0.reason, $0.pool, interface) }
    let more = list.pools.count - dropped.count
    if more > 0 { reasons.append("so do not \(more) more") }
    mistakes.add(list.site.unserved(list, reasons))
    return []
  }
}

extension AnnotationSite {
  fileprivate func unserved(_ list: CandidateList, _ reasons: [String]) -> FieldError {
    let pools = holder == .nobody ? "the default \(list.family) pools" : "these \(list.family) pools"
    let detail = "none of \(pools) serves this Pod: \(reasons.joined(separator: "; "))"
    return mistake(list.place.text, detail, PoolChoice.servesID)
  }
}
