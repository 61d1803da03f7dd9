public import Admission
public import Cluster
internal import CoreMetrics
internal import IPAM
internal import KubernetesAPI
public import Logging
internal import Synchronization

/// Keeps a SpiderEndpoint for every Pod that has addresses and a node, as long as the Pod has them. It works on the replica
/// that has the Lease.
///
/// Endpoints tell others what a Pod has; nothing here relies on them. So they are written behind everything else: from a
/// bounded queue, a few in a second, and what found no room or failed is made up for by a look at everything.
public final class EndpointWriter: Sendable {
  private let store: any ClusterStore
  private let book: AddressBook
  private let options: EndpointOptions
  private let logger: Logger
  private let queue: EndpointQueue
  private let shared = Mutex(EndpointStatus())
  private let writes = Counter(label: "spiderpool_webhook_endpoint_writes_total")
  private let failures = Counter(label: "spiderpool_webhook_endpoint_write_failures_total")
  private let drops = Counter(label: "spiderpool_webhook_endpoint_news_dropped_total")

  /// A writer that does nothing yet.
  public init(
    store: any ClusterStore, book: AddressBook, options: EndpointOptions = EndpointOptions(), logger: Logger
  ) {
    self.store = store
    self.book = book
    self.options = options
    self.logger = logger
    queue = EndpointQueue(capacity: options.capacity)
  }

  /// How it does.
  public var status: EndpointStatus { shared.withLock { $0 } }

  /// Takes note of what was seen of a Pod. Returns at once.
  public func take(_ news: PodFollower.News) {
    guard options.isEnabled else { return }
    switch news {
    case .placed(let pod), .finished(let pod):
      if queue.add(pod.key) { return }
    }
    drops.increment()
    note { $0.dropped += 1 }
  }

  /// Writes until the task is cancelled, that is, until the Lease is lost. May be called again then.
  public func run() async {
    guard options.isEnabled else { return }
    let index = EndpointIndex()
    let reflector = index.makeReflector(from: store, timing: options.following, logger: logger)
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await reflector.run() }
      group.addTask {
        await reflector.synced()
        self.queue.askForPass()
        await self.work(
          EndpointHand(store: self.store, book: self.book, index: index, attempts: self.options.attempts))
      }
      group.addTask {
        while !Task.isCancelled {
          await self.options.sleep(self.options.period)
          self.queue.askForPass()
        }
      }
      await group.waitForAll()
    }
    queue.clear()
  }

  private func work(_ hand: EndpointHand) async {
    var pacer = Pacer(perSecond: options.perSecond, burst: options.burst)
    var failed = 0
    while let work = await queue.next() {
      guard case .pod(let key) = work else {
        lookAtAll(hand)
        continue
      }
      guard hand.intent(for: key) != .nothing else { continue }
      await options.sleep(pacer.next(at: options.now()))
      if Task.isCancelled { return }
      do throws(ClusterError) {
        note(try await hand.settle(key))
        failed = 0
      } catch {
        if case .cancelled = error { return }
        failed += 1
        await pause(after: error, at: key, failed)
      }
    }
  }

  /// Puts in line whatever is not as it should be, as far as there is room.
  private func lookAtAll(_ hand: EndpointHand) {
    let keys =
      book.placedPods(limit: options.capacity + 1, where: hand.lacksEndpoint)
      + hand.index.keys.filter { hand.intent(for: $0) == .remove }
    for key in keys {
      if !queue.add(key) { return }
    }
  }

  private func note(_ outcome: EndpointHand.Outcome) {
    if outcome == .left { return }
    writes.increment()
    note {
      switch outcome {
      case .created: $0.created += 1
      case .replaced: $0.replaced += 1
      case .removed: $0.removed += 1
      case .left: break
      }
    }
  }

  /// What may pass is tried again after a while; anything else waits for the next look at everything.
  private func pause(after error: ClusterError, at key: PodKey, _ count: Int) async {
    failures.increment()
    note {
      $0.failures += 1
      $0.lastFailure = error
    }
    logger.log(
      level: count == 1 ? .warning : .debug, "a SpiderEndpoint was not written",
      metadata: ["pod": "\(key)", "reason": "\(error)"])
    guard error.isPassing else { return }
    queue.add(key)
    var pause = options.firstBackoff.doubled(count - 1, upTo: options.longestBackoff)
    if case .tooManyRequests(let retryAfter?) = error { pause = max(pause, retryAfter) }
    await options.sleep(pause)
  }

  private func note(_ change: (inout EndpointStatus) -> Void) { shared.withLock { change(&$0) } }
}
