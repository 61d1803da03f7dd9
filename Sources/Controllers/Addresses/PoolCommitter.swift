public import Admission
public import Cluster
internal import CoreMetrics
internal import IPAM
internal import JSON
internal import KubernetesAPI
public import Logging

/// Writes what the ledger says into the statuses of pools: one conditional write at a time for each pool, which carries
/// everything that has come since the one before.
///
/// The API server decides: a write that meets another one is made anew over the status as it is then. While many come, a write
/// waits for others, longer where the last one cost more: so the cost for each Pod falls as load rises.
public actor PoolCommitter {
  private struct Waiting {
    let order: BindOrder
    /// Nanoseconds of the monotonic clock.
    let deadline: UInt64
    let reply: CheckedContinuation<BindResult, Never>
  }

  private struct Lane {
    var waiting: [Waiting] = []
    var isRunning = false
    /// What the last write took, in nanoseconds, and for how many it was.
    var cost: UInt64 = 0
    var served = 0
    /// Somebody wants the counts mended.
    var mendsCounts = false
  }

  /// Pools whose last write is remembered.
  private static let rememberedLanes = 4096

  private let store: any ClusterStore
  private let book: AddressBook
  private let timing: CommitTiming
  private let logger: Logger
  private let counters: CommitCounters
  private var lanes: [String: Lane] = [:]

  /// A committer for the pools in `store`, as `book` knows them.
  public init(
    store: any ClusterStore, book: AddressBook, timing: CommitTiming = CommitTiming(), logger: Logger
  ) {
    self.store = store
    self.book = book
    self.timing = timing
    self.logger = logger
    counters = CommitCounters()
  }

  // MARK: binding

  /// Binds all addresses of an order, or none; returns when they are stored, or cannot be by `deadline` (nanoseconds of the
  /// monotonic clock).
  public func bind(_ order: BindOrder, deadline: UInt64) async -> BindResult {
    if let refused = await take(order) { return refused }
    var result = BindResult.bound
    for pool in order.pools {
      let outcome = await store(order, in: pool, deadline: deadline)
      guard outcome == .bound else {
        result = outcome
        break
      }
    }
    if result != .bound { withdraw(order) }
    return result
  }

  /// Gives all addresses of an order back, stored or not.
  public func withdraw(_ order: BindOrder) {
    book.withdraw(order, now: timing.wallClock())
    for pool in order.pools { nudge(pool) }
  }

  /// Takes the addresses in memory. A Pod of the same name may have them still; it is looked at as it is now.
  private func take(_ order: BindOrder) async -> BindResult? {
    var gone: Set<PodUID> = []
    while true {
      do throws(BindRefusal) {
        try book.bind(order, gone: gone, now: timing.wallClock())
        return nil
      } catch {
        guard case .earlierPod(_, let record) = error, !gone.contains(record.uid) else {
          return .refused(error)
        }
        switch await LivePod.look(for: record, in: store) {
        case .gone: gone.insert(record.uid)
        case .alive: return .refused(error)
        case .unknown(let reason): return .unavailable(reason)
        }
      }
    }
  }

  private func store(_ order: BindOrder, in pool: String, deadline: UInt64) async -> BindResult {
    switch book.standing(of: order, in: pool) {
    case .stored: return .bound
    case .lost: return .refused(.unknownPool(pool))
    case .waiting: break
    }
    return await withCheckedContinuation { reply in
      lanes[pool, default: Lane()].waiting.append(Waiting(order: order, deadline: deadline, reply: reply))
      start(pool)
    }
  }

  // MARK: releasing

  /// Something of this pool is to be written, and nobody waits for it: addresses were given back.
  public func nudge(_ pool: String) { start(pool) }

  /// Mends the counts in this pool's status; returns when that is done or was given up, so that many pools are mended one after
  /// another.
  public func mend(_ pool: String) async {
    lanes[pool, default: Lane()].mendsCounts = true
    guard lanes[pool]?.isRunning == false else { return }
    lanes[pool]?.isRunning = true
    await run(pool)
  }

  // MARK: writing

  private func start(_ pool: String) {
    guard lanes[pool, default: Lane()].isRunning == false else { return }
    lanes[pool, default: Lane()].isRunning = true
    Task(executorPreference: store.executor) { await self.run(pool) }
  }

  private func run(_ pool: String) async {
    var attempt = 0
    while true {
      await gather(pool)
      guard let draft = nextDraft(of: pool) else { break }
      let (began, count) = (timing.monotonic(), lanes[pool]?.waiting.count ?? 0)
      let outcome = await write(draft, pool)
      lanes[pool]?.cost = timing.monotonic() &- began
      lanes[pool]?.served = count
      settle(pool, after: outcome)
      switch outcome {
      case .written, .conflict: attempt = 0
      case .vanished:
        end(pool)
        lanes[pool] = nil
        return
      case .failed(_, let retryAfter):
        attempt += 1
        if lanes[pool]?.waiting.isEmpty ?? true, attempt > timing.attemptsForNobody { return end(pool) }
        await timing.sleep(max(retryAfter ?? .zero, timing.backoff(attempt)))
      }
      expire(pool)
    }
    end(pool)
  }

  /// Waits while others come, if several came before or have reserved an address: whoever writes for one alone does not wait.
  private func gather(_ pool: String) async {
    guard let lane = lanes[pool], lane.cost > 0, lane.served > 1 || book.reservationCount(of: pool) > 0 else {
      return
    }
    let (ends, step) = (
      timing.monotonic() &+ timing.patience(after: lane.cost), timing.patienceStep(after: lane.cost)
    )
    var before = -1
    while let count = lanes[pool]?.waiting.count, timing.monotonic() < ends,
      count > before || book.reservationCount(of: pool) > count / 4
    {
      before = count
      await timing.sleep(step)
    }
  }

  /// What to write next; nil when there is nothing, and then nobody waits.
  private func nextDraft(of pool: String) -> AddressBook.StatusDraft? {
    let mends = lanes[pool]?.mendsCounts ?? false
    if let draft = book.draft(of: pool, mendsCounts: mends) { return draft }
    settle(pool, after: .written)
    return nil
  }

  private func end(_ pool: String) {
    let left = lanes[pool]?.waiting ?? []
    lanes[pool]?.waiting = []
    lanes[pool]?.isRunning = false
    lanes[pool]?.mendsCounts = false
    // Pools come and go; whose last write is forgotten does not wait before the next one.
    if lanes.count > Self.rememberedLanes { lanes = lanes.filter(\.value.isRunning) }
    for waiting in left { waiting.reply.resume(returning: .unavailable("the pool cannot be written")) }
  }

  private enum WriteOutcome {
    case written
    case conflict
    case vanished
    case failed(String, retryAfter: Duration?)
  }

  private func write(_ draft: AddressBook.StatusDraft, _ pool: String) async -> WriteOutcome {
    counters.writes.increment()
    do throws(ClusterError) {
      take(try await store.updateStatus(.spiderIPPool, namespace: nil, name: pool, json: draft.json))
      return .written
    } catch {
      switch error {
      case .conflict:
        counters.conflicts.increment()
        return await refresh(pool)
      case .notFound:
        book.removePool(pool)
        return .vanished
      case .tooManyRequests(let retryAfter):
        counters.failures.increment()
        return .failed("\(error)", retryAfter: retryAfter)
      default:
        counters.failures.increment()
        logger.warning(
          "a pool's status was not written", metadata: ["pool": "\(pool)", "reason": "\(error)"])
        // Whether it was written after all is not known: what is stored tells.
        _ = await refresh(pool)
        return .failed("\(error)", retryAfter: nil)
      }
    }
  }

  /// Reads the pool as it is.
  private func refresh(_ pool: String) async -> WriteOutcome {
    do throws(ClusterError) {
      take(try await store.get(.spiderIPPool, namespace: nil, name: pool))
      return .conflict
    } catch {
      guard case .notFound = error else { return .failed("\(error)", retryAfter: nil) }
      book.removePool(pool)
      return .vanished
    }
  }

  private func take(_ object: ClusterObject) {
    var parser = JSONParser()
    do throws(JSONError) {
      let pool = try parser.parse(object.json) { SpiderIPPool($0) }
      let lost = book.upsert(pool, isAnswer: true, now: timing.wallClock())
      counters.lost.increment(by: lost.count)
    } catch {
      logger.error("a pool cannot be read", metadata: ["pool": "\(object.name)", "reason": "\(error)"])
    }
  }

  // MARK: those who wait

  /// Answers those whose binding is stored or lost.
  private func settle(_ pool: String, after outcome: WriteOutcome) {
    let waiting = lanes[pool]?.waiting ?? []
    if waiting.isEmpty { return }
    var left: [Waiting] = []
    for entry in waiting {
      switch book.standing(of: entry.order, in: pool) {
      case .stored: entry.reply.resume(returning: .bound)
      case .lost: entry.reply.resume(returning: .refused(lossOf(entry.order, in: pool)))
      case .waiting: left.append(entry)
      }
    }
    lanes[pool]?.waiting = left
  }

  private func lossOf(_ order: BindOrder, in pool: String) -> BindRefusal {
    for grant in order.grants where grant.pool == pool {
      if let holder = book.holder(of: grant.address, in: pool), holder.uid != order.uid {
        return .taken(pool: pool, by: holder)
      }
    }
    if let grant = order.grants.first(where: { $0.pool == pool && book.hasGivenUp($0) }) {
      return .notGivable(pool: pool, grant.address)
    }
    return .unknownPool(pool)
  }

  /// Answers those whose time is over.
  private func expire(_ pool: String) {
    let now = timing.monotonic()
    guard let waiting = lanes[pool]?.waiting, waiting.contains(where: { now >= $0.deadline }) else { return }
    lanes[pool]?.waiting = waiting.filter { now < $0.deadline }
    for entry in waiting where now >= entry.deadline {
      entry.reply.resume(returning: .unavailable("the API server did not take the pool's status in time"))
    }
  }
}
