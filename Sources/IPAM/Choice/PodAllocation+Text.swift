internal import Addressing
internal import JSON
internal import KubernetesAPI

extension PodAllocation {
  /// An annotation cannot be longer: all of an object's together have this many bytes.
  static let maximumText = 256 << 10

  /// The annotation's text: a JSON array with one object for each interface, named as in a SpiderEndpoint. Equal
  /// allocations have equal texts. What is absent, false or empty is left out.
  public func text() -> String {
    var writer = JSONWriter(reserving: interfaces.count * 192)
    writer.array { array in
      for interface in interfaces {
        array.object { interface.write(to: &$0) }
      }
    }
    return writer.withBytes { String(decoding: $0, as: UTF8.self) }
  }

  /// Reads an annotation's text; nil for anything that `text()` would not say: unknown members, addresses that are not in
  /// their canonical form, two interfaces of one name. The order of members and white space are free.
  public init?(text: String) {
    var parser = JSONParser(maximumDepth: 8, maximumBytes: Self.maximumText)
    let read = try? parser.parse(Array(text.utf8)) { view -> [Interface]? in
      guard view.kind == .array else { return nil }
      var interfaces: [Interface] = []
      var names: Set<String> = []
      for element in view.elements {
        guard let interface = Interface(strict: element), names.insert(interface.name).inserted else {
          return nil
        }
        interfaces.append(interface)
      }
      return interfaces
    }
    guard let interfaces = read ?? nil else { return nil }
    self.init(interfaces: interfaces)
  }
}

extension PodAllocation.Interface {
  fileprivate func write(to object: inout JSONWriter) {
    object.key("interface")
    object.value(name)
    if let ipv4 { Self.write(ipv4, "ipv4", "ipv4Pool", "ipv4Gateway", to: &object) }
    if let ipv6 { Self.write(ipv6, "ipv6", "ipv6Pool", "ipv6Gateway", to: &object) }
    if cleanGateway {
      object.key("cleanGateway")
      object.value(true)
    }
    if routes.isEmpty { return }
    object.key("routes")
    SpiderRoute.write(routes, to: &object)
  }

  private static func write(
    _ address: PodAllocation.Address, _ key: StaticString, _ poolKey: StaticString,
    _ gatewayKey: StaticString,
    to object: inout JSONWriter
  ) {
    object.key(key)
    object.value(address.cidr.description)
    object.key(poolKey)
    object.value(address.pool)
    guard let gateway = address.gateway else { return }
    object.key(gatewayKey)
    object.value(gateway)
  }

  fileprivate init?(strict view: JSONView) {
    guard view.kind == .object else { return nil }
    var (texts, cleanGateway, routes): ([String: String], Bool, [SpiderRoute]) = ([:], false, [])
    for (key, value) in view.members {
      switch key.string {
      case "cleanGateway":
        guard value.bool == true else { return nil }
        cleanGateway = true
      case "routes":
        guard value.kind == .array, value.count > 0 else { return nil }
        for element in value.elements {
          guard let route = SpiderRoute(strict: element) else { return nil }
          routes.append(route)
        }
      case .some(let key):
        guard let text = value.string, !text.isEmpty else { return nil }
        texts[key] = text
      case nil: return nil
      }
    }
    guard let name = texts.removeValue(forKey: "interface") else { return nil }
    let ipv4 = PodAllocation.Address(.v4, taking: "ipv4", from: &texts)
    let ipv6 = PodAllocation.Address(.v6, taking: "ipv6", from: &texts)
    guard texts.isEmpty, ipv4 ?? ipv6 != nil else { return nil }
    self.init(name: name, ipv4: ipv4, ipv6: ipv6, cleanGateway: cleanGateway, routes: routes)
  }
}

extension PodAllocation.Address {
  /// Takes an address out of the texts. Where it is wrong it stays among them, as nothing that is known.
  fileprivate init?(_ family: IPFamily, taking key: String, from texts: inout [String: String]) {
    guard let text = texts[key], let pool = texts["\(key)Pool"] else { return nil }
    guard let cidr = try? CIDR(text), cidr.family == family, cidr.description == text else { return nil }
    let gateway = texts["\(key)Gateway"]
    if let gateway {
      guard let address = try? IPAddress(gateway), address.family == family, address.description == gateway
      else {
        return nil
      }
    }
    for suffix in ["", "Pool", "Gateway"] { texts[key + suffix] = nil }
    self.init(cidr: cidr, pool: pool, gateway: gateway)
  }
}

extension SpiderRoute {
  /// Reads a route in canonical texts; nil for anything else.
  fileprivate init?(strict view: JSONView) {
    guard view.kind == .object, view.count == 2, let destination = view["dst"]?.string,
      let gateway = view["gw"]?.string
    else { return nil }
    self.init(destination: destination, gateway: gateway)
    if canonical != self { return nil }
  }
}
