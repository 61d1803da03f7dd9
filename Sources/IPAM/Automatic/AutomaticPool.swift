public import Addressing
public import JSON
public import KubernetesAPI

/// One pool that an application is to have: for an interface and a family, cut from a subnet.
public struct AutomaticPool: Hashable, Sendable {
  /// What stays the same when the application is created anew.
  public struct Key: Hashable, Sendable {
    /// The application.
    public let application: ApplicationKey
    /// The name of the subnet.
    public let subnet: String
    /// The interface.
    public let interface: String
    /// The family.
    public let family: IPFamily
  }

  /// What the labels and annotations of a pool that is there say.
  public struct Marks: Hashable, Sendable {
    /// Whose it is.
    public let key: Key
    /// The UID of the application.
    public let uid: String
    /// How many addresses it was made for; nil when that cannot be read.
    public let size: PoolSize?
    /// Whether it goes with its application.
    public let reclaims: Bool

    /// Reads a pool of this family; nil for one that is not automatic.
    public init?(_ metadata: ObjectMeta, _ family: IPFamily) {
      guard let application = ApplicationKey(labels: metadata.labels) else { return nil }
      key = Key(
        application: application, subnet: metadata.labels[SpiderAPI.Label.ownerSubnet.description] ?? "",
        interface: metadata.labels[SpiderAPI.Label.interface.description] ?? "", family: family)
      uid = metadata.labels[SpiderAPI.Label.ownerApplicationUID.description] ?? ""
      size = metadata.annotations[SpiderAPI.Annotation.poolIPNumber.description].flatMap { PoolSize($0) }
      reclaims = metadata.labels[SpiderAPI.Label.reclaim.description] != "false"
    }
  }

  /// Whose it is.
  public let application: Application
  /// The interface, the family and the subnet.
  public let place: AutomaticPoolRequest.Pool
  /// How many addresses it has.
  public let size: PoolSize
  /// Whether it goes with its application.
  public let reclaims: Bool

  /// A pool from its parts.
  public init(application: Application, place: AutomaticPoolRequest.Pool, size: PoolSize, reclaims: Bool) {
    self.application = application
    self.place = place
    self.size = size
    self.reclaims = reclaims
  }

  /// What stays the same when the application is created anew.
  public var key: Key {
    Key(
      application: application.key, subnet: place.subnet, interface: place.interface, family: place.family)
  }

  /// All pools of a request.
  public static func pools(of request: AutomaticPoolRequest, for application: Application) -> [AutomaticPool]
  {
    request.pools.map {
      AutomaticPool(application: application, place: $0, size: request.size, reclaims: request.reclaims)
    }
  }
}

// MARK: names

extension AutomaticPool {
  /// The names that the pool may have, the first one unless another application's pool has it already: they differ in how much
  /// of the application's UID they hold.
  public var names: [String] { Self.digits.map(name) }

  private static let digits = [5, 9, 12]

  /// Whether a pool of this name can be one of an application with this UID.
  public static func isName(_ name: String, of uid: String) -> Bool {
    digits.contains { name.hasSuffix("-\(suffix(uid, $0))") }
  }

  private static func suffix(_ uid: String, _ digits: Int) -> String {
    uid.split(separator: "-").last.map { $0.prefix(digits).lowercased() } ?? ""
  }

  private func name(_ digits: Int) -> String {
    let suffix = Self.suffix(application.uid, digits)
    let family = place.family == .v4 ? 4 : 6
    let interface = Self.nameable(place.interface)
    let room = 253 - "auto4---".utf8.count - interface.utf8.count - suffix.utf8.count
    var name = application.name.lowercased()
    if name.utf8.count > room {
      // Behind a dot a name must go on with a letter or digit.
      var start = name.prefix(room - 17)
      while let last = start.last, last == "." || last == "-" { start.removeLast() }
      name = "\(start)-\(LabelSyntax.digits(of: application.name))"
    }
    return "auto\(family)-\(name)-\(interface)-\(suffix)"
  }

  /// An interface as a part of an object's name: letters and digits, with dots between them, and `-` for anything else.
  private static func nameable(_ interface: String) -> String {
    let isPlain = { (character: Character) in
      character.isASCII && (character.isLetter || character.isNumber)
    }
    let characters = Array(interface.lowercased())
    let named = characters.indices.map { place -> Character in
      let isBetween =
        place > 0 && place + 1 < characters.count && isPlain(characters[place - 1])
        && isPlain(characters[place + 1])
      let character = characters[place]
      return isPlain(character) || character == "." && isBetween ? character : "-"
    }
    return String(named)
  }
}

// MARK: objects

extension AutomaticPool {
  /// The labels that tell whose pool it is.
  private func labels(_ subnet: SpiderSubnet) -> [(StaticString, String)] {
    let key = application.key
    return [
      (SpiderAPI.Label.ownerSubnet, subnet.metadata.name),
      (SpiderAPI.Label.ownerApplicationGV, key.groupVersion),
      (SpiderAPI.Label.ownerApplicationKind, key.kind),
      (SpiderAPI.Label.ownerApplicationNamespace, key.namespace),
      (SpiderAPI.Label.ownerApplicationName, key.name),
      (SpiderAPI.Label.ownerApplicationUID, application.uid),
      (SpiderAPI.Label.interface, place.interface),
      (SpiderAPI.Label.reclaim, "\(reclaims)"),
      (SpiderAPI.Label.ipVersion, "\(place.family)"),
      (SpiderAPI.Label.poolCIDR, SpiderAPI.cidrLabelValue(subnet.spec.subnet)),
    ]
  }

  /// The object that creates the pool with these addresses.
  public func creation(named name: String, in subnet: SpiderSubnet, _ addresses: AddressSet) -> [UInt8] {
    // The core group has no name, and API servers that were built with a newer Go than they were written for take an empty
    // text for null.
    let group = LabelSyntax.fitted(application.group)
    let affinity: [(StaticString, String)] =
      (group.isEmpty ? [] : [(SpiderAPI.Affinity.group, group)]) + [
        (SpiderAPI.Affinity.version, application.version),
        (SpiderAPI.Affinity.kind, application.key.kind),
        (SpiderAPI.Affinity.namespace, application.key.namespace),
        (SpiderAPI.Affinity.name, application.key.name),
      ]
    var spec: JSONValue = [
      "ipVersion": .int(Int64(place.family.rawValue)), "subnet": .string(subnet.spec.subnet),
      "ips": Self.list(addresses), "podAffinity": ["matchLabels": Self.object(affinity)],
    ]
    spec["gateway"] = subnet.spec.gateway.map { .string($0) }
    spec["routes"] = subnet.spec.routes.map(Self.list)
    let pool: JSONValue = [
      "apiVersion": .string(SpiderAPI.apiVersion), "kind": .string(ResourceType.spiderIPPool.kind),
      "metadata": [
        "name": .string(name), "labels": Self.object(labels(subnet)),
        "annotations": Self.object([(SpiderAPI.Annotation.poolIPNumber, "\(size)")]),
        "finalizers": [.string(SpiderAPI.finalizer.description)],
        "ownerReferences": [Self.ownerReference(subnet)],
      ],
      "spec": spec,
    ]
    return pool.bytes
  }

  /// The merge patch that makes a pool which is there this one, with these addresses; conditional on its version.
  /// - Parameter addresses: nil where it keeps those that it has.
  public func change(from version: String, in subnet: SpiderSubnet, _ addresses: AddressSet?) -> [UInt8] {
    var spec: JSONValue = [:]
    spec["ips"] = addresses.map(Self.list)
    spec["gateway"] = subnet.spec.gateway.map { .string($0) } ?? .null
    spec["routes"] = subnet.spec.routes.map(Self.list) ?? .null
    let patch: JSONValue = [
      "metadata": [
        "resourceVersion": .string(version), "labels": Self.object(labels(subnet)),
        "annotations": Self.object([(SpiderAPI.Annotation.poolIPNumber, "\(size)")]),
      ],
      "spec": spec,
    ]
    return patch.bytes
  }

  /// Whether a pool that is there says what this one should, its addresses apart.
  public func isTold(by pool: SpiderIPPool, in subnet: SpiderSubnet) -> Bool {
    labels(subnet).allSatisfy { pool.metadata.labels[$0.0.description] == $0.1 }
      && pool.metadata.annotations[SpiderAPI.Annotation.poolIPNumber.description] == "\(size)"
      && pool.spec.gateway == subnet.spec.gateway && (pool.spec.routes ?? []) == (subnet.spec.routes ?? [])
  }

  private static func list(_ addresses: AddressSet) -> JSONValue {
    .array(addresses.texts.map { .string($0) })
  }

  /// The entry of `metadata.ownerReferences` by which a pool belongs to a subnet.
  public static func ownerReference(_ subnet: SpiderSubnet) -> JSONValue {
    [
      "apiVersion": .string(SpiderAPI.apiVersion), "kind": .string(ResourceType.spiderSubnet.kind),
      "name": .string(subnet.metadata.name), "uid": .string(subnet.metadata.uid), "controller": true,
      "blockOwnerDeletion": true,
    ]
  }

  /// Routes as `spec.routes` holds them.
  public static func list(_ routes: [SpiderRoute]) -> JSONValue {
    .array(routes.map { ["dst": .string($0.destination), "gw": .string($0.gateway)] })
  }

  private static func object(_ pairs: [(StaticString, String)]) -> JSONValue {
    .object(JSONObject(pairs.map { ($0.0.description, .string($0.1)) }))
  }
}
