internal import Addressing
public import Admission
public import Cluster
internal import CoreMetrics
internal import IPAM
internal import JSON
internal import KubernetesAPI
public import Logging

/// Cuts automatic pools from subnets, one round at a time for each subnet: what all who wait want goes into one write of the
/// subnet's status, and then into the pools.
///
/// The status comes first, and is written on the condition that nobody wrote since it was read: so no address goes to two
/// pools, whichever replicas cut them. What a crash leaves between the two writes is taken up by the next round for that pool.
public actor PoolCarver {
  /// Tries of one round, when others write the subnet too.
  private static let attempts = 8
  /// How long after its subnet was read a pool may still be made.
  static let patience = Duration.seconds(10)
  /// Pools of one round that are written at the same time.
  private static let parallel = 16

  private struct Waiting {
    let wish: PoolWish
    /// All who want this.
    var replies: [CheckedContinuation<CarveOutcome, Never>]
  }

  /// Somebody who wants the status to agree with the pools.
  struct Tidying {
    /// Pools that the status gives addresses, and that will not be made.
    let forgotten: Set<String>
    let reply: CheckedContinuation<Void, Never>
  }

  /// A pool that is about to lose addresses, as it was when that was first seen.
  struct Sighting {
    /// nil when there was none.
    let version: String?
    /// Nanoseconds of the monotonic clock.
    let since: UInt64
  }

  private struct Lane {
    var waiting: [Waiting] = []
    var tidying: Tidying?
    var isRunning = false
    /// The subnet as it was last read or written; what is remembered wrongly shows as a conflict.
    var subnet: SpiderSubnet?
  }

  let store: any ClusterStore
  let book: AddressBook
  let directory: PoolDirectory
  let clock: CommitTiming
  /// How long a write of a pool may be on its way: longer than the API server takes for one, and what comes before it.
  nonisolated let grace: Duration
  let logger: Logger
  private var lanes: [String: Lane] = [:]
  /// Pools that are about to lose addresses, by subnet and by the name under which these stand.
  var leavingSeen: [String: [String: Sighting]] = [:]
  private let writes = Counter(label: "spiderpool_webhook_subnet_status_writes_total")
  private let conflicts = Counter(label: "spiderpool_webhook_subnet_status_conflicts_total")

  /// A carver that does nothing yet.
  /// - Parameter arrival: how long the API server may take to store what it has admitted.
  public init(
    store: any ClusterStore, book: AddressBook, directory: PoolDirectory, clock: CommitTiming,
    arrival: Duration = .seconds(65), logger: Logger
  ) {
    grace = Self.patience + arrival
    self.store = store
    self.book = book
    self.directory = directory
    self.clock = clock
    self.logger = logger
  }

  /// Sees to it that a pool is there and has so many addresses.
  func carve(_ wish: PoolWish) async -> CarveOutcome {
    if let name = standing(wish) { return .ready(PoolChange(name: name, kind: .none)) }
    return await withCheckedContinuation { reply in
      lanes[wish.pool.place.subnet, default: Lane()].waiting.append(Waiting(wish: wish, replies: [reply]))
      start(wish.pool.place.subnet)
    }
  }

  /// Makes a subnet's status agree with the pools that are there; returns when that is done or was given up.
  /// - Parameter forgotten: pools that the status gives addresses, and that will not be made.
  func tidy(_ subnet: String, forgetting forgotten: Set<String> = []) async {
    await withCheckedContinuation { reply in
      guard lanes[subnet, default: Lane()].tidying == nil else { return reply.resume() }
      lanes[subnet, default: Lane()].tidying = Tidying(forgotten: forgotten, reply: reply)
      start(subnet)
    }
  }

  /// How many wait for a round of a subnet.
  func waiting(for subnet: String) -> Int { lanes[subnet]?.waiting.count ?? 0 }

  /// Reads a subnet as it is now, for reviews that rest on what was known of it. Whether it could be read.
  public func refresh(_ subnet: String) async -> Bool {
    do throws(ClusterError) {
      _ = try await self.subnet(subnet, isFresh: true)
      return true
    } catch {
      logger.debug("a subnet was not read", metadata: ["subnet": "\(subnet)", "reason": "\(error)"])
      return false
    }
  }

  /// The pool that is as it should be, as far as it is known here.
  private nonisolated func standing(_ wish: PoolWish) -> String? {
    let pool = wish.pool
    let found = book.automaticPools(of: pool.application.key).first { facts in
      facts.marks?.key == pool.key && facts.marks?.uid == pool.application.uid && !facts.isTerminating
        && facts.marks?.size == pool.size && facts.marks?.reclaims == pool.reclaims
    }
    guard let found, found.givable.count == UInt128(wish.count) else { return nil }
    let given = directory.entry(of: found.name, in: pool.place.subnet)?.addresses
    guard given ?? AddressSet(found.family) == found.givable else { return nil }
    return found.name
  }

  private func start(_ subnet: String) {
    guard lanes[subnet, default: Lane()].isRunning == false else { return }
    lanes[subnet, default: Lane()].isRunning = true
    Task(executorPreference: store.executor) { await self.run(subnet) }
  }

  private func run(_ subnet: String) async {
    while let lane = lanes[subnet], !lane.waiting.isEmpty || lane.tidying != nil {
      let batch = takeBatch(subnet)
      lanes[subnet]?.tidying = nil
      await round(subnet, batch, lane.tidying)
      lane.tidying?.reply.resume()
    }
    lanes[subnet]?.isRunning = false
    if lanes[subnet]?.waiting.isEmpty ?? true, directory.subnet(named: subnet) == nil { lanes[subnet] = nil }
  }

  /// Those who wait; of several who want one pool the first, and those who want the same. The others come next.
  private func takeBatch(_ subnet: String) -> [Waiting] {
    var batch: [Waiting] = []
    var left: [Waiting] = []
    var places: [AutomaticPool.Key: Int] = [:]
    for entry in lanes[subnet]?.waiting ?? [] {
      let key = entry.wish.pool.key
      if let place = places[key] {
        if batch[place].wish == entry.wish {
          batch[place].replies += entry.replies
        } else {
          left.append(entry)
        }
      } else {
        places[key] = batch.count
        batch.append(entry)
      }
    }
    lanes[subnet]?.waiting = left
    return batch
  }

  // MARK: one round

  private func round(_ name: String, _ batch: [Waiting], _ tidying: Tidying?) async {
    var open = batch
    for attempt in 0..<Self.attempts {
      do throws(ClusterError) {
        let deadline = clock.monotonic() &+ Self.patience.nanoseconds
        let subnet = try await subnet(name, isFresh: attempt > 0 || tidying != nil)
        guard let plan = try await self.plan(subnet, open.map(\.wish), tidying) else {
          return answer(
            open, .refused("the status of SpiderSubnet \"\(name)\" cannot be read; repair it first"))
        }
        // What is known may be old: without a write that proves it, it is read anew.
        if attempt == 0, plan.restsOn(subnet) { continue }
        let current = try await write(plan, over: subnet)
        let (again, written) = await carryOut(plan, in: current, open, deadline: deadline)
        open = again
        await settle(written, in: name)
        if open.isEmpty { return }
      } catch {
        lanes[name]?.subnet = nil
        switch error {
        case .conflict:
          conflicts.increment()
          continue
        case .notFound:
          return answer(open, .refused("there is no SpiderSubnet \"\(name)\""))
        default:
          return answer(open, .failed("\(error)"))
        }
      }
    }
    answer(open, .failed("others write SpiderSubnet \"\(name)\" all the time"))
  }

  private func answer(_ waiting: [Waiting], _ outcome: CarveOutcome) {
    for reply in waiting.flatMap(\.replies) { reply.resume(returning: outcome) }
  }

  private func subnet(_ name: String, isFresh: Bool) async throws(ClusterError) -> SpiderSubnet {
    if !isFresh, let known = lanes[name]?.subnet { return known }
    return take(try await store.get(.spiderSubnet, namespace: nil, name: name).read(as: .spiderSubnet))
  }

  /// Remembers a subnet, here and for the reviews that come next.
  private func take(_ subnet: SpiderSubnet) -> SpiderSubnet {
    lanes[subnet.metadata.name]?.subnet = subnet
    directory.upsert(subnet)
    return subnet
  }

  private func write(
    _ plan: CarvePlan, over subnet: SpiderSubnet
  ) async throws(ClusterError) -> SpiderSubnet {
    guard let json = plan.status(over: subnet) else { return subnet }
    writes.increment()
    return take(
      try await store.updateStatus(.spiderSubnet, namespace: nil, name: subnet.metadata.name, json: json)
        .read(as: .spiderSubnet))
  }

  /// Writes the pools of a plan. Returns those who have to be planned again, and the names of pools that were written.
  private func carryOut(
    _ plan: CarvePlan, in subnet: SpiderSubnet, _ waiting: [Waiting], deadline: UInt64
  ) async -> (again: [Waiting], written: [String]) {
    var again: [Waiting] = []
    var written: [String] = []
    await withTaskGroup(of: (Int, CarveOutcome?).self) { group in
      var next = 0
      func startNext() {
        let place = next
        next += 1
        let step = plan.steps[place]
        group.addTask { (place, await self.perform(step, in: subnet, deadline: deadline)) }
      }
      while next < min(Self.parallel, plan.steps.count) { startNext() }
      for await (place, outcome) in group {
        if let outcome { answer([waiting[place]], outcome) } else { again.append(waiting[place]) }
        if case .ready(let change) = outcome, change.kind != .none { written.append(change.name) }
        if next < plan.steps.count { startNext() }
      }
    }
    return (again, written)
  }

  /// Gives the subnet back what pools have lost. Whoever tidies up makes up for what is not done here.
  private func settle(_ written: [String], in name: String) async {
    guard let subnet = lanes[name]?.subnet, var status = SubnetStatus(subnet.controlledIPPools) else {
      return
    }
    for pool in written { status.entries[SubnetStatus.leavingName(pool)] = nil }
    do throws(ClusterError) {
      _ = try await write(CarvePlan(status: status), over: subnet)
    } catch {
      lanes[name]?.subnet = nil
      logger.debug(
        "a subnet was not given back addresses yet", metadata: ["subnet": "\(name)", "reason": "\(error)"])
    }
  }
}
