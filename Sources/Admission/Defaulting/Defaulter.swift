import Addressing
import JSON
import KubernetesAPI

/// Completes pools, subnets and reserved addresses, as operations of a JSONPatch that hold nothing but what changes: the
/// patched object gives no further patch. It never refuses; what cannot be completed is left for the rules to judge.
struct Defaulter {
  /// The patch so far.
  private(set) var patch = JSONPatch()

  /// What a subnet gives to the pools of its network.
  struct Subnet {
    let name: String
    let uid: String
    let gateway: String?
    let routes: [SpiderRoute]?
  }

  /// The labels that an object should have.
  private struct Labels {
    var networkKey: StaticString = ""
    var network: CIDR?
    var ownerSubnet: String?

    var isEmpty: Bool { network == nil && ownerSubnet == nil }

    /// Those that are missing or different among these.
    func wrong(in present: JSONView?) -> Labels {
      var wrong = self
      if let network, let value = present?[networkKey] {
        let isRight = network.withText { text in
          SpiderAPI.withCIDRLabelValue(text) { value.equals($0) }
        }
        if isRight { wrong.network = nil }
      }
      if let ownerSubnet, present?[SpiderAPI.Label.ownerSubnet]?.equals(ownerSubnet) == true {
        wrong.ownerSubnet = nil
      }
      return wrong
    }

    func write(to writer: inout JSONWriter) {
      if let network {
        writer.key(networkKey)
        Self.write(network, &writer)
      }
      if let ownerSubnet {
        writer.key(SpiderAPI.Label.ownerSubnet)
        writer.value(ownerSubnet)
      }
    }

    static func write(_ network: CIDR, _ writer: inout JSONWriter) {
      network.withText { text in SpiderAPI.withCIDRLabelValue(text) { writer.value($0) } }
    }
  }

  /// Completes a pool. `subnet` finds the subnet of a network.
  mutating func completePool(_ object: JSONView, subnet: (CIDR) -> Subnet?) {
    let metadata = MetadataReading(object)
    if metadata.isTerminating { return }
    guard let view = object["spec"], view.kind == .object else {
      writeMetadata(metadata, Labels())
      return
    }
    var spec = SpecReading(view)
    guard let network = networkToLabel(spec) else {
      writeMetadata(metadata, Labels())
      writeVersion(spec)
      return
    }
    let owner = subnet(network).flatMap { isOwned(metadata) || !canOwn($0, metadata) ? nil : $0 }
    writeMetadata(
      metadata, Labels(networkKey: SpiderAPI.Label.poolCIDR, network: network, ownerSubnet: owner?.name))
    if let owner {
      writeOwner(owner, metadata)
      inherit(from: owner, spec)
    }
    writeVersion(spec)
    writeLists(&spec)
  }

  /// Completes a subnet.
  mutating func completeSubnet(_ object: JSONView) {
    let metadata = MetadataReading(object)
    if metadata.isTerminating { return }
    guard let view = object["spec"], view.kind == .object else {
      writeMetadata(metadata, Labels())
      return
    }
    var spec = SpecReading(view)
    let network = networkToLabel(spec)
    writeMetadata(metadata, Labels(networkKey: SpiderAPI.Label.subnetCIDR, network: network))
    writeVersion(spec)
    if network != nil { writeLists(&spec) }
  }

  /// Completes reserved addresses: they have no finalizer and no labels.
  mutating func completeReservedIP(_ object: JSONView) {
    if MetadataReading(object).isTerminating { return }
    guard let list = object["spec"]?["ips"], list.kind == .array, list.count > 0 else { return }
    var spec = SpecReading(object["spec"])
    if spec.versionView == nil {
      let first = list.elements.first { _ in true }?.utf8.flatMap(AddressText.range)
      guard let first else { return }
      patch.add("/spec/ipVersion") { $0.value(Int(first.family.rawValue)) }
    }
    writeLists(&spec)
  }
}

extension Defaulter {
  /// The network whose label a pool or subnet gets: canonical, and of the family that the object says.
  private func networkToLabel(_ spec: SpecReading) -> CIDR? {
    guard let network = spec.network, spec.isCanonical else { return nil }
    return spec.versionView == nil || spec.version == network.family ? network : nil
  }

  private mutating func writeVersion(_ spec: SpecReading) {
    guard spec.versionView == nil, let network = spec.network else { return }
    patch.add("/spec/ipVersion") { $0.value(Int(network.family.rawValue)) }
  }

  /// Adds our finalizer and sets labels, making what they stand in when it is absent or `null`.
  private mutating func writeMetadata(_ metadata: MetadataReading, _ labels: Labels) {
    if metadata.view == nil { patch.add("/metadata") { $0.raw("{}") } }
    if !metadata.hasFinalizer {
      if metadata.finalizers?.kind == .array {
        patch.add("/metadata/finalizers", at: nil) { $0.value(SpiderAPI.finalizer) }
      } else if metadata.finalizers == nil {
        patch.add("/metadata/finalizers") { $0.raw("[\"spiderpool.spidernet.io\"]") }
      }
    }
    let wrong = labels.wrong(in: metadata.labels)
    guard !wrong.isEmpty else { return }
    if metadata.labels == nil {
      patch.add("/metadata/labels") { $0.object(wrong.write) }
    } else if metadata.labels?.kind == .object {
      if let network = wrong.network {
        patch.add("/metadata/labels", wrong.networkKey.description) { Labels.write(network, &$0) }
      }
      if let owner = wrong.ownerSubnet {
        patch.add("/metadata/labels", SpiderAPI.Label.ownerSubnet.description, owner)
      }
    }
  }

  /// Sorts and merges the lists of more than one entry; a single entry stays as it was typed, and so does a list with a
  /// mistake.
  private mutating func writeLists(_ spec: inout SpecReading) {
    guard (spec.ipsView?.count ?? 0) > 1 || (spec.excludesView?.count ?? 0) > 1 else { return }
    spec.readLists()
    writeList(spec.ipsView, spec.ips, "/spec/ips")
    writeList(spec.excludesView, spec.excludes, "/spec/excludeIPs")
  }

  private mutating func writeList(_ view: JSONView?, _ list: AddressListReading, _ place: StaticString) {
    guard let view, view.count > 1, let addresses = list.addresses else { return }
    let ranges = addresses.ranges
    var isSame = ranges.count == view.count
    if isSame {
      isSame = zip(ranges, view.elements).allSatisfy { range, element in
        range.withText { element.equals($0) }
      }
    }
    if isSame { return }
    patch.replace(place) { list in
      list.array { array in for range in ranges { range.withText { array.value($0) } } }
    }
  }
}

extension Defaulter {
  /// Whether the pool is a subnet's already, by owner reference and label: then it inherits nothing any more.
  private func isOwned(_ metadata: MetadataReading) -> Bool {
    guard let reference = metadata.controller?.reference, let name = reference["name"],
      let label = metadata.labels?[SpiderAPI.Label.ownerSubnet]
    else { return false }
    return label.equals(name)
  }

  /// Whether no other controller owns the pool.
  private func canOwn(_ subnet: Subnet, _ metadata: MetadataReading) -> Bool {
    guard let reference = metadata.controller?.reference else { return true }
    return names(reference, subnet)
  }

  private func names(_ reference: JSONView, _ subnet: Subnet) -> Bool {
    reference["kind"]?.equals("SpiderSubnet") == true && reference["name"]?.equals(subnet.name) == true
      && reference["apiVersion"]?.string?.hasPrefix(SpiderAPI.group + "/") == true
  }

  /// Makes the subnet the controller: the entry that names it already is written anew, else one is added.
  private mutating func writeOwner(_ subnet: Subnet, _ metadata: MetadataReading) {
    let write = { (writer: inout JSONWriter) in
      writer.object { object in
        object.key("apiVersion")
        object.value(SpiderAPI.apiVersion)
        object.key("kind")
        object.value("SpiderSubnet" as StaticString)
        object.key("name")
        object.value(subnet.name)
        object.key("uid")
        object.value(subnet.uid)
        object.key("controller")
        object.value(true)
        object.key("blockOwnerDeletion")
        object.value(true)
      }
    }
    guard let references = metadata.ownerReferences, references.kind == .array else {
      if metadata.ownerReferences == nil {
        patch.add("/metadata/ownerReferences") { $0.array(write) }
      }
      return
    }
    let named = references.elements.enumerated().first { names($0.element, subnet) }
    guard let (position, reference) = named else {
      patch.add("/metadata/ownerReferences", at: nil, write)
      return
    }
    let isRight =
      reference["uid"]?.equals(subnet.uid) == true && reference["controller"]?.bool == true
      && reference["blockOwnerDeletion"]?.bool == true
      && reference["apiVersion"]?.equals(SpiderAPI.apiVersion) == true
    if !isRight { patch.replace("/metadata/ownerReferences", String(position), write) }
  }

  /// Gives the subnet's gateway and routes to a pool that has none. An empty list of routes is a list.
  private mutating func inherit(from subnet: Subnet, _ spec: SpecReading) {
    if spec.gatewayView == nil, let gateway = subnet.gateway {
      patch.add("/spec/gateway", nil, gateway)
    }
    if spec.routesView == nil, let routes = subnet.routes, !routes.isEmpty {
      patch.add("/spec/routes") { SpiderRoute.write(routes, to: &$0) }
    }
  }
}
