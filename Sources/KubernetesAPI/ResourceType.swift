/// One kind of resource that an API server serves: what its URLs and its objects call it.
public struct ResourceType: Hashable, Sendable {
  /// The API group; empty for the core group.
  public let group: String
  /// The served version, for example `v2beta1`.
  public let version: String
  /// The name in URLs: plural, lower case.
  public let plural: String
  /// The name in objects, for example `SpiderIPPool`.
  public let kind: String
  /// Whether objects live in a namespace.
  public let isNamespaced: Bool
  /// Whether `status` is written through its own subresource, and ignored by writes of the object.
  public let hasStatus: Bool
  /// Whether objects have a `scale` subresource, which tells their replicas in the same way for every kind.
  public let hasScale: Bool
  /// Whether lists and watches are asked for `metadata` alone. What comes may be the whole object all the same.
  public private(set) var isMetadataOnly = false

  /// A resource type from its facts.
  public init(
    group: String, version: String, plural: String, kind: String, isNamespaced: Bool, hasStatus: Bool,
    hasScale: Bool = false
  ) {
    self.group = group
    self.version = version
    self.plural = plural
    self.kind = kind
    self.isNamespaced = isNamespaced
    self.hasStatus = hasStatus
    self.hasScale = hasScale
  }

  /// The same type, of whose objects lists and watches show the metadata alone.
  public var metadataOnly: ResourceType {
    var type = self
    type.isMetadataOnly = true
    return type
  }

  /// What objects carry in `apiVersion`: `group/version`, or `version` alone for the core group.
  public var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

  /// `plural.group`, as the API server's messages name a resource; `plural` alone for the core group.
  public var qualifiedName: String { group.isEmpty ? plural : "\(plural).\(group)" }

  /// Group, version and plural decide; the rest follows from them.
  public static func == (left: Self, right: Self) -> Bool {
    left.plural == right.plural && left.group == right.group && left.version == right.version
  }

  /// Agrees with `==`.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(plural)
    hasher.combine(group)
    hasher.combine(version)
  }
}

extension ResourceType {
  /// `SpiderIPPool`, cluster-scoped.
  public static let spiderIPPool = spiderpool("spiderippools", "SpiderIPPool", hasStatus: true)
  /// `SpiderSubnet`, cluster-scoped.
  public static let spiderSubnet = spiderpool("spidersubnets", "SpiderSubnet", hasStatus: true)
  /// `SpiderReservedIP`, cluster-scoped; it has no status.
  public static let spiderReservedIP = spiderpool("spiderreservedips", "SpiderReservedIP")
  /// `SpiderEndpoint`; its status is part of the object and no subresource.
  public static let spiderEndpoint = spiderpool("spiderendpoints", "SpiderEndpoint", isNamespaced: true)

  /// `Pod`.
  public static let pod = ResourceType(
    group: "", version: "v1", plural: "pods", kind: "Pod", isNamespaced: true, hasStatus: true)
  /// `Namespace`.
  public static let namespace = ResourceType(
    group: "", version: "v1", plural: "namespaces", kind: "Namespace", isNamespaced: false, hasStatus: true)
  /// `Node`.
  public static let node = ResourceType(
    group: "", version: "v1", plural: "nodes", kind: "Node", isNamespaced: false, hasStatus: true)
  /// `ConfigMap`.
  public static let configMap = ResourceType(
    group: "", version: "v1", plural: "configmaps", kind: "ConfigMap", isNamespaced: true, hasStatus: false)
  /// `Secret`.
  public static let secret = ResourceType(
    group: "", version: "v1", plural: "secrets", kind: "Secret", isNamespaced: true, hasStatus: false)
  /// `Deployment`.
  public static let deployment = workload("apps", "deployments", "Deployment")
  /// `ReplicaSet`.
  public static let replicaSet = workload("apps", "replicasets", "ReplicaSet")
  /// `StatefulSet`.
  public static let statefulSet = workload("apps", "statefulsets", "StatefulSet")
  /// `DaemonSet`.
  public static let daemonSet = workload("apps", "daemonsets", "DaemonSet")
  /// `Job`.
  public static let job = workload("batch", "jobs", "Job")
  /// `CronJob`.
  public static let cronJob = workload("batch", "cronjobs", "CronJob")
  /// `Lease`.
  public static let lease = ResourceType(
    group: "coordination.k8s.io", version: "v1", plural: "leases", kind: "Lease", isNamespaced: true,
    hasStatus: false)
  /// `Event` of the core group.
  public static let event = ResourceType(
    group: "", version: "v1", plural: "events", kind: "Event", isNamespaced: true, hasStatus: false)

  /// Every type above.
  public static let known: [ResourceType] = [
    spiderIPPool, spiderSubnet, spiderReservedIP, spiderEndpoint, pod, namespace, node, configMap, secret,
    deployment, replicaSet, statefulSet, daemonSet, job, cronJob, lease, event,
  ]

  /// The known type with this `apiVersion` and `kind`, if there is one.
  public static func known(apiVersion: String, kind: String) -> ResourceType? {
    known.first { $0.kind == kind && $0.apiVersion == apiVersion }
  }

  private static func spiderpool(
    _ plural: String, _ kind: String, isNamespaced: Bool = false, hasStatus: Bool = false
  ) -> ResourceType {
    ResourceType(
      group: "spiderpool.spidernet.io", version: "v2beta1", plural: plural, kind: kind,
      isNamespaced: isNamespaced, hasStatus: hasStatus)
  }

  private static func workload(_ group: String, _ plural: String, _ kind: String) -> ResourceType {
    ResourceType(
      group: group, version: "v1", plural: plural, kind: kind, isNamespaced: true, hasStatus: true)
  }
}
