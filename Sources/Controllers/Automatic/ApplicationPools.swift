internal import Addressing
public import Admission
public import Cluster
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
  private let teller: PoolTeller

  /// Pools of the applications that `book` knows.
  public init(
    store: any ClusterStore, book: AddressBook, carver: PoolCarver, events: EventRecorder, logger: Logger
  ) {
    self.store = store
    self.book = book
    self.carver = carver
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
      let wishes = AutomaticPool.pools(of: request, for: application).map { pool in
        PoolWish(pool: pool, count: count(pool, workload))
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

  /// How many addresses a pool is to have.
  private func count(_ pool: AutomaticPool, _ workload: Workload?) -> Int {
    guard let workload else { return pool.size.count(replicas: 0) }
    let wanted = pool.size.count(replicas: workload.replicas)
    guard workload.kind == .daemonSet, case .above(let more) = pool.size else { return wanted }
    // How many Pods a DaemonSet wants is told after it has begun to make them: one on each node at most.
    let held =
      book.automaticPools(of: pool.application.key).first { $0.marks?.key == pool.key }
      .map { book.held(of: $0.name, pool.place.family).count } ?? 0
    return max(wanted, min(Int(clamping: held) + 1, book.nodeCount) + more)
  }
}
