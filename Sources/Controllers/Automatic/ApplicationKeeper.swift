public import Admission
internal import Cluster
internal import CoreMetrics
public import IPAM
internal import KubernetesAPI
public import Logging

/// Makes, scales and deletes the automatic pools of Kubernetes' own controllers. It works on the replica that has the Lease.
public final class ApplicationKeeper: Sendable {
  /// How long after the work began it makes up for what others left undone.
  private static let firstLook = Duration.seconds(15)

  private let pools: ApplicationPools
  private let directory: PoolDirectory
  private let settings: AdmissionSettings
  private let events: EventRecorder
  private let timing: ApplicationTiming
  private let clock: CommitTiming
  private let logger: Logger
  private let queue: RetryingQueue<WorkloadTable.Key>
  private let length = Gauge(label: "spiderpool_webhook_automatic_pool_queue")

  private var book: AddressBook { pools.book }

  /// A keeper that does nothing yet.
  public init(
    pools: ApplicationPools, directory: PoolDirectory, settings: AdmissionSettings, events: EventRecorder,
    clock: CommitTiming, timing: ApplicationTiming = ApplicationTiming(), logger: Logger
  ) {
    self.pools = pools
    self.directory = directory
    self.settings = settings
    self.events = events
    self.clock = clock
    self.timing = timing
    self.logger = logger
    queue = RetryingQueue(clock: clock, timing: timing)
  }

  /// Works until the task is cancelled, that is, until the Lease is lost. The workloads must have been listed before.
  public func run() async {
    await queue.run {
      await self.lookAtAll()
    } look: { key in
      await self.look(at: key)
    }
  }

  /// A workload changed. What is not told, or told while another replica works, is found at the next look at all.
  public func note(_ key: WorkloadTable.Key) { queue.add(key) }

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
    guard let marks = pool.marks, marks.reclaims, !pool.isTerminating,
      let application = directory.application(of: pool),
      let kind = WorkloadKind(apiVersion: application.apiVersion, kind: application.kind)
    else { return nil }
    return WorkloadTable.Key(kind: kind, namespace: application.namespace, name: application.name)
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
    let isLate = queue.isRetried(key) || clock.monotonic() &- queue.began < Self.firstLook.nanoseconds
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
        try await pools.delete(pool, of: application)
      }
      return true
    } catch {
      logger.notice(
        "the pools of an application that is gone are tried again",
        metadata: ["application": "\(application)", "reason": "\(error)"])
      return false
    }
  }
}
