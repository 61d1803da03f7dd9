internal import Addressing
public import IPAM

/// What is asked and told by whoever writes pools' statuses.
extension AddressBook {
  /// A status to be written.
  public struct StatusDraft: Sendable, Equatable {
    /// An object with `metadata` and `status`, conditional on the version that was last seen.
    public let json: [UInt8]
    /// Records in it.
    public let records: Int
  }

  /// Where a binding stands.
  public enum Standing: Sendable, Equatable {
    /// The status was seen to hold all of it.
    case stored
    /// It is still to be written.
    case waiting
    /// An address is somebody else's, or its pool is gone.
    case lost
  }

  /// Takes the addresses in memory; they are nobody else's from then on.
  /// - Parameter gone: Pods that are known to be no more: what they hold may move.
  public func bind(_ order: BindOrder, gone: Set<PodUID> = [], now: UInt64) throws(BindRefusal) {
    let refusal = withState { state -> BindRefusal? in
      do throws(BindRefusal) {
        try state.ledger.bind(
          order.id, order.grants, to: order.pod, uid: order.uid, owner: order.owner, gone: gone, now: now)
        return nil
      } catch { return error }
    }
    if let refusal { throw refusal }
  }

  /// Takes a binding back that could not be stored, or is not wanted any more. What is stored already is released.
  public func withdraw(_ order: BindOrder, now: UInt64) {
    withState { state in
      state.ledger.unbind(order.grants, uid: order.uid, now: now)
      for grant in order.grants {
        state.ledger.release(grant.pool, grant.address, uid: order.uid, now: now)
      }
    }
  }

  /// Where the part of an order stands that concerns one pool.
  public func standing(of order: BindOrder, in pool: String) -> Standing {
    withState { state -> Standing in
      var isWaiting = false
      for grant in order.grants where grant.pool == pool {
        switch state.ledger.isSaved(grant.address, in: pool, for: order.uid) {
        case nil: return .lost
        case false?: isWaiting = true
        case true?: break
        }
      }
      return isWaiting ? .waiting : .stored
    }
  }

  /// The status that a pool should have, if it is not the one that it has; nil also for a pool that is not known.
  /// - Parameter mendsCounts: whether counts alone are a reason to write.
  public func draft(of pool: String, mendsCounts: Bool = false) -> StatusDraft? {
    withState { state -> StatusDraft? in
      guard let stored = state.stored[pool], !stored.isUnreadable else { return nil }
      guard (mendsCounts && state.countsDiffer(pool)) || state.ledger.hasChanges(pool) else { return nil }
      let records = state.ledger.records(toStore: pool)
      return StatusDraft(
        json: PoolStatusText.write(
          pool: pool, uid: stored.uid, version: stored.version, total: stored.total, records: records),
        records: records.count)
    }
  }

  /// Pools whose status tells other counts than those of its records.
  public func miscountedPools() -> [String] {
    withState { state in
      state.untidy.filter { name in
        state.stored[name]?.isUnreadable == false && !state.ledger.hasChanges(name)
          && state.countsDiffer(name)
      }
    }
  }

  /// How many addresses of a pool are reserved for Pods that are being created.
  public func reservationCount(of pool: String) -> Int {
    withState { $0.ledger.counts(of: pool)?.reserved ?? 0 }
  }
}

extension AddressBook.State {
  func countsDiffer(_ pool: String) -> Bool {
    guard let stored = stored[pool] else { return false }
    return stored.storedTotal != stored.total
      || stored.storedAllocated != Int64(ledger.counts(of: pool)?.recorded ?? 0)
  }
}
