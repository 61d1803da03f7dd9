public import JSON
public import KubernetesAPI

/// What is known of an object of Kubernetes' own controllers, as far as its Pods' addresses are concerned.
public struct Workload: Sendable, Equatable {
  /// The object itself.
  public let application: Application
  /// What kind of object it is.
  public let kind: WorkloadKind
  /// Whose it is: the Deployment of a ReplicaSet, the CronJob of a Job, or somebody else's.
  public let controller: OwnerReference?
  /// How many Pods it wants at a time.
  public let replicas: Int
  /// What its Pods' template says of automatic pools; nil when it says nothing, or its Pods use their nodes' network.
  public let template: AutomaticAnnotations?
  /// Whether its deletion has begun.
  public let isTerminating: Bool

  /// Reads an object of this kind.
  public init(_ view: JSONView, _ kind: WorkloadKind) {
    let metadata = view["metadata"]
    self.kind = kind
    application = Application(
      apiVersion: kind.apiVersion, kind: kind.rawValue, namespace: metadata?["namespace"]?.string ?? "",
      name: metadata?["name"]?.string ?? "", uid: metadata?["uid"]?.string ?? "")
    let owner = metadata?["ownerReferences"]?.elements.first { $0["controller"]?.bool ?? false }
    controller = owner.map { OwnerReference($0) }
    replicas = Self.replicas(view, kind)
    let template = kind.templatePath.reduce(Optional(view)) { $0?[$1] }
    let isHostNetwork = template?["spec"]?["hostNetwork"]?.bool ?? false
    let annotations = AutomaticAnnotations(template?["metadata"]?["annotations"])
    self.template = isHostNetwork || !annotations.areMeant ? nil : annotations
    isTerminating = metadata?["deletionTimestamp"]?.string != nil
  }

  /// The application whose pools serve its Pods, as far as it can tell by itself: itself, or the object of Kubernetes' own
  /// that makes it. What other objects own stays an application of its own.
  public var top: Application {
    guard let controller, isPart else { return application }
    let kind = self.kind == .replicaSet ? WorkloadKind.deployment : .cronJob
    return Application(
      apiVersion: kind.apiVersion, kind: kind.rawValue, namespace: application.namespace,
      name: controller.name,
      uid: controller.uid)
  }

  /// Whether it is made by another of these objects, which has the pools.
  public var isPart: Bool {
    guard let controller,
      let owner = WorkloadKind(apiVersion: controller.apiVersion, kind: controller.kind)
    else { return false }
    return self.kind == .replicaSet && owner == .deployment || self.kind == .job && owner == .cronJob
  }

  private static func replicas(_ view: JSONView, _ kind: WorkloadKind) -> Int {
    let spec = view["spec"]
    switch kind {
    case .deployment, .replicaSet, .statefulSet: return count(spec?["replicas"]) ?? 1
    case .daemonSet: return count(view["status"]?["desiredNumberScheduled"]) ?? 0
    case .job: return pods(of: spec)
    case .cronJob: return pods(of: spec?["jobTemplate"]?["spec"])
    }
  }

  /// The Pods of a Job: its completions, else its parallelism.
  private static func pods(of job: JSONView?) -> Int {
    let number = count(job?["completions"]) ?? count(job?["parallelism"]) ?? 1
    return max(1, number)
  }

  private static func count(_ view: JSONView?) -> Int? {
    view?.int.map { Int(clamping: max(0, min($0, Int64(PoolSize.limit)))) }
  }
}

/// The workloads that are there, by what they are called.
public struct WorkloadTable: Sendable {
  /// The name of a workload.
  public struct Key: Hashable, Sendable {
    /// What kind of object it is.
    public let kind: WorkloadKind
    /// The namespace.
    public let namespace: String
    /// The name.
    public let name: String

    /// A key from its parts.
    public init(kind: WorkloadKind, namespace: String, name: String) {
      self.kind = kind
      self.namespace = namespace
      self.name = name
    }
  }

  private var workloads: [Key: Workload] = [:]

  /// An empty table.
  public init() {}

  /// The workload of this name.
  public subscript(key: Key) -> Workload? {
    get { workloads[key] }
    set { workloads[key] = newValue }
  }

  /// Takes out all of a kind.
  public mutating func removeAll(_ kind: WorkloadKind) {
    workloads = workloads.filter { $0.key.kind != kind }
  }

  /// The names of all, in any order.
  public var keys: some Collection<Key> { workloads.keys }

  /// Those that make the Pods of a workload: a Deployment's ReplicaSets, a CronJob's Jobs, or itself.
  public func makers(of workload: Workload) -> [Application] {
    guard workload.kind == .deployment || workload.kind == .cronJob else { return [workload.application] }
    return workloads.values.filter { part in
      part.isPart && part.replicas > 0 && part.top.uid == workload.application.uid
    }.map(\.application)
  }

  /// The application that an object's controller is, or is made by; nil when the controller is one of Kubernetes' own that
  /// was not seen yet.
  public func top(of owner: OwnerReference, namespace: String) -> Application? {
    guard let kind = WorkloadKind(apiVersion: owner.apiVersion, kind: owner.kind) else {
      return Application(owner, namespace: namespace)
    }
    let own = Application(
      apiVersion: kind.apiVersion, kind: kind.rawValue, namespace: namespace, name: owner.name, uid: owner.uid
    )
    guard kind == .replicaSet || kind == .job else { return own }
    guard let workload = self[own], workload.application.uid == owner.uid else { return nil }
    return workload.top
  }

  /// The workload that an application of Kubernetes' own is, if it was seen with this UID.
  public subscript(application: Application) -> Workload? {
    guard let kind = WorkloadKind(apiVersion: application.apiVersion, kind: application.kind) else {
      return nil
    }
    let key = Key(kind: kind, namespace: application.namespace, name: application.name)
    guard let workload = workloads[key], workload.application.uid == application.uid else { return nil }
    return workload
  }
}
