public import Admission
public import Cluster
internal import CoreMetrics
internal import IPAM
internal import JSON
internal import KubernetesAPI
public import Logging

/// Gives addresses back that nobody holds any more. It works on the replica that has the Lease.
///
/// A Pod that is seen to go gives its addresses back at once. Any other record without a Pod is looked at twice, a grace
/// apart, and then by a live read of its name and UID: a wrong release is worse than a slow one.
public actor AddressKeeper {
  /// When records are looked at, and how long they are let be.
  public struct Timing: Sendable {
    /// Between two looks at all records.
    public var period = Duration.seconds(5)
    /// Between two looks at the pools, and at Pods whose addresses are not recorded.
    public var tidyPeriod = Duration.milliseconds(500)
    /// How long a record without a Pod stays, from the first look at it, in milliseconds: longer than the API server may
    /// still store the Pod.
    public var grace: UInt64 = 65_000
    /// Pods that are read for one look; the others wait for the next one.
    public var readsPerLook = 200
    /// How StatefulSets are followed.
    public var following = ReflectorTiming()

    /// The defaults.
    public init() {}
  }

  private let store: any ClusterStore
  private let book: AddressBook
  private let committer: PoolCommitter
  private let signer: any TokenSigner
  private let sets = StatefulSetIndex()
  private let events: EventRecorder
  /// Whether all StatefulSets were listed since the Lease was won; before, none of their Pods' addresses is released.
  private var knowsSets = false
  /// Pools of which it was told that they wait for their addresses.
  private var announced: Set<String> = []
  private let timing: Timing
  private let clock: CommitTiming
  private let logger: Logger
  private let reclaims = Counter(label: "spiderpool_ip_gc_counts_total")
  private let failures = Counter(label: "spiderpool_ip_gc_failure_counts_total")
  private let candidates = Gauge(label: "spiderpool_webhook_gc_candidates")
  /// When a record was first seen without its Pod.
  private var firstSeen: [Suspect: UInt64] = [:]
  /// Pods that were without records at the last look.
  private var missed: Set<PodUID> = []

  /// A record that may be nobody's.
  private struct Suspect: Hashable {
    let pool: String
    let record: AllocationRecord
  }

  /// A keeper that does nothing yet.
  public init(
    store: any ClusterStore, book: AddressBook, committer: PoolCommitter, signer: any TokenSigner,
    events: EventRecorder, clock: CommitTiming, timing: Timing = Timing(), logger: Logger
  ) {
    self.events = events
    self.store = store
    self.book = book
    self.committer = committer
    self.signer = signer
    self.clock = clock
    self.timing = timing
    self.logger = logger
  }

  /// Keeps the addresses until the task is cancelled, that is, until the Lease is lost.
  public func run() async {
    let reflector = sets.makeReflector(from: store, timing: timing.following, logger: logger)
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await reflector.run() }
      group.addTask { await self.repeat(each: self.timing.tidyPeriod) { await $0.tidy() } }
      group.addTask { await self.repeat(each: self.timing.tidyPeriod) { await $0.record() } }
      group.addTask {
        await reflector.synced()
        await self.setsAreKnown()
        await self.repeat(each: self.timing.period) { await $0.look() }
      }
      await group.waitForAll()
    }
    firstSeen = [:]
    missed = []
    knowsSets = false
  }

  private func `repeat`(each period: Duration, _ work: @Sendable (isolated AddressKeeper) async -> Void) async
  {
    while !Task.isCancelled {
      await work(self)
      await clock.sleep(period)
    }
  }

  private func setsAreKnown() { knowsSets = !Task.isCancelled }

  /// Deals with what was seen of a Pod.
  public func take(_ news: PodFollower.News) async {
    switch news {
    case .finished(let pod): await release(pod)
    case .placed: break
    }
  }

  private func release(_ pod: PodSighting) async {
    if pod.isStateful, !knowsSets || sets.wants(pod.key) { return }
    var pools: Set<String> = []
    for (pool, record) in book.records(of: pod.uid) where book.release(pool, record, now: clock.wallClock()) {
      pools.insert(pool)
    }
    for pool in pools { await committer.nudge(pool) }
  }

  /// Records the addresses of a Pod that nobody bound: the mutating webhook alone was asked, or a record was lost.
  private func bind(_ pod: PodSighting) async {
    guard let order = book.order(for: pod, signer: signer) else { return }
    let result = await committer.bind(order, deadline: clock.monotonic() &+ 30_000_000_000)
    if case .refused(let refusal) = result {
      logger.error(
        "a Pod has addresses that are not its own; delete it",
        metadata: ["pod": "\(pod.key)", "reason": "\(refusal)"])
      events.record(
        .warning, reason: "AddressConflict",
        message:
          "the Pod uses addresses that are recorded for another one; delete it, so that it gets others",
        about: ObjectReference(
          apiVersion: ResourceType.pod.apiVersion, kind: ResourceType.pod.kind, namespace: pod.key.namespace,
          name: pod.key.name, uid: "\(pod.uid)"))
    }
  }

  // MARK: looking at all records

  func look() async {
    let now = clock.wallClock()
    var due: [PodUID: [Suspect]] = [:]
    var seen: [Suspect: UInt64] = [:]
    for pool in book.poolNames {
      for record in book.suspects(in: pool) where !sets.wants(record.pod) {
        let suspect = Suspect(pool: pool, record: record)
        let first = firstSeen[suspect]
        seen[suspect] = first ?? now
        guard let first, now >= first + timing.grace else { continue }
        if due.count < timing.readsPerLook || due[record.uid] != nil {
          due[record.uid, default: []].append(suspect)
        }
      }
    }
    firstSeen = seen
    candidates.record(seen.count)
    await reclaim(due)
  }

  /// Records the addresses of Pods whose addresses are not recorded.
  func record() async {
    let unrecorded = book.unrecorded(limit: timing.readsPerLook)
    // Those that were unrecorded a moment ago too: for most a status that says otherwise is on its way.
    for pod in unrecorded where missed.contains(pod.uid) && !Task.isCancelled { await bind(pod) }
    missed = Set(unrecorded.map(\.uid))
  }

  /// What does not need a look at all records: counts of pools that are new or were changed, and pools that are to go.
  private func tidy() async {
    for pool in book.miscountedPools() where !Task.isCancelled { await committer.mend(pool) }
    for pool in book.releasedPools() { await letGo(pool) }
    let waiting = book.waitingPools()
    for pool in waiting where !announced.contains(pool.name) {
      events.record(
        .normal, reason: "InUse",
        message: "is being deleted, gives no more addresses, and goes when the last one is given back",
        about: pool)
    }
    announced = Set(waiting.map(\.name))
  }

  private func reclaim(_ due: [PodUID: [Suspect]]) async {
    for suspects in due.values where !Task.isCancelled {
      guard let record = suspects.first?.record, await isGone(record) else { continue }
      reclaim(suspects)
    }
    for pool in Set(due.values.joined().map(\.pool)) { await committer.nudge(pool) }
  }

  private func reclaim(_ suspects: [Suspect]) {
    for suspect in suspects where book.release(suspect.pool, suspect.record, now: clock.wallClock()) {
      reclaims.increment()
      logger.notice(
        "an address was held by nobody and is free again",
        metadata: [
          "pool": "\(suspect.pool)", "address": "\(suspect.record.address)", "pod": "\(suspect.record.pod)",
          "uid": "\(suspect.record.uid)",
        ])
      if let pool = book.reference(to: suspect.pool) {
        events.record(
          .normal, reason: "AddressReclaimed",
          message:
            "\(suspect.record.address) was recorded for Pod \(suspect.record.pod), which does not exist",
          about: pool)
      }
    }
  }

  private func isGone(_ record: AllocationRecord) async -> Bool {
    if let pod = book.sighting(of: record.pod, record.uid) { return pod.hasEnded }
    switch await LivePod.look(for: record, in: store) {
    case .gone: return true
    case .alive: return false
    case .unknown(let reason):
      failures.increment()
      logger.debug(
        "a Pod could not be looked for", metadata: ["pod": "\(record.pod)", "reason": "\(reason)"])
      return false
    }
  }

  /// Takes our finalizer from a pool that is being deleted and holds nothing.
  private func letGo(_ pool: String) async {
    do throws(ClusterError) {
      let object = try await store.get(.spiderIPPool, namespace: nil, name: pool)
      guard let patch = FinalizerPatch.make(for: object) else { return }
      _ = try await store.patch(.spiderIPPool, namespace: nil, name: pool, mergePatch: patch)
    } catch {
      if case .notFound = error { return book.removePool(pool) }
      logger.debug("a finalizer was not taken away", metadata: ["pool": "\(pool)", "reason": "\(error)"])
    }
  }
}
