public import Addressing
public import IPAM
public import KubernetesAPI

/// What the watch of Pods tells, and what is asked about them.
extension AddressBook {
  /// Takes in a Pod that was added or changed.
  public func see(_ pod: PodSighting, now: UInt64) {
    withState { $0.see(pod, now: now) }
  }

  /// Takes in all Pods there are.
  public func seeAll(_ pods: [PodSighting], now: UInt64) {
    withState { state in
      state.pods.removeAll(expecting: pods.count)
      state.unrecorded = []
      for pod in pods { state.see(pod, now: now) }
    }
  }

  /// Takes out a Pod that is gone. Returns what it was.
  public func forget(_ key: PodKey) -> PodSighting? {
    withState { state -> PodSighting? in
      state.unrecorded.remove(key)
      return state.pods.remove(key)
    }
  }

  /// What was seen of the Pod of this name, if it is the one with this UID.
  public func sighting(of key: PodKey, _ uid: PodUID) -> PodSighting? {
    withState { state in state.pods.has(key, uid) ? state.pods[key] : nil }
  }

  /// What is known of a Pod that has neither addresses nor a node; nil for any other.
  func unplaced(_ key: PodKey) -> PodFacts? {
    withState { $0.pods[key]?.unplaced }
  }

  /// Whether a Pod of this name was seen.
  func hasSeen(_ key: PodKey) -> Bool { withState { $0.pods[key] != nil } }

  /// The addresses recorded for a Pod.
  public func records(of uid: PodUID) -> [(pool: String, record: AllocationRecord)] {
    withState { $0.ledger.records(of: uid) }
  }

  /// Whose an address is.
  public func holder(of address: IPAddress, in pool: String) -> AllocationRecord? {
    withState { $0.ledger.holder(of: address, in: pool) }
  }

  /// Whether the pool of a grant is known and may not give its address any more.
  public func hasGivenUp(_ grant: AddressGrant) -> Bool {
    withState { $0.ledger.mayGive(grant.address, in: grant.pool) == false }
  }

  /// The records of a pool whose Pods were not seen, or have ended.
  public func suspects(in pool: String) -> [AllocationRecord] {
    withState { state -> [AllocationRecord] in
      state.ledger.records(toStore: pool).filter { !state.pods.isAlive($0.pod, $0.uid) }
    }
  }

  /// Some of the Pods that have addresses which are not recorded for them: only the mutating webhook was asked about them,
  /// or a record is on its way here.
  public func unrecorded(limit: Int) -> [PodSighting] {
    withState { state -> [PodSighting] in
      state.unrecorded.prefix(limit).compactMap { state.pods[$0] }
    }
  }

  /// Gives an address back, if it is still this Pod's. The status is to be written then.
  public func release(_ pool: String, _ record: AllocationRecord, now: UInt64) -> Bool {
    withState { $0.ledger.release(pool, record.address, uid: record.uid, now: now) }
  }

  /// The order that binds what a Pod's annotations tell, if its token is one of ours.
  public func order(for pod: PodSighting, signer: any TokenSigner) -> BindOrder? {
    guard let told = pod.addresses,
      let (token, allocation) = ReservationToken.redeem(
        told.reservation, for: told.allocation, told.bearer, signer: signer)
    else { return nil }
    return BindOrder(id: token.id, grants: allocation.grants, pod: pod.key, uid: pod.uid, owner: told.owner)
  }

  /// Those who were refused an address of a pool that has one now, each once; they are forgotten then.
  public func takeRefused(now: UInt64) -> Set<RefusedOwner> {
    withState { state -> Set<RefusedOwner> in
      // A reservation that lapsed leaves an address free, and nobody else looks.
      if !state.refused.isEmpty { _ = state.ledger.expire(now: now) }
      var owners: Set<RefusedOwner> = []
      for pool in state.refused.keys.sorted() {
        guard let counts = state.ledger.counts(of: pool),
          counts.total > UInt128(counts.recorded + counts.reserved),
          let refused = state.refused.removeValue(forKey: pool)
        else { continue }
        owners.formUnion(refused)
      }
      return owners
    }
  }

  /// Pools that are being deleted, and of which no address is held any more: nothing keeps them from going.
  public func releasedPools() -> [String] {
    withState { state -> [String] in
      state.untidy.filter { name in
        state.catalog[name]?.isTerminating == true && state.ledger.counts(of: name)?.recorded == 0
      }
    }
  }

  /// Pools that are being deleted while addresses of them are held.
  public func waitingPools() -> [ObjectReference] {
    withState { state -> [ObjectReference] in
      state.untidy.sorted().compactMap { name in
        guard state.catalog[name]?.isTerminating == true, (state.ledger.counts(of: name)?.recorded ?? 0) > 0
        else {
          return nil
        }
        return state.reference(to: name)
      }
    }
  }

  /// A pool as Events refer to it; nil when it is not known.
  public func reference(to pool: String) -> ObjectReference? { withState { $0.reference(to: pool) } }

  /// The names of all pools.
  public var poolNames: [String] { withState { $0.ledger.poolNames } }
}

extension AddressBook.State {
  fileprivate func reference(to pool: String) -> ObjectReference? {
    stored[pool].map { stored in
      ObjectReference(
        apiVersion: SpiderAPI.apiVersion, kind: ResourceType.spiderIPPool.kind, namespace: nil, name: pool,
        uid: stored.uid)
    }
  }

  fileprivate mutating func see(_ pod: PodSighting, now: UInt64) {
    let isRecorded = ledger.confirm(pod.uid, at: now)
    if pod.addresses == nil || pod.hasEnded || isRecorded {
      pods.put(pod.recorded)
      unrecorded.remove(pod.key)
    } else {
      pods.put(pod)
      unrecorded.insert(pod.key)
    }
  }
}
