import Addressing
import JSON

/// The spec of a pool or subnet in a review, read once: what is right as values, what is wrong left for the rules.
struct SpecReading {
  /// Members of `spec`; nil when absent or `null`.
  private(set) var versionView: JSONView?
  private(set) var subnetView: JSONView?
  private(set) var ipsView: JSONView?
  private(set) var excludesView: JSONView?
  private(set) var gatewayView: JSONView?
  private(set) var routesView: JSONView?
  private(set) var podAffinityView: JSONView?
  private(set) var namespaceAffinityView: JSONView?
  private(set) var nodeAffinityView: JSONView?
  private(set) var isDisabled = false

  /// `ipVersion`, if it is 4 or 6.
  let version: IPFamily?
  /// `subnet` as a network, host bits cleared, if it can be read at all.
  let network: CIDR?
  /// Whether `subnet` is written in the canonical way.
  let isCanonical: Bool
  /// The family that everything else must have: the network's, else that of `ipVersion`.
  let family: IPFamily?

  /// `ips` and `excludeIPs`, once `readLists` was called.
  private(set) var ips = AddressListReading()
  private(set) var excludes = AddressListReading()
  /// `ips` without `excludeIPs`; nil when one of the lists holds a mistake, or the family is not known.
  private(set) var addresses: AddressSet?

  init(_ spec: JSONView?) {
    var views = Views()
    if let spec { for (key, value) in spec.members where !value.isNull { views.take(key, value) } }
    versionView = views.version
    subnetView = views.subnet
    ipsView = views.ips
    excludesView = views.excludes
    gatewayView = views.gateway
    routesView = views.routes
    podAffinityView = views.podAffinity
    namespaceAffinityView = views.namespaceAffinity
    nodeAffinityView = views.nodeAffinity
    isDisabled = views.disable?.bool ?? false

    switch views.version?.int {
    case 4: version = .v4
    case 6: version = .v6
    default: version = nil
    }
    let text = views.subnet?.utf8
    let read = text.flatMap { try? CIDR($0) }
    network = read?.network
    isCanonical =
      read.map { cidr in
        cidr.isNetwork && cidr.withText { views.subnet?.equals($0) ?? false }
      } ?? false
    family = network?.family ?? version
  }

  /// Reads the two lists.
  mutating func readLists() {
    ips = AddressListReading(ipsView, family, network)
    excludes = AddressListReading(excludesView, family, network)
    guard let family, !ips.isFaulty, !excludes.isFaulty else { return }
    let included = ips.addresses ?? AddressSet(family)
    addresses = excludes.addresses.map(included.subtracting) ?? included
  }
}

/// One list of addresses.
struct AddressListReading {
  /// Its addresses; nil when it is empty or holds a mistake.
  private(set) var addresses: AddressSet?
  /// Whether an entry cannot be read, is of another family or outside the network.
  private(set) var isFaulty = false
  /// Whether addresses are there twice.
  private(set) var repeats = false

  init() {}

  init(_ view: JSONView?, _ family: IPFamily?, _ network: CIDR?) {
    guard let view else { return }
    guard view.kind == .array else {
      isFaulty = true
      return
    }
    var gathering: AddressSet.Gathering?
    for element in view.elements {
      guard let text = element.utf8, let range = AddressText.range(text),
        range.family == family ?? gathering?.family ?? range.family, network?.contains(range) ?? true
      else {
        isFaulty = true
        return
      }
      if gathering == nil { gathering = .init(range.family, reserving: min(view.count, 256)) }
      gathering?.add(range)
    }
    guard let gathering else { return }
    let count = gathering.count
    let set = gathering.finish()
    repeats = count > set.count
    addresses = set
  }
}

/// The members of a spec that rules look at.
private struct Views {
  var version: JSONView?
  var subnet: JSONView?
  var ips: JSONView?
  var excludes: JSONView?
  var gateway: JSONView?
  var routes: JSONView?
  var podAffinity: JSONView?
  var namespaceAffinity: JSONView?
  var nodeAffinity: JSONView?
  var disable: JSONView?

  @inline(__always)
  mutating func take(_ key: JSONView, _ value: JSONView) {
    switch key.utf8?.count {
    case 3: if key.equals("ips") { ips = value }
    case 6:
      if key.equals("subnet") { subnet = value } else if key.equals("routes") { routes = value }
    case 7:
      if key.equals("gateway") { gateway = value } else if key.equals("disable") { disable = value }
    case 9: if key.equals("ipVersion") { version = value }
    case 10: if key.equals("excludeIPs") { excludes = value }
    case 11: if key.equals("podAffinity") { podAffinity = value }
    case 12: if key.equals("nodeAffinity") { nodeAffinity = value }
    case 17: if key.equals("namespaceAffinity") { namespaceAffinity = value }
    default: break
    }
  }
}
