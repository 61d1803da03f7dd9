import Addressing
import Admission
import Cluster
import IPAM
import JSON
import KubernetesAPI
import Logging

@testable import Controllers

/// One server of several, as far as it stores addresses: a book and a committer of its own, and the store they share.
struct AddressReplica {
  let book = AddressBook()
  let committer: PoolCommitter
  let plan = FaultPlan()
  private let store: any ClusterStore

  init(_ base: any ClusterStore) {
    store = FaultInjectingStore(base, plan: plan)
    var timing = CommitTiming()
    // Nothing is waited for that is not asked for.
    timing.sleep = { _ in await Task.yield() }
    committer = PoolCommitter(store: store, book: book, timing: timing, logger: Logger(label: "test"))
  }

  /// Reads all pools, as a watch that has caught up.
  func catchUp() async throws {
    var parser = JSONParser()
    var pools: [SpiderIPPool] = []
    _ = try await store.list(.spiderIPPool, namespace: nil) { object throws(ClusterError) in
      do throws(JSONError) {
        pools.append(try parser.parse(object.json) { SpiderIPPool($0) })
      } catch { throw .malformed("\(error)") }
    }
    book.replacePools(pools, now: SystemTime.milliseconds())
  }

  /// Binds one address to a new Pod.
  func bind(
    _ address: String, of pool: String, to name: String, uid: String? = nil,
    id: UInt128 = .random(in: 0...(.max))
  ) async throws -> BindResult {
    let grant = AddressGrant(interface: 0, pool: pool, address: try IPAddress(address))
    let order = BindOrder(
      id: ReservationID(id), grants: [grant], pod: PodKey(namespace: "default", name: name),
      uid: PodUID(uid ?? "uid-\(name)"), owner: OwnerKey(id: "owner", label: "ReplicaSet default/owner"))
    return await committer.bind(order, deadline: .max)
  }
}

/// What a store has of its pools.
struct StoredPools {
  let store: any ClusterStore

  /// A store with pools of these names and ranges, which lie in 10.6.0.0/16.
  static func make(_ pools: [String: String]) async throws -> StoredPools {
    let store = try LocalCluster.inMemory()
    for (name, ips) in pools {
      let json = """
        {"apiVersion":"spiderpool.spidernet.io/v2beta1","kind":"SpiderIPPool","metadata":{"name":"\(name)"},\
        "spec":{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["\(ips)"]}}
        """
      _ = try await store.create(.spiderIPPool, namespace: nil, json: Array(json.utf8))
    }
    return StoredPools(store: store)
  }

  /// The pool as it is stored.
  func pool(_ name: String) async throws -> SpiderIPPool {
    var parser = JSONParser()
    let object = try await store.get(.spiderIPPool, namespace: nil, name: name)
    return try parser.parse(object.json) { SpiderIPPool($0) }
  }

  /// Whose the addresses of a pool are: address to `namespace/name uid`.
  func records(_ name: String) async throws -> [String: String] {
    guard let text = try await pool(name).allocatedIPs else { return [:] }
    var parser = JSONParser()
    let records = try Array(text.utf8).withUnsafeBufferPointer {
      try AllocationText.read($0, parser: &parser)
    }
    return Dictionary(uniqueKeysWithValues: records.map { ("\($0.address)", "\($0.pod) \($0.uid)") })
  }
}
