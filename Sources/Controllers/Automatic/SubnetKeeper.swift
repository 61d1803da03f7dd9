internal import Addressing
public import Admission
public import Cluster
internal import IPAM
internal import JSON
internal import KubernetesAPI
public import Logging

/// Keeps subnets and the pools in them together: the status says what the pools have, pools belong to their subnet and follow
/// its gateway and routes, and a subnet that is deleted goes after its pools. It works on the replica that has the Lease.
public actor SubnetKeeper {
  /// What a pool can inherit.
  private struct Legacy: Equatable {
    let gateway: String?
    let routes: [SpiderRoute]
  }

  /// What is remembered of a subnet.
  private struct Memory {
    var legacy: Legacy
    /// When an entry of the status was first seen without its pool.
    var missing: [String: UInt64] = [:]
  }

  /// How often subnets are looked at.
  public struct Timing: Sendable {
    /// Between two looks.
    public var period = Duration.seconds(1)

    /// How long a pool is let be that could not be changed.
    public var rest = Duration.seconds(30)

    /// The defaults.
    public init() {}
  }

  private let store: any ClusterStore
  private let book: AddressBook
  private let directory: PoolDirectory
  private let carver: PoolCarver
  private let clock: CommitTiming
  private let timing: Timing
  private let logger: Logger
  private var memories: [String: Memory] = [:]
  /// Until when pools are let be, by UID: somebody else controls them, or they could not be changed.
  private var resting: [String: UInt64] = [:]

  /// A keeper that does nothing yet.
  public init(
    store: any ClusterStore, book: AddressBook, directory: PoolDirectory, carver: PoolCarver,
    clock: CommitTiming, timing: Timing = Timing(), logger: Logger
  ) {
    self.store = store
    self.book = book
    self.directory = directory
    self.carver = carver
    self.clock = clock
    self.timing = timing
    self.logger = logger
  }

  /// Works until the task is cancelled, that is, until the Lease is lost.
  public func run() async {
    while !Task.isCancelled {
      await look()
      await clock.sleep(timing.period)
    }
    memories = [:]
    resting = [:]
  }

  /// Looks at all subnets once.
  func look() async {
    let subnets = directory.subnets
    memories = memories.filter { memory in subnets.contains { $0.metadata.uid == memory.key } }
    for subnet in subnets where !Task.isCancelled {
      guard let network = AddressText.lenientNetwork(subnet.spec.subnet) else { continue }
      let pools = book.pools(in: network)
      if subnet.metadata.isTerminating {
        await end(subnet, pools)
      } else {
        await adopt(pools, subnet)
      }
      await settle(subnet, network, pools)
    }
  }

  // MARK: the status

  private func settle(_ subnet: SpiderSubnet, _ network: CIDR, _ pools: [PoolFacts]) async {
    let forgotten = forgotten(subnet, pools)
    guard var status = SubnetStatus(subnet.controlledIPPools) else { return }
    carver.tidy(&status, subnet, network, forgetting: forgotten)
    let isShrinking = status.entries.keys.contains { SubnetStatus.leavingPool($0) != nil }
    guard isShrinking || CarvePlan(status: status).status(over: subnet) != nil else { return }
    await carver.tidy(subnet.metadata.name, forgetting: forgotten)
  }

  /// Pools that a status gives addresses, and that will not come: they were there and are gone, or did not come for a while.
  private func forgotten(_ subnet: SpiderSubnet, _ pools: [PoolFacts]) -> Set<String> {
    let key = subnet.metadata.uid
    let names = Set(pools.map(\.name))
    var memory = memories[key] ?? Memory(legacy: Self.legacy(subnet))
    let entries = (SubnetStatus(subnet.controlledIPPools)?.entries ?? [:]).filter { name, _ in
      !names.contains(name) && SubnetStatus.leavingPool(name) == nil
    }
    let now = clock.monotonic()
    memory.missing = entries.reduce(into: [:]) { $0[$1.key] = memory.missing[$1.key] ?? now }
    let forgotten = entries.compactMap { (name, entry) -> String? in
      let isOver = now &- (memory.missing[name] ?? now) >= carver.grace.nanoseconds
      return isOver || book.hasDeparted(name) && !mayCome(name, entry) ? name : nil
    }
    memories[key] = memory
    return Set(forgotten)
  }

  /// Whether a pool that is not there may be made anew, for all that is known of its application.
  private func mayCome(_ pool: String, _ entry: SubnetStatus.Entry) -> Bool {
    guard let application = entry.application.flatMap(Application.init(statusText:)),
      let kind = WorkloadKind(apiVersion: application.apiVersion, kind: application.kind)
    else { return false }
    let key = WorkloadTable.Key(kind: kind, namespace: application.namespace, name: application.name)
    guard let workload = book.workload(key) else { return false }
    return AutomaticPool.isName(pool, of: workload.application.uid)
  }

  // MARK: pools that belong to a subnet

  private static func legacy(_ subnet: SpiderSubnet) -> Legacy {
    Legacy(gateway: subnet.spec.gateway, routes: subnet.spec.routes ?? [])
  }

  private func adopt(_ pools: [PoolFacts], _ subnet: SpiderSubnet) async {
    let now = Self.legacy(subnet)
    let before = memories[subnet.metadata.uid]?.legacy ?? now
    var isDone = true
    let time = clock.monotonic()
    resting = resting.filter { $0.value > time }
    for pool in pools where !pool.isTerminating && resting[pool.uid] == nil {
      let own = Legacy(gateway: pool.gateway, routes: pool.routes)
      // A pool made by hand follows where it has what the subnet had.
      let follows = pool.marks != nil || (before != now && own == before)
      guard pool.ownerSubnet != subnet.metadata.name || (follows && own != now) else { continue }
      if await adopt(pool.name, subnet, follows: follows) { continue }
      resting[pool.uid] = time &+ timing.rest.nanoseconds
      isDone = false
    }
    if isDone { memories[subnet.metadata.uid]?.legacy = now }
  }

  /// Whether it is done, or the pool gone.
  private func adopt(_ name: String, _ subnet: SpiderSubnet, follows: Bool) async -> Bool {
    do throws(ClusterError) {
      guard let object = try await store.find(.spiderIPPool, namespace: nil, name: name) else { return true }
      let pool: SpiderIPPool = try object.read(as: .spiderIPPool)
      if let owner = pool.metadata.controller, owner.uid != subnet.metadata.uid {
        return false
      }
      let patch = Self.patch(pool, subnet, follows: follows)
      _ = try await store.patch(.spiderIPPool, namespace: nil, name: name, mergePatch: patch)
      return true
    } catch {
      logger.notice(
        "a pool was not given to its subnet yet",
        metadata: ["pool": "\(name)", "subnet": "\(subnet.metadata.name)", "reason": "\(error)"])
      return false
    }
  }

  private static func patch(_ pool: SpiderIPPool, _ subnet: SpiderSubnet, follows: Bool) -> [UInt8] {
    var owners = pool.metadata.ownerReferences.map { $0.json }
    if pool.metadata.controller == nil {
      owners.append(AutomaticPool.ownerReference(subnet))
    }
    var spec: JSONValue = .object(JSONObject())
    if follows || pool.spec.gateway == nil {
      spec["gateway"] = subnet.spec.gateway.map { .string($0) } ?? .null
    }
    if follows || pool.spec.routes == nil {
      let routes = subnet.spec.routes ?? []
      spec["routes"] = routes.isEmpty ? .null : AutomaticPool.list(routes)
    }
    let patch: JSONValue = [
      "metadata": [
        "resourceVersion": .string(pool.metadata.resourceVersion), "ownerReferences": .array(owners),
        "labels": .object(
          JSONObject([(SpiderAPI.Label.ownerSubnet.description, .string(subnet.metadata.name))])),
      ],
      "spec": spec,
    ]
    return patch.bytes
  }

  // MARK: subnets that are deleted

  /// Deletes the pools of a subnet that is deleted, and lets it go when none is left.
  private func end(_ subnet: SpiderSubnet, _ pools: [PoolFacts]) async {
    let name = subnet.metadata.name
    do throws(ClusterError) {
      for pool in pools where pool.ownerSubnet == name && !pool.isTerminating {
        try await store.delete(
          .spiderIPPool, namespace: nil, name: pool.name, preconditions: Preconditions(uid: pool.uid))
      }
      let ours = SpiderAPI.finalizer.description
      guard subnet.controlledIPPools == nil, subnet.metadata.finalizers.contains(ours) else { return }
      let others = subnet.metadata.finalizers.filter { $0 != ours }
      let version = ResourceVersion(rawValue: subnet.metadata.resourceVersion)
      _ = try await store.patch(
        .spiderSubnet, namespace: nil, name: name,
        mergePatch: FinalizerPatch.make(leaving: others, of: version).bytes)
    } catch {
      logger.debug("a subnet is not let go yet", metadata: ["subnet": "\(name)", "reason": "\(error)"])
    }
  }
}

extension OwnerReference {
  /// The entry of `metadata.ownerReferences`.
  var json: JSONValue {
    var value: JSONValue = [
      "apiVersion": .string(apiVersion), "kind": .string(kind), "name": .string(name), "uid": .string(uid),
    ]
    if controller { value["controller"] = true }
    if blockOwnerDeletion { value["blockOwnerDeletion"] = true }
    return value
  }
}
