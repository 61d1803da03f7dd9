internal import Addressing
internal import JSON
internal import KubernetesAPI

/// How many names and patterns of an annotation were read.
struct NameCounts {
  var names = 0
  var patterns = 0

  /// What the limit is, once there is one name too many.
  mutating func excess(with name: String, _ noun: StaticString) -> String? {
    names += 1
    if NamePattern.isPattern(name) { patterns += 1 }
    if names > AnnotationLimits.names { return "at most \(AnnotationLimits.names) \(noun)s can be named" }
    if patterns > AnnotationLimits.patterns {
      return "at most \(AnnotationLimits.patterns) patterns are possible"
    }
    return nil
  }
}

extension PoolAnnotation {
  static func readInterface(
    _ view: JSONView, _ place: AnnotationPlace, _ site: AnnotationSite, _ counts: inout NameCounts,
    _ mistakes: inout Mistakes
  ) -> InterfaceRequest {
    var request = InterfaceRequest(place: place)
    guard view.kind == .object else {
      request.isMisnamed = true
      mistakes.add(site.malformed(place.text, "must be an object"))
      return request
    }
    if let name = view.present("interface") {
      if let text = name.string {
        if !text.isEmpty { request.name = text }
      } else {
        request.isMisnamed = true
        mistakes.add(site.malformed(place.member("interface").text, "must be the name of an interface"))
      }
    }
    if let clean = view.present("cleangateway") {
      if let bool = clean.bool {
        request.cleanGateway = bool
      } else {
        mistakes.add(
          site.malformed(place.member("cleangateway").text, "must be true or false, without quotes"))
      }
    }
    request.lists = readLists(view, place, site, &counts, &mistakes)
    return request
  }

  /// The lists of one interface. That both are missing or empty is a mistake.
  static func readLists(
    _ view: JSONView, _ place: AnnotationPlace, _ site: AnnotationSite, _ counts: inout NameCounts,
    _ mistakes: inout Mistakes
  ) -> [PoolList] {
    let before = mistakes.errors.count
    var lists: [PoolList] = []

    if let names = view.present("ipv4"),
      let list = readList(names, .v4, place.member("ipv4"), site, &counts, &mistakes)
    {
      lists.append(list)
    }
    if let names = view.present("ipv6"),
      let list = readList(names, .v6, place.member("ipv6"), site, &counts, &mistakes)
    {
      lists.append(list)
    }
    if lists.isEmpty, mistakes.errors.count == before {
      mistakes.add(
        site.malformed(place.text, "names no \(site.noun): ipv4 and ipv6 are both missing or empty"))
    }
    return lists
  }

  static func readList(
    _ view: JSONView, _ family: IPFamily, _ place: AnnotationPlace, _ site: AnnotationSite,
    _ counts: inout NameCounts, _ mistakes: inout Mistakes
  ) -> PoolList? {
    guard view.kind == .array else {
      if !view.isNull { mistakes.add(site.malformed(place.text, "must be a list of \(site.noun) names")) }
      return nil
    }
    var names: [String] = []
    var seen: [String: Int] = [:]
    for (position, element) in view.elements.enumerated() {
      if mistakes.isFull { break }

      guard let name = element.string, !name.isEmpty else {
        mistakes.add(site.malformed(place.entry(position), "must be the name of a \(site.noun)"))
        names.append("")
        continue
      }
      if let first = view.count > 1 ? seen.updateValue(position, forKey: name) : nil {
        let detail =
          "\(GoText.quoted(name)) stands at \(place.entry(first)) already; name each \(site.noun) once"
        mistakes.add(site.mistake(place.entry(position), detail, duplicateID))
        names.append("")
        continue
      }

      if let excess = counts.excess(with: name, site.noun) {
        mistakes.add(site.mistake(place.entry(position), "is one name too many; \(excess)", limitID))
        break
      }
      names.append(name)
    }
    return view.count == 0 ? nil : PoolList(family: family, names: names, place: place, site: site)
  }

  /// Either all interfaces are named, each once, or none is; where names are needed, none is right for a single one only.
  static func checkInterfaces(
    _ requests: [InterfaceRequest], _ site: AnnotationSite, needsNames: Bool = false,
    _ mistakes: inout Mistakes
  ) {
    var seen: [String: Int] = [:]
    let named = requests.first { $0.name != nil }
    for request in requests where !request.isMisnamed {
      let place = request.place.member("interface")
      guard let name = request.name else {
        if needsNames {
          if requests.count > 1 { mistakes.add(site.malformed(request.place.text, "has no interface")) }
        } else if let named {
          let detail = "is missing, while \(named.place.text) has one; name all interfaces, or none"
          mistakes.add(site.mistake(place.text, detail, interfaceID))
        }
        continue
      }
      if let fault = fault(inInterface: name) {
        mistakes.add(site.mistake(place.text, "\(GoText.quoted(name)) \(fault)", interfaceID))
      }
      if let item = request.place.item, let first = seen.updateValue(item, forKey: name) {
        let detail = "\(GoText.quoted(name)) stands at [\(first)].interface already; name each interface once"
        mistakes.add(site.mistake(place.text, detail, interfaceID))
      }
    }
  }

  /// What Linux would not accept as an interface's name (`dev_valid_name` in net/core/dev.c).
  static func fault(inInterface name: String) -> String? {
    if name.utf8.count > 15 { return "is longer than the 15 bytes an interface's name may have" }
    let isWrong =
      name == "." || name == ".."
      || name.unicodeScalars.contains {
        $0 == "/" || $0 == ":" || $0.properties.isWhitespace || $0.value < 0x20
      }
    return isWrong ? "cannot name an interface: /, : and white space are not allowed" : nil
  }
}
