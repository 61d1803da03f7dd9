public import Addressing
public import IPAM
public import KubernetesAPI

/// What is known of workloads, and of the pools that are theirs.
extension AddressBook {
  /// Takes in all workloads of a kind, in the place of all before.
  public func replaceWorkloads(_ kind: WorkloadKind, _ workloads: [Workload]) {
    withState { state in
      state.workloads.removeAll(kind)
      for workload in workloads { state.workloads[WorkloadTable.Key(workload)] = workload }
    }
  }

  /// Takes in a workload that was added or changed.
  public func upsert(_ workload: Workload) {
    withState { $0.workloads[WorkloadTable.Key(workload)] = workload }
  }

  /// Takes out a workload that is gone.
  public func removeWorkload(_ key: WorkloadTable.Key) {
    withState { $0.workloads[key] = nil }
  }

  /// The workload of this name.
  public func workload(_ key: WorkloadTable.Key) -> Workload? { withState { $0.workloads[key] } }

  /// The workload that an application is, if it was seen with this UID.
  public func workload(of application: Application) -> Workload? {
    withState { $0.workloads[application] }
  }

  /// The names of all workloads that ask for automatic pools and have them themselves.
  public var applicationKeys: [WorkloadTable.Key] {
    withState { state in
      state.workloads.keys.filter { key in
        guard let workload = state.workloads[key] else { return false }
        return workload.template != nil && !workload.isPart
      }
    }
  }

  /// The application that an object's controller is, or is made by; nil when that was not seen yet.
  public func application(of owner: OwnerReference, namespace: String) -> Application? {
    withState { $0.workloads.top(of: owner, namespace: namespace) }
  }

  /// The automatic pools of an application of this name, whichever its UID, by name.
  public func automaticPools(of application: ApplicationKey) -> [PoolFacts] {
    withState { $0.catalog.automaticPools(of: application) }
  }

  /// The pools of a network, by name.
  public func pools(in network: CIDR) -> [PoolFacts] {
    withState { state in
      state.catalog.names.compactMap { state.catalog[$0] }.filter { $0.network == network }
    }
  }

  /// Whether an automatic pool of this name was there and is gone.
  public func hasDeparted(_ pool: String) -> Bool { withState { $0.departed.contains(pool) } }

  /// All automatic pools.
  public var automaticPools: [PoolFacts] { withState { $0.catalog.automaticPools } }

  /// What is known of a pool when pools are chosen.
  public func facts(of pool: String) -> PoolFacts? { withState { $0.catalog[pool] } }

  /// The addresses of a pool that Pods have, or that are reserved for Pods being created.
  public func held(of pool: String, _ family: IPFamily) -> AddressSet {
    withState { $0.ledger.held(of: pool, family) }
  }

  /// Notes who wants to hear when these pools are there and have addresses.
  public func noteRefused(_ need: PoolNeed, _ pools: [String]) {
    withState { $0.noteRefused(RefusedOwner(need.owner, need.namespace), pools) }
  }

  /// Notes that the makers of a workload's Pods may have been refused an address of a pool, here or by a server that is not there
  /// any more: they are woken when the pool has one.
  public func noteRefused(makersOf workload: Workload, _ pool: String) {
    withState { state in
      for maker in state.workloads.makers(of: workload) {
        let owner = RefusedOwner(
          apiVersion: maker.apiVersion, kind: maker.kind, namespace: maker.namespace, name: maker.name)
        state.noteRefused(owner, [pool])
      }
    }
  }

  /// How many nodes there are.
  public var nodeCount: Int { withState { $0.nodes.count } }
}

extension WorkloadTable.Key {
  /// The name of a workload.
  public init(_ workload: Workload) {
    self.init(
      kind: workload.kind, namespace: workload.application.namespace, name: workload.application.name)
  }
}
