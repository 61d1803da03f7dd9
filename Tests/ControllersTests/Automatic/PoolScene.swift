import Addressing
import Admission
import Cluster
import IPAM
import JSON
import KubernetesAPI
import Logging

@testable import Controllers

/// A store with subnets, workloads and pools, and replicas that make pools in it.
struct PoolScene {
  let store: any ClusterStore

  init() throws { store = try LocalCluster.inMemory() }

  /// A scene in a store of the caller's.
  init(in store: any ClusterStore) { self.store = store }

  func subnet(
    _ name: String = "s", _ ips: String = "10.50.0.1-10.50.0.20", gateway: String? = nil
  ) async throws {
    var spec: JSONValue = ["ipVersion": 4, "subnet": "10.50.0.0/16", "ips": [.string(ips)]]
    spec["gateway"] = gateway.map { .string($0) }
    let subnet: JSONValue = [
      "apiVersion": .string(SpiderAPI.apiVersion), "kind": "SpiderSubnet",
      "metadata": ["name": .string(name), "finalizers": [.string(SpiderAPI.finalizer.description)]],
      "spec": spec,
    ]
    _ = try await store.create(.spiderSubnet, namespace: nil, json: subnet.bytes)
  }

  /// A pool made by hand.
  func pool(_ name: String, _ ips: String, gateway: String? = nil) async throws {
    var spec: JSONValue = ["ipVersion": 4, "subnet": "10.50.0.0/16", "ips": [.string(ips)]]
    spec["gateway"] = gateway.map { .string($0) }
    let pool: JSONValue = [
      "apiVersion": .string(SpiderAPI.apiVersion), "kind": "SpiderIPPool",
      "metadata": ["name": .string(name)],
      "spec": spec,
    ]
    _ = try await store.create(.spiderIPPool, namespace: nil, json: pool.bytes)
  }

  /// A Deployment that names the subnet `s`; its UID.
  @discardableResult
  func deployment(
    _ name: String, replicas: Int, number: String = "+1", reclaim: String = "true"
  ) async throws -> String {
    let annotations: JSONValue = [
      "ipam.spidernet.io/subnet": #"{"ipv4":["s"]}"#, "ipam.spidernet.io/ippool-ip-number": .string(number),
      "ipam.spidernet.io/ippool-reclaim": .string(reclaim),
    ]
    let object: JSONValue = [
      "apiVersion": "apps/v1", "kind": "Deployment",
      "metadata": ["name": .string(name), "namespace": "default"],
      "spec": [
        "replicas": .int(Int64(replicas)),
        "template": ["metadata": ["annotations": annotations], "spec": [:]],
      ],
    ]
    return try await store.create(.deployment, namespace: "default", json: object.bytes).uid
  }

  /// A ReplicaSet of a Deployment.
  func replicaSet(_ name: String, of deployment: String, _ uid: String, replicas: Int) async throws {
    let owner: JSONValue = [
      "apiVersion": "apps/v1", "kind": "Deployment", "name": .string(deployment), "uid": .string(uid),
      "controller": true,
    ]
    let object: JSONValue = [
      "apiVersion": "apps/v1", "kind": "ReplicaSet",
      "metadata": ["name": .string(name), "namespace": "default", "ownerReferences": [owner]],
      "spec": ["replicas": .int(Int64(replicas))],
    ]
    _ = try await store.create(.replicaSet, namespace: "default", json: object.bytes)
  }

  func scale(_ name: String, to replicas: Int) async throws {
    let patch: JSONValue = ["spec": ["replicas": .int(Int64(replicas))]]
    _ = try await store.patch(.deployment, namespace: "default", name: name, mergePatch: patch.bytes)
  }

  /// All pools, by name.
  func pools() async throws -> [String: SpiderIPPool] {
    var pools: [String: SpiderIPPool] = [:]
    _ = try await store.list(.spiderIPPool, namespace: nil) { object throws(ClusterError) in
      pools[object.name] = try object.read(as: .spiderIPPool)
    }
    return pools
  }

  /// Each pool's ranges, by name.
  func ranges() async throws -> [String: String] {
    try await pools().mapValues { $0.spec.ips.joined(separator: ",") }
  }

  func stored(_ name: String = "s") async throws -> SpiderSubnet {
    try await store.get(.spiderSubnet, namespace: nil, name: name).read(as: .spiderSubnet)
  }

  /// What the subnet's status gives each pool, by name.
  func entries() async throws -> [String: String] {
    let status = SubnetStatus(try await stored().controlledIPPools)
    return (status?.entries ?? [:]).mapValues { $0.addresses?.description ?? "" }
  }
}

/// One server of several, as far as it makes pools.
final class PoolReplica: Sendable {
  let book = AddressBook()
  let directory = PoolDirectory()
  let plan = FaultPlan()
  let clock = ManualClock()
  let carver: PoolCarver
  let pools: ApplicationPools
  let applications: ApplicationKeeper
  let subnets: SubnetKeeper
  let events: EventRecorder
  private let store: any ClusterStore

  init(_ scene: PoolScene) {
    store = FaultInjectingStore(scene.store, plan: plan)
    let (logger, manual) = (Logger(label: "test"), clock)
    var clock = CommitTiming()
    clock.monotonic = { manual.now }
    clock.sleep = { await manual.sleep($0) }
    events = EventRecorder(store: scene.store, logger: logger)
    carver = PoolCarver(store: store, book: book, directory: directory, clock: clock, logger: logger)
    pools = ApplicationPools(
      store: store, book: book, carver: carver, types: TypeFinder(store: store, now: clock.monotonic),
      events: events, logger: logger)
    applications = ApplicationKeeper(
      pools: pools, directory: directory, settings: AdmissionSettings(), events: events, clock: clock,
      logger: logger)
    subnets = SubnetKeeper(
      store: store, book: book, directory: directory, carver: carver, clock: clock, logger: logger)
  }

  /// Reads everything, as watches that have caught up.
  func catchUp() async throws {
    try await DirectoryFeed.fill(directory, book, from: store)
    for kind in WorkloadKind.allCases {
      var all: [Workload] = []
      _ = try await store.list(kind.type, namespace: nil) { object throws(ClusterError) in
        all.append(try object.read(as: kind.type) { Workload($0, kind) })
      }
      book.replaceWorkloads(kind, all)
    }
  }

  /// A pool of IPv4 addresses of the subnet `s`, as an application of this name wants it.
  static func wish(
    _ name: String, _ count: Int, uid: String? = nil, size: PoolSize? = nil, reclaims: Bool = true
  ) -> PoolWish {
    let application = Application(
      apiVersion: "apps/v1", kind: "Deployment", namespace: "default", name: name,
      uid: uid ?? "6b1c2d3e-0000-4000-8000-\(LabelSyntax.digits(of: name).prefix(12))")
    let pool = AutomaticPool(
      application: application, place: .init(interface: "eth0", family: .v4, subnet: "s"),
      size: size ?? .fixed(count), reclaims: reclaims)
    return PoolWish(pool: pool, count: count)
  }

  func carve(_ name: String, _ count: Int) async -> CarveOutcome {
    await carver.carve(Self.wish(name, count))
  }

  /// Looks at a workload, as the controllers do.
  func look(at name: String) async -> Bool {
    await applications.look(at: .init(kind: .deployment, namespace: "default", name: name))
  }

  /// Gives an address of a pool to a Pod, durably.
  func bind(_ address: String, of pool: String) async throws -> BindResult {
    let committer = PoolCommitter(
      store: store, book: book, timing: CommitTiming(), logger: Logger(label: "test"))
    let order = BindOrder(
      id: ReservationID(.random(in: 0...(.max))),
      grants: [AddressGrant(interface: 0, pool: pool, address: try IPAddress(address))],
      pod: PodKey(namespace: "default", name: "pod-\(address)"), uid: PodUID("uid-\(address)"),
      owner: OwnerKey(id: "owner", label: "owner"))
    return await committer.bind(order, deadline: .max)
  }

  /// Takes an address back, durably.
  func release(_ address: String, of pool: String) async throws {
    let record = AllocationRecord(
      address: try IPAddress(address), pod: PodKey(namespace: "default", name: "pod-\(address)"),
      uid: PodUID("uid-\(address)"))
    _ = book.release(pool, record, now: 0)
    let committer = PoolCommitter(
      store: store, book: book, timing: CommitTiming(), logger: Logger(label: "test"))
    await committer.mend(pool)
  }
}

extension CarveOutcome {
  /// The pool that is there.
  var name: String? { if case .ready(let change) = self { change.name } else { nil } }
}
