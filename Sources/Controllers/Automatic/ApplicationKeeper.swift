public import Admission
internal import Cluster
internal import CoreMetrics
public import IPAM
internal import KubernetesAPI
public import Logging
internal import Synchronization

/// Makes, scales and deletes the automatic pools of Kubernetes' own controllers. It works on the replica that has the Lease.
public final class ApplicationKeeper: Sendable {
  /// How often what is looked at.
  public struct Timing: Sendable {
    /// Between two looks at all applications and all automatic pools.
    public var period = Duration.seconds(10)
    /// The pause before a second try, doubled with each further one.
    public var firstPause = Duration.milliseconds(200)
    /// What the doubling ends at.
    public var longestPause = Duration.seconds(5)

    /// The defaults.
    public init() {}
  }

  /// Tries that did not come to an end.
  private struct Tries {
    var counts: [WorkloadTable.Key: Int] = [:]
    /// Those that come again after a pause.
    var resting: Set<WorkloadTable.Key> = []
    var isRunning = false
    /// When the work began, in nanoseconds of the monotonic clock.
    var began: UInt64 = 0
  }

  /// How long after the work began it makes up for what others left undone.
  private static let firstLook = Duration.seconds(15)

  private static let capacity = 65_536
  private static let parallel = 32

  private let pools: ApplicationPools
  private let directory: PoolDirectory
  private let settings: AdmissionSettings
  private let events: EventRecorder
  private let timing: Timing
  private let clock: CommitTiming
  private let logger: Logger
  private let queue = WorkQueue<WorkloadTable.Key>(capacity: capacity, parallel: parallel)
  private let tries = Mutex(Tries())
  private let deleted = Counter(label: "spiderpool_webhook_automatic_pools_deleted_total")
  private let length = Gauge(label: "spiderpool_webhook_automatic_pool_queue")

  private var book: AddressBook { pools.book }

  /// A keeper that does nothing yet.
  public init(
    pools: ApplicationPools, directory: PoolDirectory, settings: AdmissionSettings, events: EventRecorder,
    clock: CommitTiming, timing: Timing = Timing(), logger: Logger
  ) {
    self.pools = pools
    self.directory = directory
    self.settings = settings
    self.events = events
    self.clock = clock
    self.timing = timing
    self.logger = logger
  }

  /// Works until the task is cancelled, that is, until the Lease is lost. The workloads must have been listed before.
  public func run() async {
    let now = clock.monotonic()
    tries.withLock { $0 = Tries(isRunning: true, began: now) }
    await withDiscardingTaskGroup { group in
      group.addTask { await self.lookAtAll() }
      while let key = await queue.take() { group.addTask { await self.work(on: key) } }
    }
    tries.withLock { $0 = Tries() }
  }

  /// A workload changed. What is not told, or told while another replica works, is found at the next look at all.
  public func note(_ key: WorkloadTable.Key) {
    if tries.withLock({ $0.isRunning }) { queue.add(key) }
  }

  private func lookAtAll() async {
    while !Task.isCancelled {
      for key in book.applicationKeys { queue.add(key) }
      for pool in book.automaticPools { key(of: pool).map { queue.add($0) } }
      length.record(queue.count)
      await clock.sleep(timing.period)
    }
  }

  /// The workload whose pool this is; nil for an application of somebody else's.
  private func key(of pool: PoolFacts) -> WorkloadTable.Key? {
    guard let marks = pool.marks, marks.reclaims, !pool.isTerminating else { return nil }
    // Labels may hold a shortened name.
    let text =
      directory.entry(of: pool.name, in: marks.key.subnet)?.application ?? marks.key.application.statusText
    guard let application = Application(statusText: text),
      let kind = WorkloadKind(apiVersion: application.apiVersion, kind: application.kind)
    else { return nil }
    return WorkloadTable.Key(kind: kind, namespace: application.namespace, name: application.name)
  }

  private func work(on key: WorkloadTable.Key) async {
    let isSettled = await look(at: key)
    queue.done(key)
    let pause = tries.withLock { tries -> Duration? in
      if isSettled { tries.counts[key] = nil }
      guard !isSettled, tries.resting.insert(key).inserted else { return nil }
      let count = tries.counts[key, default: 0]
      tries.counts[key] = count + 1
      return timing.firstPause.doubled(count, upTo: timing.longestPause)
    }
    guard let pause else { return }
    await clock.sleep(pause)
    _ = tries.withLock { $0.resting.remove(key) }
    if !Task.isCancelled { queue.add(key) }
  }

  /// Whether there is nothing left to do.
  func look(at key: WorkloadTable.Key) async -> Bool {
    let workload = book.workload(key)
    let isReclaimed = await reclaim(key, except: workload?.application.uid)
    guard let workload, let template = workload.template, !workload.isPart, !workload.isTerminating else {
      return isReclaimed
    }
    let reading = SubnetAnnotation.read(template, in: directory.subnetWorld(settings.choice))
    guard let request = reading.request else {
      for error in reading.errors.prefix(1) {
        events.record(
          .warning, reason: "InvalidAnnotation", message: error.description,
          about: workload.application.reference)
      }
      return isReclaimed
    }
    let wishes = AutomaticPool.pools(of: request, for: workload.application).map {
      PoolWish(pool: $0, count: $0.size.count(replicas: workload.replicas))
    }
    let outcomes = await pools.carve(wishes)
    wakeMakers(of: workload, outcomes)
    return isReclaimed && outcomes.allSatisfy { if case .ready = $0 { true } else { false } }
  }

  /// Pods that came before the pool was made or large enough were refused, maybe by a server that has ended since, and their
  /// makers wait longer each time.
  private func wakeMakers(of workload: Workload, _ outcomes: [CarveOutcome]) {
    let key = WorkloadTable.Key(workload)
    let isLate = tries.withLock { tries in
      tries.counts[key] != nil || clock.monotonic() &- tries.began < Self.firstLook.nanoseconds
    }
    guard isLate else { return }
    for case .ready(let change) in outcomes where change.kind != .none {
      book.noteRefused(makersOf: workload, change.name)
    }
  }

  // MARK: applications that are gone

  /// Deletes the pools that went with an application of this name. Whether there is none left.
  private func reclaim(_ key: WorkloadTable.Key, except uid: String?) async -> Bool {
    let application = Application(
      apiVersion: key.kind.apiVersion, kind: key.kind.rawValue, namespace: key.namespace, name: key.name,
      uid: "")
    let left = book.automaticPools(of: application.key).filter { pool in
      guard let marks = pool.marks else { return false }
      return marks.reclaims && marks.uid != uid && !pool.isTerminating
    }
    if left.isEmpty { return true }
    do throws(ClusterError) {
      // What is known may be old.
      let live = try await pools.read(key.kind, key.namespace, key.name)
      for pool in left where pool.marks?.uid != live?.application.uid {
        try await delete(pool, of: application)
      }
      return true
    } catch {
      logger.notice(
        "the pools of an application that is gone are tried again",
        metadata: ["application": "\(application)", "reason": "\(error)"])
      return false
    }
  }

  private func delete(_ pool: PoolFacts, of application: Application) async throws(ClusterError) {
    do throws(ClusterError) {
      try await pools.store.delete(
        .spiderIPPool, namespace: nil, name: pool.name, preconditions: Preconditions(uid: pool.uid))
      deleted.increment()
      if let reference = book.reference(to: pool.name) {
        events.record(
          .normal, reason: "Deleted", message: "its application, \(application), is gone", about: reference)
      }
      logger.info(
        "deleted the pool of an application that is gone",
        metadata: ["pool": "\(pool.name)", "application": "\(application)"])
    } catch {
      // Somebody else did it.
      if case .notFound = error { return }
      if case .conflict = error { return }
      throw error
    }
  }
}
