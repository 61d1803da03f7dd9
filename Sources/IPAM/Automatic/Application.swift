public import KubernetesAPI

/// The controller at the top of a Pod's owners: automatic pools are made for it.
public struct Application: Hashable, Sendable, CustomStringConvertible {
  /// Group and version, `apps/v1`; the version alone for the core group.
  public let apiVersion: String
  /// The kind.
  public let kind: String
  /// The namespace.
  public let namespace: String
  /// The name.
  public let name: String
  /// The UID.
  public var uid: String

  /// An application from its parts.
  public init(apiVersion: String, kind: String, namespace: String, name: String, uid: String) {
    self.apiVersion = apiVersion
    self.kind = kind
    self.namespace = namespace
    self.name = name
    self.uid = uid
  }

  /// The owner of an object of this namespace.
  public init(_ owner: OwnerReference, namespace: String) {
    self.init(
      apiVersion: owner.apiVersion, kind: owner.kind, namespace: namespace, name: owner.name, uid: owner.uid)
  }

  /// The API group; empty for the core group.
  public var group: String {
    apiVersion.firstIndex(of: "/").map { String(apiVersion[..<$0]) } ?? ""
  }

  /// The API version.
  public var version: String {
    apiVersion.firstIndex(of: "/").map { String(apiVersion[apiVersion.index(after: $0)...]) } ?? apiVersion
  }

  /// Kind, namespace and name, for people.
  public var description: String { "\(kind) \(namespace)/\(name)" }

  /// As a subnet's status names it: `apps_v1_Deployment_default_web`.
  public var statusText: String {
    "\(apiVersion.replacing("/", with: "_"))_\(kind)_\(namespace)_\(name)"
  }

  /// Reads what ``statusText`` wrote; the UID is not known then. Nil for anything else.
  public init?(statusText text: String) {
    let parts = text.split(separator: "_", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 4 || parts.count == 5 else { return nil }
    self.init(
      apiVersion: parts.count == 5 ? "\(parts[0])/\(parts[1])" : parts[0], kind: parts[parts.count - 3],
      namespace: parts[parts.count - 2], name: parts[parts.count - 1], uid: "")
  }

  /// The object, as Events refer to it.
  public var reference: ObjectReference {
    ObjectReference(apiVersion: apiVersion, kind: kind, namespace: namespace, name: name, uid: uid)
  }

  /// What stays the same when it is created anew.
  public var key: ApplicationKey { ApplicationKey(self) }

  /// Whether it is one of Kubernetes' own controllers, whose replicas are known.
  public var isNative: Bool { WorkloadKind(apiVersion: apiVersion, kind: kind) != nil }
}

/// What kind of object an application is, as owner references name it.
public struct ApplicationKind: Hashable, Sendable {
  /// Group and version, `apps/v1`.
  public let apiVersion: String
  /// The kind.
  public let kind: String

  /// A kind from its parts.
  public init(apiVersion: String, kind: String) {
    self.apiVersion = apiVersion
    self.kind = kind
  }

  /// An application's.
  public init(_ application: Application) {
    self.init(apiVersion: application.apiVersion, kind: application.kind)
  }

  /// An application's.
  public init(_ application: ApplicationKey) {
    self.init(apiVersion: application.apiVersion, kind: application.kind)
  }
}

/// An application by what the labels of its pools say: names too long for a label are shortened.
public struct ApplicationKey: Hashable, Sendable, CustomStringConvertible {
  /// Group and version, joined by `_`.
  public let groupVersion: String
  /// The kind.
  public let kind: String
  /// The namespace.
  public let namespace: String
  /// The name.
  public let name: String

  /// As a subnet's status names it, as far as it is known here.
  public var statusText: String { "\(groupVersion)_\(kind)_\(namespace)_\(name)" }

  /// Kind, namespace and name, for people.
  public var description: String { "\(kind) \(namespace)/\(name)" }

  /// Whether a part of it may have been shortened, so that the object cannot be found by it.
  public var isShortened: Bool {
    [groupVersion, kind, namespace, name].contains { $0.utf8.count >= LabelSyntax.maximumLength }
  }

  /// Group and version as objects have them, `apps/v1`.
  public var apiVersion: String { groupVersion.replacing("_", with: "/") }

  /// Which of Kubernetes' own kinds it is; nil for an application of somebody else's.
  public var workloadKind: WorkloadKind? { WorkloadKind(apiVersion: apiVersion, kind: kind) }

  init(_ application: Application) {
    groupVersion = LabelSyntax.fitted(application.apiVersion.replacing("/", with: "_"))
    kind = LabelSyntax.fitted(application.kind)
    namespace = LabelSyntax.fitted(application.namespace)
    name = LabelSyntax.fitted(application.name)
  }

  /// The application that a pool's labels name; nil for a pool that is not automatic.
  init?(labels: [String: String]) {
    guard let name = labels[SpiderAPI.Label.ownerApplicationName.description] else { return nil }
    self.name = name
    groupVersion = labels[SpiderAPI.Label.ownerApplicationGV.description] ?? ""
    kind = labels[SpiderAPI.Label.ownerApplicationKind.description] ?? ""
    namespace = labels[SpiderAPI.Label.ownerApplicationNamespace.description] ?? ""
  }
}

/// Kubernetes' own controllers, which are followed.
public enum WorkloadKind: String, Hashable, Sendable, CaseIterable {
  case deployment = "Deployment"
  case replicaSet = "ReplicaSet"
  case statefulSet = "StatefulSet"
  case daemonSet = "DaemonSet"
  case job = "Job"
  case cronJob = "CronJob"

  /// The kind of objects that say this of themselves, in whatever version they are served.
  public init?(apiVersion: String, kind: String) {
    self.init(rawValue: kind)
    let group = apiVersion.split(separator: "/").first.map(String.init)
    guard let group, apiVersion.contains("/"), groups.contains(group) else { return nil }
  }

  /// The groups in which owner references have named it.
  private var groups: [String] {
    switch self {
    case .deployment, .replicaSet, .statefulSet, .daemonSet: ["apps", "extensions"]
    case .job: ["batch"]
    // kubectl 1.20 writes apps/v1 where it makes a Job from a CronJob.
    case .cronJob: ["batch", "apps"]
    }
  }

  private var isOfBatch: Bool { self == .job || self == .cronJob }

  /// The version by which applications of this kind are known, whatever version the API server offers.
  public var apiVersion: String { isOfBatch ? "batch/v1" : "apps/v1" }

  /// The members that lead from an object to the Pods' template.
  public var templatePath: [StaticString] {
    self == .cronJob ? ["spec", "jobTemplate", "spec", "template"] : ["spec", "template"]
  }
}
