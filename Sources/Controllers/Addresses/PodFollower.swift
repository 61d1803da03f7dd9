public import Admission
public import Cluster
internal import IPAM
internal import JSON
internal import KubernetesAPI
public import Logging

/// Follows the cluster's Pods, namespaces and nodes on every replica, and tells the address book what is seen.
public final class PodFollower: Sendable {
  /// Something about a Pod that may call for a write; whoever holds the Lease deals with it.
  public enum News: Sendable, Equatable {
    /// The Pod is gone, or has ended.
    case finished(PodSighting)
    /// The Pod has got a node.
    case placed(PodSighting)
  }

  /// News beyond this many are dropped: the next look at all records makes up for them.
  private static let maximumNews = 65_536

  /// What happened, in order. For one consumer.
  public let news: AsyncStream<News>
  private let pods: Reflector<PodSighting>
  private let namespaces: Reflector<NamedNamespace>
  private let nodes: Reflector<NodeFacts>
  private let arrival: AsyncStream<News>.Continuation

  /// Reads what a book needs of a namespace.
  private struct NamedNamespace: Sendable {
    let name: String
    let facts: NamespaceFacts
  }

  /// A follower that does nothing yet.
  public init(
    _ book: AddressBook, from store: any ClusterStore, timing: ReflectorTiming = ReflectorTiming(),
    now: @escaping @Sendable () -> UInt64, logger: Logger
  ) {
    let (news, arrival) = AsyncStream.makeStream(
      of: News.self, bufferingPolicy: .bufferingOldest(Self.maximumNews))
    self.news = news
    self.arrival = arrival
    pods = Reflector(
      store: store, type: .pod, sink: Self.podSink(book, arrival, now), timing: timing, logger: logger)
    namespaces = Reflector(
      store: store, type: .namespace, sink: Self.namespaceSink(book), timing: timing, logger: logger)
    nodes = Reflector(store: store, type: .node, sink: Self.nodeSink(book), timing: timing, logger: logger)
  }

  /// Follows until the task is cancelled.
  public func run() async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.pods.run() }
      group.addTask { await self.namespaces.run() }
      group.addTask { await self.nodes.run() }
    }
    arrival.finish()
  }

  /// Returns when all was listed once, or the task is cancelled.
  public func synced() async {
    await namespaces.synced()
    await nodes.synced()
    await pods.synced()
  }

  /// How each kind does.
  public var statuses: [DirectoryFeed.Status] {
    [
      (ResourceType.pod.kind, pods.status), (ResourceType.namespace.kind, namespaces.status),
      (ResourceType.node.kind, nodes.status),
    ]
  }

  private static func podSink(
    _ book: AddressBook, _ arrival: AsyncStream<News>.Continuation, _ now: @escaping @Sendable () -> UInt64
  ) -> ReflectorSink<PodSighting> {
    ReflectorSink(
      reading: { PodSighting($0) },
      replaceAll: { book.seeAll($0, now: now()) },
      upsert: { pod in
        let before = book.sighting(of: pod.key, pod.uid)
        book.see(pod, now: now())
        guard pod.hasAddresses else { return }
        if pod.hasEnded, before?.hasEnded != true { arrival.yield(.finished(pod)) }
        if !pod.node.isEmpty, before?.node != pod.node { arrival.yield(.placed(pod)) }
      },
      remove: { key in
        if let pod = book.forget(PodKey(namespace: key.namespace ?? "", name: key.name)) {
          arrival.yield(.finished(pod))
        }
      })
  }

  private static func namespaceSink(_ book: AddressBook) -> ReflectorSink<NamedNamespace> {
    ReflectorSink(
      reading: { view in
        let metadata = ObjectMeta(view["metadata"])
        return NamedNamespace(
          name: metadata.name,
          facts: NamespaceFacts(labels: metadata.labels, annotations: metadata.annotations))
      },
      replaceAll: { all in
        book.replaceNamespaces(
          Dictionary(all.map { ($0.name, $0.facts) }, uniquingKeysWith: { _, last in last }))
      },
      upsert: { book.setNamespace($0.name, $0.facts) }, remove: { book.setNamespace($0.name, nil) })
  }

  private static func nodeSink(_ book: AddressBook) -> ReflectorSink<NodeFacts> {
    ReflectorSink(
      reading: { view in
        let metadata = ObjectMeta(view["metadata"])
        return NodeFacts(name: metadata.name, labels: metadata.labels)
      },
      replaceAll: { all in
        book.replaceNodes(Dictionary(all.map { ($0.name, $0) }, uniquingKeysWith: { _, last in last }))
      },
      upsert: { book.setNode($0.name, $0) }, remove: { book.setNode($0.name, nil) })
  }
}
