internal import Addressing
public import Admission
public import Cluster
internal import CoreMetrics
internal import IPAM
internal import JSON
internal import KubernetesAPI
public import Logging

/// The pools that applications are to have, and how they come to be: the one plan that Pods at admission and the controllers
/// follow.
public struct ApplicationPools: Sendable {
  /// Why a Pod's pools could not be made.
  public enum Outcome: Sendable, Equatable {
    /// They are there; whether they have an address left is another question.
    case ready
    /// They are not: a sentence without a final stop. Nothing but a change of the cluster helps.
    case short(String)
    /// They are not, and another try may do better: a sentence without a final stop.
    case failed(String)
  }

  let store: any ClusterStore
  let book: AddressBook
  let carver: PoolCarver
  /// What kinds there are.
  public let types: TypeFinder
  private let deleted = Counter(label: "spiderpool_webhook_automatic_pools_deleted_total")
  private let teller: PoolTeller

  /// Pools of the applications that `book` knows.
  public init(
    store: any ClusterStore, book: AddressBook, carver: PoolCarver, types: TypeFinder, events: EventRecorder,
    logger: Logger
  ) {
    self.store = store
    self.book = book
    self.carver = carver
    self.types = types
    teller = PoolTeller(book: book, events: events, logger: logger)
  }

  /// Makes the pools that a Pod needs, as large as its application is now.
  public func prepare(_ need: PoolNeed) async -> Outcome {
    do throws(ClusterError) {
      guard let application = try await application(of: need) else {
        return .failed(
          "\(need.owner.kind) \(need.namespace)/\(need.owner.name), which makes the Pod, does not exist any more"
        )
      }
      let workload = try await liveWorkload(of: application)
      if application.isNative, workload == nil {
        return .failed("\(application), which the Pod is for, does not exist any more")
      }
      var request = need.request
      // Pods of an older template may still come while a newer one is rolled out.
      if let newest = workload?.template?.number.flatMap({ PoolSize($0) }) { request.size = newest }
      let replicas: Int
      if let workload {
        replicas = workload.replicas
      } else {
        replicas = try await self.replicas(of: application, for: request.size)
      }
      let wishes = AutomaticPool.pools(of: request, for: application).map { pool in
        PoolWish(pool: pool, count: count(pool, workload, replicas))
      }
      let outcome = Self.outcome(await carve(wishes), wishes)
      if outcome != .ready { book.noteRefused(need, wishes.compactMap(\.pool.names.first)) }
      return outcome
    } catch { return .failed("\(error)") }
  }

  /// Sees to it that all of these pools are there, and says what became of each.
  func carve(_ wishes: [PoolWish]) async -> [CarveOutcome] {
    await withTaskGroup(of: (Int, CarveOutcome).self) { group in
      for (place, wish) in wishes.enumerated() { group.addTask { (place, await carver.carve(wish)) } }
      var outcomes = [CarveOutcome](repeating: .failed("cancelled"), count: wishes.count)
      for await (place, outcome) in group {
        outcomes[place] = outcome
        teller.tell(outcome, wishes[place])
      }
      return outcomes
    }
  }

  private static func outcome(_ outcomes: [CarveOutcome], _ wishes: [PoolWish]) -> Outcome {
    for (outcome, wish) in zip(outcomes, wishes) {
      let place = wish.pool.place
      switch outcome {
      // A pool that is to shrink and cannot yet has what it needs.
      case .ready, .inUse: continue
      case .short(let needed, let free):
        return .short(
          "SpiderSubnet \(GoText.quoted(place.subnet)) has \(free) free addresses, and the \(place.family) pool of "
            + "\(wish.pool.application) needs \(needed) more; add addresses to the subnet, or ask for fewer")
      case .refused(let sentence): return .short(sentence)
      case .failed(let sentence): return .failed(sentence)
      }
    }
    return .ready
  }

  // MARK: whose Pod it is, and how many there are

  /// The application of a Pod; nil when its owner is gone.
  private func application(of need: PoolNeed) async throws(ClusterError) -> Application? {
    if let known = book.application(of: need.owner, namespace: need.namespace) { return known }
    let owner = Application(need.owner, namespace: need.namespace)
    guard let workload = try await liveWorkload(of: owner) else { return nil }
    book.upsert(workload)
    return workload.top
  }

  /// The workload as it is now; nil for an application of somebody else's, and for one that is gone.
  private func liveWorkload(of application: Application) async throws(ClusterError) -> Workload? {
    guard let kind = WorkloadKind(apiVersion: application.apiVersion, kind: application.kind) else {
      return nil
    }
    let workload = try await read(kind, application.namespace, application.name)
    guard let workload, workload.application.uid == application.uid else { return nil }
    return workload
  }

  func read(
    _ kind: WorkloadKind, _ namespace: String, _ name: String
  ) async throws(ClusterError) -> Workload? {
    try await store.find(kind.type, namespace: namespace, name: name)?.read(as: kind.type) {
      Workload($0, kind)
    }
  }

  /// How many Pods an application of somebody else's wants, where the size of its pools depends on it.
  func replicas(of application: Application, for size: PoolSize) async throws(ClusterError) -> Int {
    guard case .above = size else { return 0 }
    let type = try await types.type(apiVersion: application.apiVersion, kind: application.kind)
    guard let type, type.hasScale else {
      throw .notFound("\(application) has no scale subresource that tells its replicas")
    }
    let scale = try await store.scale(
      type, namespace: type.isNamespaced ? application.namespace : nil, name: application.name)
    guard scale.uid == application.uid else { throw .notFound("\(application) does not exist any more") }
    return try scale.read(as: type) { $0["spec"]?["replicas"]?.int.map { Int(clamping: $0) } ?? 0 }
  }

  /// How many addresses a pool is to have.
  private func count(_ pool: AutomaticPool, _ workload: Workload?, _ replicas: Int) -> Int {
    let wanted = pool.size.count(replicas: replicas)
    guard let workload, workload.kind == .daemonSet, case .above(let more) = pool.size else { return wanted }
    // How many Pods a DaemonSet wants is told after it has begun to make them: one on each node at most.
    let held =
      book.automaticPools(of: pool.application.key).first { $0.marks?.key == pool.key }
      .map { book.held(of: $0.name, pool.place.family).count } ?? 0
    return max(wanted, min(Int(clamping: held) + 1, book.nodeCount) + more)
  }

  // MARK: applications that are gone

  /// Deletes the pool of an application that is gone.
  func delete(_ pool: PoolFacts, of application: Application) async throws(ClusterError) {
    do throws(ClusterError) {
      try await store.delete(
        .spiderIPPool, namespace: nil, name: pool.name, preconditions: Preconditions(uid: pool.uid))
      deleted.increment()
      teller.tellDeleted(pool, of: application)
    } catch {
      // Somebody else did it.
      if case .notFound = error { return }
      if case .conflict = error { return }
      throw error
    }
  }
}

extension PoolDirectory {
  /// The application whose automatic pool this is; nil when its name is not known.
  func application(of pool: PoolFacts) -> Application? {
    guard let marks = pool.marks else { return nil }
    let told = entry(of: pool.name, in: marks.key.subnet)?.application
    // Labels may hold a shortened name.
    guard let text = told ?? (marks.key.application.isShortened ? nil : marks.key.application.statusText),
      var application = Application(statusText: text)
    else { return nil }
    application.uid = marks.uid
    return application
  }
}
