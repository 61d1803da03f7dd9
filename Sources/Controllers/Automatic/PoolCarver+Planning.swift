internal import Addressing
internal import Admission
internal import Cluster
internal import IPAM
internal import JSON
internal import KubernetesAPI
internal import Logging

extension PoolCarver {
  /// What is to be done for these wishes; nil when the subnet's status cannot be read.
  /// - Parameter tidying: given where what other pools have is put right too.
  func plan(
    _ subnet: SpiderSubnet, _ wishes: [PoolWish], _ tidying: Tidying?
  ) async throws(ClusterError) -> CarvePlan? {
    guard let status = SubnetStatus(subnet.controlledIPPools),
      let network = AddressText.lenientNetwork(subnet.spec.subnet)
    else { return nil }
    var plan = CarvePlan(status: status)
    if let tidying {
      let lost = try await lost(plan.status, of: subnet.metadata.name)
      tidy(&plan.status, subnet, network, forgetting: tidying.forgotten, lost: lost)
    }
    if subnet.metadata.isTerminating {
      let outcome = CarveOutcome.refused("SpiderSubnet \"\(subnet.metadata.name)\" is being deleted")
      plan.steps = wishes.map { _ in .answer(outcome) }
      return plan
    }
    let all = AddressText.lenientAddresses(subnet.spec.ips, without: subnet.spec.excludeIPs, like: network)
    var found: [Found] = []
    for wish in wishes { found.append(try await find(wish, plan.status, except: found.map(\.name))) }
    // What a pool has is not another's, whether or not the status says so.
    let foreign = directory.taken(in: network, except: Set(found.map(\.name)), now: clock.wallClock())
    let own = found.compactMap(\.present).filter { $0.family == network.family }
    let taken = own.reduce(plan.status.addresses(network.family).union(foreign)) { $0.union($1) }
    var free = (all ?? AddressSet(network.family)).subtracting(taken)
    for (wish, found) in zip(wishes, found) {
      plan.steps.append(step(for: wish, found, &plan.status, &free, subnet))
    }
    return plan
  }

  private nonisolated func step(
    for wish: PoolWish, _ found: Found, _ status: inout SubnetStatus, _ free: inout AddressSet,
    _ subnet: SpiderSubnet
  ) -> CarvePlan.Step {
    let (name, pool, family) = (found.name, found.pool, free.family)
    guard wish.pool.place.family == family else {
      return .answer(.refused("SpiderSubnet \"\(subnet.metadata.name)\" is an \(family) subnet"))
    }
    let present = found.present ?? AddressSet(family)
    let entry = found.entry?.addresses ?? present
    let leavingName = SubnetStatus.leavingName(name)
    status.entries[name] = nil
    status.entries[leavingName] = nil
    // It may take back what it was about to lose.
    let had = [entry, found.leaving?.addresses].compactMap(\.self).filter { $0.family == family }
      .reduce(present) { $0.union($1) }
    let left = free.union(had.subtracting(status.addresses(family)))
    defer {
      if status.entries[name] == nil {
        status.entries[name] = found.entry
        status.entries[leavingName] = found.leaving
      }
    }
    // What is known here of Pods may be old, and what the pool has lost since somebody else's.
    let used = used(name, pool, family).intersection(had)
    switch Carving.decide(wish.count, entry: entry, used: used, free: left) {
    case .short(let needed, let free): return .answer(.short(needed: needed, free: free))
    case .inUse(let held):
      guard let pool, !wish.pool.isTold(by: pool, in: subnet) else { return .answer(.inUse(held: held)) }
      return .mark(wish, pool, held: held)
    case .fits(let addresses):
      status.entries[name] = SubnetStatus.Entry(
        addresses: addresses, application: wish.pool.application.statusText)
      // Another write of the pool may be on its way, from when it was given more: it comes to nothing once this one was done.
      let leaving = had.subtracting(addresses)
      status.entries[leavingName] =
        leaving.isEmpty
        ? nil : SubnetStatus.Entry(addresses: leaving, application: wish.pool.application.statusText)
      free = free.subtracting(addresses)
      guard let pool else { return .create(wish, name: name, addresses) }
      if present == addresses, wish.pool.isTold(by: pool, in: subnet) {
        return .answer(.ready(PoolChange(name: name, kind: .none)))
      }
      return .change(wish, pool, addresses)
    }
  }

  /// What Pods hold of a pool, or are about to.
  private nonisolated func used(_ name: String, _ pool: SpiderIPPool?, _ family: IPFamily) -> AddressSet {
    var used = book.held(of: name, family)
    for record in (try? AllocationText.read(pool?.allocatedIPs)) ?? []
    where record.address.family == family {
      used.insert(record.address)
    }
    return used
  }

  /// The pool of a wish.
  private struct Found {
    /// The name that it has, or is to have.
    let name: String
    /// The pool as it is now; nil when it is still to be made.
    let pool: SpiderIPPool?
    /// What the subnet's status says of it.
    let entry: SubnetStatus.Entry?
    /// What it was about to lose, as the status says.
    let leaving: SubnetStatus.Entry?

    init(_ name: String, _ pool: SpiderIPPool?, _ status: SubnetStatus) {
      self.name = name
      self.pool = pool
      entry = status.entries[name]
      leaving = status.entries[SubnetStatus.leavingName(name)]
    }

    /// The addresses that it has.
    var present: AddressSet? { pool?.addresses }
  }

  /// - Parameter others: names that others of the same round are to have.
  private func find(
    _ wish: PoolWish, _ status: SubnetStatus, except others: [String]
  ) async throws(ClusterError) -> Found {
    let application = wish.pool.application
    let known = book.automaticPools(of: application.key).filter { facts in
      guard let marks = facts.marks, marks.key == wish.pool.key, !facts.isTerminating else { return false }
      // What is left of an earlier application of the name is taken over, unless it goes with that one.
      return marks.uid == application.uid || !marks.reclaims
    }
    let best = known.first { $0.marks?.uid == application.uid } ?? known.first
    if let name = best?.name, let pool = try await live(name), !pool.metadata.isTerminating {
      return Found(name, pool, status)
    }
    for name in wish.pool.names where !others.contains(name) {
      let holder = status.entries[name]?.application
      guard holder == nil || holder == application.statusText else { continue }
      let pool = try await livePool(of: wish, name)
      if pool == .somebodyElses { continue }
      return Found(name, pool.own, status)
    }
    throw .conflict("the names of the pool are taken by others")
  }

  /// What has a name.
  private enum Holder: Equatable {
    case nobody
    case wish(SpiderIPPool)
    case somebodyElses

    var own: SpiderIPPool? { if case .wish(let pool) = self { pool } else { nil } }
  }

  private func livePool(of wish: PoolWish, _ name: String) async throws(ClusterError) -> Holder {
    guard book.facts(of: name) != nil, let pool = try await live(name) else { return .nobody }
    let marks = AutomaticPool.Marks(pool.metadata, wish.pool.place.family)
    let isOurs =
      marks?.key == wish.pool.key && marks?.uid == wish.pool.application.uid && !pool.metadata.isTerminating
    return isOurs ? .wish(pool) : .somebodyElses
  }

  private func live(_ name: String) async throws(ClusterError) -> SpiderIPPool? {
    try await store.find(.spiderIPPool, namespace: nil, name: name)?.read(as: .spiderIPPool)
  }

  /// The names under which stands what pools have lost for good: they do not have it, and were written since, or no write from
  /// before can be on its way any more.
  private func lost(
    _ status: SubnetStatus, of subnet: String
  ) async throws(ClusterError) -> Set<String> {
    var lost: Set<String> = []
    var sightings: [String: Sighting] = [:]
    for (name, entry) in status.entries {
      guard let poolName = SubnetStatus.leavingPool(name) else { continue }
      let pool = try await live(poolName)
      let version = pool?.metadata.resourceVersion
      let first = leavingSeen[subnet]?[name] ?? Sighting(version: version, since: clock.monotonic())
      sightings[name] = first
      if let present = pool?.addresses, let leaving = entry.addresses, present.family == leaving.family,
        present.overlaps(leaving)
      {
        continue
      }
      let isOver = clock.monotonic() &- first.since >= grace.nanoseconds
      if isOver || (version != nil && version != first.version) { lost.insert(name) }
    }
    leavingSeen[subnet] = sightings.isEmpty ? nil : sightings
    return lost
  }

  // MARK: writing pools

  /// Does one step; nil when it has to be planned again, because the pool is not what it was.
  /// - Parameter deadline: after which no pool is made any more, in nanoseconds of the monotonic clock.
  func perform(
    _ step: CarvePlan.Step, in subnet: SpiderSubnet, deadline: UInt64
  ) async -> CarveOutcome? {
    do throws(ClusterError) {
      switch step {
      case .answer(let outcome): return outcome
      case .create(let wish, let name, let addresses):
        // Who gives a pool up that does not come counts on it.
        guard clock.monotonic() < deadline else { return nil }
        let json = wish.pool.creation(named: name, in: subnet, addresses)
        take(try await store.create(.spiderIPPool, namespace: nil, json: json))
        return .ready(PoolChange(name: name, kind: .made))
      case .change(let wish, let pool, let addresses):
        try await change(pool, to: wish, addresses, in: subnet)
        return .ready(PoolChange(name: pool.metadata.name, kind: .changed))
      case .mark(let wish, let pool, let held):
        try await change(pool, to: wish, nil, in: subnet)
        return .inUse(held: held)
      }
    } catch {
      switch error {
      case .conflict: return nil
      case .alreadyExists, .notFound:
        await refresh(step)
        return nil
      default: return .failed("\(error)")
      }
    }
  }

  /// - Parameter addresses: nil where it keeps those that it has.
  private func change(
    _ pool: SpiderIPPool, to wish: PoolWish, _ addresses: AddressSet?, in subnet: SpiderSubnet
  ) async throws(ClusterError) {
    let patch = wish.pool.change(from: pool.metadata.resourceVersion, in: subnet, addresses)
    take(
      try await store.patch(.spiderIPPool, namespace: nil, name: pool.metadata.name, mergePatch: patch))
  }

  /// Makes known what a pool really is.
  private func refresh(_ step: CarvePlan.Step) async {
    let name: String
    switch step {
    case .answer: return
    case .create(_, let new, _): name = new
    case .change(_, let pool, _), .mark(_, let pool, _): name = pool.metadata.name
    }
    do throws(ClusterError) {
      guard let object = try await store.find(.spiderIPPool, namespace: nil, name: name) else {
        book.removePool(name)
        return directory.removePool(name)
      }
      take(object)
    } catch {
      logger.debug("a pool was not read", metadata: ["pool": "\(name)", "reason": "\(error)"])
    }
  }

  /// Takes in a pool that was written, so that the next Pod finds it.
  private nonisolated func take(_ object: ClusterObject) {
    do throws(ClusterError) {
      let pool: SpiderIPPool = try object.read(as: .spiderIPPool)
      directory.upsert(pool)
      book.upsert(pool, now: clock.wallClock())
    } catch {
      logger.error("a pool cannot be read", metadata: ["pool": "\(object.name)", "reason": "\(error)"])
    }
  }
}

extension ClusterObject {
  /// The object as one of Spiderpool's.
  func read<Value: ReadableObject>(as type: ResourceType) throws(ClusterError) -> Value {
    try read(as: type) { Value($0) }
  }
}

/// What can be read of an object's JSON, whatever it is like.
protocol ReadableObject {
  init(_ view: JSONView)
}

extension SpiderIPPool: ReadableObject {}
extension SpiderSubnet: ReadableObject {}

extension SpiderIPPool {
  /// `ips` without `excludeIPs`; nil when there are none.
  var addresses: AddressSet? {
    AddressText.lenientAddresses(spec.ips, without: spec.excludeIPs, like: nil)
  }
}
