internal import Addressing
internal import JSON
internal import KubernetesAPI

/// The readers of the annotations that name pools. They know JSON and its shape, no pools.
enum PoolAnnotation {
  static let format = RuleID("pool-annotation")
  static let duplicateID = RuleID("pool-named-twice")
  static let interfaceID = RuleID("pool-annotation-interfaces")
  static let limitID = RuleID("pool-annotation-size")

  /// Without a text it is the annotation that a Pod could have.
  static func poolSite(_ text: String?) -> AnnotationSite {
    AnnotationSite(
      key: SpiderAPI.Annotation.pool, holder: text.map { .pod(text: $0) } ?? .nobody,
      example: #"{"ipv4":["pool-a"],"ipv6":["pool-b"]}"#, format: format)
  }

  static func poolsSite(_ text: String) -> AnnotationSite {
    AnnotationSite(
      key: SpiderAPI.Annotation.pools, holder: .pod(text: text),
      example: #"[{"interface":"eth0","ipv4":["pool-a"]},{"interface":"net1","ipv4":["pool-b"]}]"#,
      format: format)
  }

  /// Reads `ippool`: one object with the lists of the first interface.
  static func readPool(_ text: String, _ mistakes: inout Mistakes) -> [InterfaceRequest] {
    let site = poolSite(text)
    var requests: [InterfaceRequest] = []
    site.parse(text, &mistakes) { view, mistakes in
      guard view.kind == .object else {
        mistakes.add(site.malformed("", "must be a JSON object"))
        return
      }
      var counts = NameCounts()
      let lists = readLists(view, AnnotationPlace(), site, &counts, &mistakes)
      requests = [InterfaceRequest(name: "eth0", lists: lists)]
    }
    return requests
  }

  /// Reads `ippools`: an array with one object for each interface.
  static func readPools(_ text: String, _ mistakes: inout Mistakes) -> [InterfaceRequest] {
    readInterfaces(text, poolsSite(text), &mistakes)
  }

  /// Reads an array with one object for each interface: `ippools`, or `subnets`.
  /// - Parameter needsNames: of several interfaces each must have a name; otherwise all or none.
  static func readInterfaces(
    _ text: String, _ site: AnnotationSite, needsNames: Bool = false, _ mistakes: inout Mistakes
  ) -> [InterfaceRequest] {
    var requests: [InterfaceRequest] = []
    site.parse(text, &mistakes) { view, mistakes in
      guard view.kind == .array else {
        mistakes.add(site.malformed("", "must be a JSON array with one object for each interface"))
        return
      }
      if view.count == 0 { mistakes.add(site.malformed("", "names no interface")) }
      if view.count > AnnotationLimits.interfaces {
        let limit = AnnotationLimits.interfaces
        mistakes.add(
          site.mistake("", "names \(view.count) interfaces; at most \(limit) are possible", limitID))
        return
      }
      var counts = NameCounts()
      for (position, item) in view.elements.enumerated() {
        if mistakes.isFull { break }
        requests.append(readInterface(item, AnnotationPlace(item: position), site, &counts, &mistakes))
      }
      checkInterfaces(requests, site, needsNames: needsNames, &mistakes)
    }
    return requests
  }

  /// Reads `subnet`: one object with the lists of one interface, `eth0` if it names none.
  static func readSubnet(
    _ text: String, _ site: AnnotationSite, _ mistakes: inout Mistakes
  ) -> [InterfaceRequest] {
    var requests: [InterfaceRequest] = []
    site.parse(text, &mistakes) { view, mistakes in
      guard view.kind == .object else {
        mistakes.add(site.malformed("", "must be a JSON object"))
        return
      }
      var counts = NameCounts()
      requests = [readInterface(view, AnnotationPlace(), site, &counts, &mistakes)]
      checkInterfaces(requests, site, &mistakes)
    }
    return requests
  }

  /// Reads one of a namespace's default lists: an array of names. An empty list is none.
  static func readDefaults(
    _ text: String, _ family: IPFamily, _ site: AnnotationSite, _ mistakes: inout Mistakes
  ) -> PoolList? {
    var list: PoolList?
    site.parse(text, &mistakes) { view, mistakes in
      var counts = NameCounts()
      list = readList(view, family, AnnotationPlace(), site, &counts, &mistakes)
    }
    return list
  }
}
