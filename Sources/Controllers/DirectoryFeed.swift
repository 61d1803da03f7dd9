public import Admission
public import Cluster
internal import KubernetesAPI
public import Logging

/// Keeps a ``PoolDirectory``, and an ``AddressBook`` if there is one, in step with a cluster's pools, subnets and reserved addresses.
public final class DirectoryFeed: Sendable {
  private let pools: Reflector<SpiderIPPool>
  private let subnets: Reflector<SpiderSubnet>
  private let reserved: Reflector<SpiderReservedIP>

  /// One kind's name and how its reflector does.
  public typealias Status = (kind: String, status: ReflectorStatus)

  /// A feed that does nothing yet.
  /// - Parameter now: milliseconds since 1970.
  public init(
    _ directory: PoolDirectory, _ book: AddressBook? = nil, from store: any ClusterStore,
    timing: ReflectorTiming = ReflectorTiming(),
    now: @escaping @Sendable () -> UInt64 = SystemTime.milliseconds, logger: Logger
  ) {
    pools = Reflector(
      store: store, type: .spiderIPPool, sink: Self.poolSink(directory, book, now), timing: timing,
      logger: logger)
    subnets = Reflector(
      store: store, type: .spiderSubnet, sink: Self.subnetSink(directory), timing: timing, logger: logger)
    reserved = Reflector(
      store: store, type: .spiderReservedIP, sink: Self.reservedSink(directory, book), timing: timing,
      logger: logger)
  }

  /// Follows the cluster until the task is cancelled.
  public func run() async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.pools.run() }
      group.addTask { await self.subnets.run() }
      group.addTask { await self.reserved.run() }
    }
  }

  /// Returns when all three kinds were listed once, or the task is cancelled.
  public func synced() async {
    await subnets.synced()
    await pools.synced()
    await reserved.synced()
  }

  /// How each kind does.
  public var statuses: [Status] {
    [
      (ResourceType.spiderIPPool.kind, pools.status), (ResourceType.spiderSubnet.kind, subnets.status),
      (ResourceType.spiderReservedIP.kind, reserved.status),
    ]
  }

  /// Fills a directory, and a book if there is one, once, for a world that does not change.
  public static func fill(
    _ directory: PoolDirectory, _ book: AddressBook? = nil, from store: any ClusterStore
  ) async throws(ClusterError) {
    try await load(poolSink(directory, book, SystemTime.milliseconds), .spiderIPPool, store)
    try await load(subnetSink(directory), .spiderSubnet, store)
    try await load(reservedSink(directory, book), .spiderReservedIP, store)
  }

  private static func load<Value: Sendable>(
    _ sink: ReflectorSink<Value>, _ type: ResourceType, _ store: any ClusterStore
  ) async throws(ClusterError) {
    var values: [Value] = []
    _ = try await store.list(type, namespace: nil) { object throws(ClusterError) in
      do {
        values.append(try sink.decode(object))
      } catch {
        throw .malformed("\(type.kind) \"\(object.key)\" cannot be read: \(error)")
      }
    }
    sink.replaceAll(values)
  }

  private static func poolSink(
    _ directory: PoolDirectory, _ book: AddressBook?, _ now: @escaping @Sendable () -> UInt64
  ) -> ReflectorSink<SpiderIPPool> {
    ReflectorSink(
      reading: { SpiderIPPool($0) },
      replaceAll: { pools in
        directory.replacePools(pools)
        book?.replacePools(pools, now: now())
      },
      upsert: { pool in
        directory.upsert(pool)
        book?.upsert(pool, now: now())
      },
      remove: { key in
        directory.removePool(key.name)
        book?.removePool(key.name)
      })
  }

  private static func subnetSink(_ directory: PoolDirectory) -> ReflectorSink<SpiderSubnet> {
    ReflectorSink(
      reading: { SpiderSubnet($0) }, replaceAll: { directory.replaceSubnets($0) },
      upsert: { directory.upsert($0) }, remove: { directory.removeSubnet($0.name) })
  }

  private static func reservedSink(
    _ directory: PoolDirectory, _ book: AddressBook?
  ) -> ReflectorSink<SpiderReservedIP> {
    ReflectorSink(
      reading: { SpiderReservedIP($0) },
      replaceAll: { all in
        directory.replaceReservedIPs(all)
        book?.replaceReserved(all)
      },
      upsert: { reserved in
        directory.upsert(reserved)
        book?.setReserved(reserved.metadata.name, reserved.ips)
      },
      remove: { key in
        directory.removeReservedIP(key.name)
        book?.setReserved(key.name, [])
      })
  }
}
