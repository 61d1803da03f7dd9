internal import Addressing
public import Admission
public import Cluster
internal import CoreMetrics
internal import IPAM
internal import KubernetesAPI
public import Logging

/// Deletes the automatic pools of applications that are not Kubernetes' own when these are gone, and keeps them at the size that
/// they are to have. It works on the replica that has the Lease.
///
/// What kinds there are is asked of the API server. An application is taken for gone only when a live read says so, or when
/// its kind was uninstalled; whoever may not be read keeps its pools, is told of, and is in nobody's way.
public actor OwnerKeeper {
  /// What is known of a kind.
  private enum Following {
    case watched(OwnerWatch, Task<Void, Never>)
    /// Nothing: since when, in nanoseconds, and why.
    case blind(since: UInt64, String)

    func stop() {
      if case .watched(_, let task) = self { task.cancel() }
    }
  }

  /// Between two looks at all applications: a kind whose first pool was made is followed soon.
  private static let period = Duration.seconds(1)
  /// How long a kind is followed after its last pool has gone.
  private static let loyalty = Duration.seconds(600)

  /// Kinds that are followed at the same time; applications of more are read now and then.
  private static let maximumKinds = 64
  /// How long a kind that cannot be read is let be, and an application of a kind that is not followed.
  private static let rest = Duration.seconds(60)
  /// Between two looks at an application that is not as it should be.
  private static let pause = Duration.seconds(5)
  /// Between two Events about one pool.
  private static let silence = Duration.seconds(600)

  private let pools: ApplicationPools
  private let directory: PoolDirectory
  private let settings: AdmissionSettings
  private let events: EventRecorder
  private let clock: CommitTiming
  private let following: ReflectorTiming
  private let logger: Logger
  private nonisolated let queue: RetryingQueue<Application>
  private var kinds: [ApplicationKind: Following] = [:]
  /// When each kind was last seen to have a pool, in nanoseconds.
  private var used: [ApplicationKind: UInt64] = [:]
  /// When it was first told that nobody serves a kind, in nanoseconds.
  private var unserved: [ApplicationKind: UInt64] = [:]
  private var read: [Application: UInt64] = [:]
  private var told: [String: UInt64] = [:]
  private let followed = Gauge(label: "spiderpool_webhook_followed_owner_kinds")
  private let unreadable = Gauge(label: "spiderpool_webhook_unreadable_owner_kinds")

  private nonisolated var book: AddressBook { pools.book }

  /// A keeper that does nothing yet.
  /// - Parameter following: how the kinds' objects are followed.
  public init(
    pools: ApplicationPools, directory: PoolDirectory, settings: AdmissionSettings, events: EventRecorder,
    clock: CommitTiming, timing: ApplicationTiming = ApplicationTiming(),
    following: ReflectorTiming = ReflectorTiming(), logger: Logger
  ) {
    self.pools = pools
    self.directory = directory
    self.settings = settings
    self.events = events
    self.clock = clock
    self.following = following
    self.logger = logger
    queue = RetryingQueue(clock: clock, timing: timing)
  }

  /// Works until the task is cancelled, that is, until the Lease is lost.
  public func run() async {
    await queue.run {
      while !Task.isCancelled {
        await self.lookAtAll()
        await self.clock.sleep(Self.period)
      }
    } look: { application in
      await self.look(at: application)
    }
    for following in kinds.values { following.stop() }
    (kinds, used, unserved, read, told) = ([:], [:], [:], [:], [:])
    unreadable.record(0)
    followed.record(0)
  }

  // MARK: who is to be looked at

  /// Asks for a look at every application that may be gone, or whose pools are not as they should be.
  func lookAtAll() async {
    let found = applications()
    let present = Set(found.keys.map(ApplicationKind.init))
    let now = clock.monotonic()
    for kind in present { used[kind] = now }
    for (kind, last) in used where now &- last >= Self.loyalty.nanoseconds {
      kinds.removeValue(forKey: kind)?.stop()
      (used[kind], unserved[kind]) = (nil, nil)
    }
    read = read.filter { found[$0.key] != nil }
    for kind in present { await follow(kind) }
    for (application, pools) in found where isDue(application, pools) { queue.add(application) }
    tellBlindness(found)
  }

  /// The applications that have pools and are not Kubernetes' own.
  private func applications() -> [Application: [PoolFacts]] {
    var found: [Application: [PoolFacts]] = [:]
    for pool in book.automaticPools
    where !pool.isTerminating && pool.marks?.key.application.workloadKind == nil {
      guard let application = directory.application(of: pool) else { continue }
      found[application, default: []].append(pool)
    }
    return found
  }

  private func isDue(_ application: Application, _ pools: [PoolFacts]) -> Bool {
    let waited = read[application].map { clock.monotonic() &- $0 } ?? .max
    if waited >= Self.pause.nanoseconds, pools.contains(where: { !isSized($0) }) { return true }
    if case .watched(let watch, _) = kinds[ApplicationKind(application)] {
      let key = ObjectKey(
        namespace: watch.type.isNamespaced ? application.namespace : nil, name: application.name)
      if let isThere = watch.has(key, application.uid) {
        return isThere ? waited == .max && isElastic(pools) : waited >= Self.pause.nanoseconds
      }
      // It has not listed yet.
      if watch.failure == nil { return false }
    }
    return waited >= Self.rest.nanoseconds
  }

  /// Whether a pool of a fixed size has it.
  private func isSized(_ pool: PoolFacts) -> Bool {
    guard case .fixed(let number) = pool.marks?.size else { return true }
    return pool.givable.count == UInt128(number)
  }

  private func isElastic(_ pools: [PoolFacts]) -> Bool {
    settings.followsThirdParties
      && pools.contains { if case .above = $0.marks?.size { true } else { false } }
  }

  // MARK: following kinds

  private func follow(_ kind: ApplicationKind) async {
    let now = clock.monotonic()
    switch kinds[kind] {
    case .watched: return
    case .blind(let since, _) where now &- since < Self.rest.nanoseconds: return
    case .blind, nil: break
    }
    guard kinds.count < Self.maximumKinds || kinds[kind] != nil else { return }
    do throws(ClusterError) {
      guard let type = try await pools.types.type(apiVersion: kind.apiVersion, kind: kind.kind) else {
        kinds[kind] = .blind(since: now, "the API server does not serve \(kind.kind) (\(kind.apiVersion))")
        unserved[kind] = unserved[kind] ?? now
        return
      }
      unserved[kind] = nil
      let watch = OwnerWatch(
        type, in: pools.store, timing: following, changed: { self.note($0, $1, kind) },
        logger: Self.quiet(logger))
      kinds[kind] = .watched(watch, Task { await watch.run() })
    } catch {
      kinds[kind] = .blind(since: now, "the API server does not tell its kinds: \(error)")
    }
  }

  /// A kind that cannot be listed is told of here, and not at each try.
  private static func quiet(_ logger: Logger) -> Logger {
    var logger = logger
    logger.logLevel = max(logger.logLevel, .error)
    return logger
  }

  /// An owner is gone, or asks for something else.
  private nonisolated func note(_ key: ObjectKey, _ uid: String, _ kind: ApplicationKind) {
    // Of owners without a namespace it is not known where their Pods are: the next look at all finds them.
    let application = Application(
      apiVersion: kind.apiVersion, kind: kind.kind, namespace: key.namespace ?? "", name: key.name, uid: uid)
    if !book.automaticPools(of: application.key).isEmpty { queue.add(application) }
  }

  /// Tells whose end would not be noticed, and why.
  private func tellBlindness(_ found: [Application: [PoolFacts]]) {
    let now = clock.monotonic()
    told = told.filter { now &- $0.value < Self.silence.nanoseconds }
    var blind: Set<ApplicationKind> = []
    for (application, pools) in found {
      guard let reason = blindness(ApplicationKind(application)) else { continue }
      if blind.insert(ApplicationKind(application)).inserted, pools.contains(where: { told[$0.name] == nil })
      {
        logger.notice(
          "a kind of applications cannot be followed",
          metadata: ["kind": "\(application.kind) (\(application.apiVersion))", "reason": "\(reason)"])
      }
      for pool in pools where told[pool.name] == nil {
        guard let reference = book.reference(to: pool.name) else { continue }
        told[pool.name] = now
        events.record(
          .warning, reason: "OwnerUnreadable",
          message: "whether \(application) is still there cannot be seen, so the pool stays: \(reason)",
          about: reference)
      }
    }
    unreadable.record(blind.count)
    followed.record(
      kinds.values.count { if case .watched(let watch, _) = $0 { watch.isSynced } else { false } })
  }

  private func blindness(_ kind: ApplicationKind) -> String? {
    switch kinds[kind] {
    case nil: nil
    case .blind(_, let reason): reason
    case .watched(let watch, _):
      watch.failure.map {
        "\($0); the server's account needs get, list and watch of \(watch.type.qualifiedName)"
      }
    }
  }

  // MARK: one application

  /// Whether nothing is left to do.
  func look(at application: Application) async -> Bool {
    let own = book.automaticPools(of: application.key).filter {
      $0.marks?.uid == application.uid && !$0.isTerminating
    }
    if own.isEmpty { return true }
    read[application] = clock.monotonic()
    do throws(ClusterError) {
      let type = try await pools.types.type(apiVersion: application.apiVersion, kind: application.kind)
      guard let type else {
        try await giveUp(own, of: application)
        return true
      }
      let live = try await pools.store.find(
        type, namespace: type.isNamespaced ? application.namespace : nil, name: application.name)
      if live?.uid == application.uid { return try await resize(own, of: application) }
      for pool in own where pool.marks?.reclaims == true { try await pools.delete(pool, of: application) }
      return true
    } catch {
      if case .forbidden = error { return true }
      logger.notice(
        "an application is looked at again",
        metadata: ["application": "\(application)", "reason": "\(error)"])
      return false
    }
  }

  /// Deletes the pools of a kind that was uninstalled, which takes its objects along: those that no Pod has an address of, once
  /// nobody has served the kind for a while.
  private func giveUp(_ own: [PoolFacts], of application: Application) async throws(ClusterError) {
    guard let first = unserved[ApplicationKind(application)],
      clock.monotonic() &- first >= Self.rest.nanoseconds
    else {
      return
    }
    let type = try await pools.store.type(apiVersion: application.apiVersion, kind: application.kind)
    guard type == nil else { return }
    for pool in own where pool.marks?.reclaims == true && book.held(of: pool.name, pool.family).isEmpty {
      try await pools.delete(pool, of: application)
    }
  }

  /// Gives pools the size that they are to have.
  private func resize(_ own: [PoolFacts], of application: Application) async throws(ClusterError) -> Bool {
    var wishes: [PoolWish] = []
    for pool in own {
      guard let marks = pool.marks, let size = marks.size else { continue }
      if case .above = size, !settings.followsThirdParties { continue }
      let replicas = try await pools.replicas(of: application, for: size)
      let place = AutomaticPoolRequest.Pool(
        interface: marks.key.interface, family: marks.key.family, subnet: marks.key.subnet)
      wishes.append(
        PoolWish(
          pool: AutomaticPool(application: application, place: place, size: size, reclaims: marks.reclaims),
          count: size.count(replicas: replicas)))
    }
    return await pools.carve(wishes).allSatisfy { if case .ready = $0 { true } else { false } }
  }
}
