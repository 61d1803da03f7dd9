public import Admission
public import Cluster
public import IPAM
internal import JSON
internal import KubernetesAPI
public import Logging

/// Follows Kubernetes' own controllers on every replica, and tells the address book what is seen: a Pod's pools are those of
/// the application at the top of its owners.
public final class WorkloadFollower: Sendable {
  private let reflectors: [(kind: WorkloadKind, reflector: Reflector<Workload>)]

  /// A follower that does nothing yet.
  /// - Parameter changed: is told the name of each workload that may have to be looked at.
  public init(
    _ book: AddressBook, from store: any ClusterStore, timing: ReflectorTiming = ReflectorTiming(),
    changed: @escaping @Sendable (WorkloadTable.Key) -> Void, logger: Logger
  ) {
    reflectors = WorkloadKind.allCases.map { kind in
      (
        kind,
        Reflector(
          store: store, type: kind.type, sink: Self.sink(book, kind, changed), timing: timing, logger: logger)
      )
    }
  }

  /// Follows until the task is cancelled.
  public func run() async {
    await withTaskGroup(of: Void.self) { group in
      for (_, reflector) in reflectors { group.addTask { await reflector.run() } }
    }
  }

  /// Returns when all was listed once, or the task is cancelled.
  public func synced() async {
    for (_, reflector) in reflectors { await reflector.synced() }
  }

  /// How each kind does.
  public var statuses: [DirectoryFeed.Status] { reflectors.map { ($0.kind.rawValue, $0.reflector.status) } }

  private static func sink(
    _ book: AddressBook, _ kind: WorkloadKind, _ changed: @escaping @Sendable (WorkloadTable.Key) -> Void
  ) -> ReflectorSink<Workload> {
    ReflectorSink(
      reading: { Workload($0, kind) }, replaceAll: { book.replaceWorkloads(kind, $0) },
      upsert: { workload in
        let key = WorkloadTable.Key(workload)
        let before = book.workload(key)
        if before == workload { return }
        book.upsert(workload)
        if workload.template != nil || before?.template != nil { changed(key) }
      },
      remove: { key in
        let key = WorkloadTable.Key(kind: kind, namespace: key.namespace ?? "", name: key.name)
        let before = book.workload(key)
        book.removeWorkload(key)
        if before?.template != nil { changed(key) }
      })
  }
}

extension WorkloadKind {
  /// The resource.
  var type: ResourceType {
    switch self {
    case .deployment: .deployment
    case .replicaSet: .replicaSet
    case .statefulSet: .statefulSet
    case .daemonSet: .daemonSet
    case .job: .job
    case .cronJob: .cronJob
    }
  }
}
