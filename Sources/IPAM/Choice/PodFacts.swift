public import JSON
public import KubernetesAPI

/// What is known of a Pod when its pools are chosen.
public struct PodFacts: Sendable, Equatable {
  /// The namespace.
  public let namespace: String
  /// The name; empty while the API server is still to generate one.
  public let name: String
  /// The beginning of a name to be generated.
  public let generateName: String
  /// The UID; empty before the API server gave one.
  public let uid: String
  /// The labels.
  public let labels: [String: String]
  /// The annotations that the choice may look at: Spiderpool's, Multus' and the mark of a mirror Pod.
  public let annotations: [String: String]
  /// The node; empty before the Pod is scheduled.
  public private(set) var nodeName: String
  /// Whether it uses its node's network, and so its node's addresses.
  public let isHostNetwork: Bool
  /// The controller.
  public let owner: OwnerReference?

  /// Reads a Pod of this namespace; in a review the object itself may name none.
  public init(_ object: JSONView, namespace: String) {
    let metadata = object["metadata"]
    let spec = object["spec"]
    self.namespace = namespace
    name = metadata?["name"]?.string ?? ""
    generateName = metadata?["generateName"]?.string ?? ""
    uid = metadata?["uid"]?.string ?? ""
    labels = Self.strings(metadata?["labels"]) { _ in true }
    annotations = Self.strings(metadata?["annotations"], where: Self.isOfUse)
    nodeName = spec?["nodeName"]?.string ?? ""
    isHostNetwork = spec?["hostNetwork"]?.bool ?? false
    let owner = metadata?["ownerReferences"]?.elements.first { $0["controller"]?.bool ?? false }
    self.owner = owner.map { OwnerReference($0) }
  }

  /// The same Pod with a node.
  public func placed(on node: String) -> PodFacts {
    var pod = self
    pod.nodeName = node
    return pod
  }

  /// Whether it stands for a Pod that its node runs without the API server.
  public var isMirror: Bool { annotations[Key.mirror] != nil }

  /// Whoever made the Pod. It is the same before and after the API server generated the name.
  public var ownerKey: OwnerKey {
    if let owner {
      let id = owner.uid.isEmpty ? "\(owner.kind) \(namespace)/\(owner.name)" : owner.uid
      return OwnerKey(id: id, label: "\(owner.kind) \(namespace)/\(owner.name)")
    }
    let name = generateName.isEmpty ? name : "\(generateName)*"
    return OwnerKey(id: "\(namespace)/\(name)", label: "Pod \(namespace)/\(name)")
  }

  static let mirrorKey: StaticString = "kubernetes.io/config.mirror"
  private static let usefulPrefixes: [StaticString] = [
    "ipam.spidernet.io/", "v1.multus-cni.io/", "k8s.v1.cni.cncf.io/",
  ]

  private static func isOfUse(_ key: JSONView) -> Bool {
    guard let utf8 = key.utf8 else { return false }
    return key.equals(mirrorKey)
      || usefulPrefixes.contains { prefix in
        prefix.withUTF8Buffer { $0.count <= utf8.count && utf8.prefix($0.count).elementsEqual($0) }
      }
  }

  private static func strings(_ view: JSONView?, where isOfUse: (JSONView) -> Bool) -> [String: String] {
    guard let view, view.kind == .object else { return [:] }
    var pairs: [String: String] = [:]
    for (key, value) in view.members where isOfUse(key) {
      if let key = key.string, let value = value.string { pairs[key] = value }
    }
    return pairs
  }

  /// The keys looked up for every Pod, as the dictionary has them.
  enum Key {
    static let pools = SpiderAPI.Annotation.pools.description
    static let pool = SpiderAPI.Annotation.pool.description
    static let subnets = SpiderAPI.Annotation.subnets.description
    static let subnet = SpiderAPI.Annotation.subnet.description
    static let number = SpiderAPI.Annotation.poolIPNumber.description
    static let reclaim = SpiderAPI.Annotation.poolReclaim.description
    static let routes = SpiderAPI.Annotation.routes.description
    static let defaultIPv4Pools = SpiderAPI.Annotation.defaultIPv4Pools.description
    static let defaultIPv6Pools = SpiderAPI.Annotation.defaultIPv6Pools.description
    static let mirror = PodFacts.mirrorKey.description
  }
}

/// What is known of a namespace when pools are chosen.
public struct NamespaceFacts: Sendable, Equatable {
  /// The labels.
  public let labels: [String: String]
  /// The annotations.
  public let annotations: [String: String]

  /// A namespace from its parts.
  public init(labels: [String: String] = [:], annotations: [String: String] = [:]) {
    self.labels = labels
    self.annotations = annotations
  }
}

/// What is known of a node when pools are chosen.
public struct NodeFacts: Sendable, Equatable {
  /// The name.
  public let name: String
  /// The labels.
  public let labels: [String: String]

  /// A node from its parts.
  public init(name: String, labels: [String: String] = [:]) {
    self.name = name
    self.labels = labels
  }
}

/// Where a Pod runs.
public enum NodeKnowledge: Sendable, Equatable {
  /// It is not scheduled yet.
  case unknown
  /// It runs, or will run, on this node.
  case known(NodeFacts)
}
