internal import Addressing
internal import JSON
internal import KubernetesAPI

/// The reader of `ipam.spidernet.io/routes`: routes that a Pod has beside those of its pools.
enum RoutesAnnotation {
  static let format = RuleID("routes-annotation")

  /// The routes in canonical texts.
  static func read(_ text: String, _ mistakes: inout Mistakes) -> [SpiderRoute] {
    let site = AnnotationSite(
      key: SpiderAPI.Annotation.routes, holder: .pod(text: text),
      example: #"[{"dst":"10.7.0.0/16","gw":"10.6.0.1"}]"#, format: format)
    var routes: [SpiderRoute] = []
    site.parse(text, &mistakes) { view, mistakes in
      guard view.kind == .array else {
        mistakes.add(site.malformed("", "must be a JSON array of routes"))
        return
      }
      if view.count > AnnotationLimits.routes {
        let detail = "holds \(view.count) routes; at most \(AnnotationLimits.routes) are possible"
        mistakes.add(site.mistake("", detail, format))
        return
      }
      for (position, item) in view.elements.enumerated() {
        if mistakes.isFull { break }
        if let route = readRoute(item, "[\(position)]", site, &mistakes) { routes.append(route) }
      }
    }
    return routes
  }

  private static func readRoute(
    _ view: JSONView, _ place: String, _ site: AnnotationSite, _ mistakes: inout Mistakes
  ) -> SpiderRoute? {
    guard view.kind == .object else {
      mistakes.add(site.malformed(place, "must be an object with dst and gw"))
      return nil
    }
    let destination = read(
      view.present("dst"), "\(place).dst", "the destination network", site, &mistakes
    ) { (text) throws(CIDRError) in try CIDR(text) }
    let gateway = read(
      view.present("gw"), "\(place).gw", "the address of the next hop", site, &mistakes
    ) { (text) throws(AddressError) in try IPAddress(text) }
    guard let destination, let gateway else { return nil }
    if destination.family != gateway.family {
      let detail =
        "\(gateway) is an \(gateway.family) address, and the destination \(destination.family); "
        + "write an \(destination.family) address"
      mistakes.add(site.mistake("\(place).gw", detail, format))
    }
    return SpiderRoute(destination: destination.network.description, gateway: gateway.description)
  }

  /// Reads a text by `parse`; what is no text, or cannot be read, is a mistake.
  private static func read<Value, Fault: Error>(
    _ view: JSONView?, _ place: String, _ what: String, _ site: AnnotationSite, _ mistakes: inout Mistakes,
    by parse: (String) throws(Fault) -> Value
  ) -> Value? {
    guard let text = view?.string else {
      mistakes.add(site.malformed(place, "must be \(what), a text"))
      return nil
    }
    do throws(Fault) { return try parse(text) } catch {
      mistakes.add(site.malformed(place, "\(GoText.quoted(text)) \(error)"))
      return nil
    }
  }
}
