import IPAM
import KubernetesAPI

extension Shortage {
  /// Why there is no address, pool by pool.
  func sentence(interface: String) -> String {
    let tried = zip(demand.pools, reasons).map { "\($0) \($1.words)" }.joined(separator: "; ")
    var sentence = "no \(demand.family) address for \(interface): \(tried)"
    if !holders.isEmpty {
      let named = holders.map { "\($0.label) \($0.count)" }.joined(separator: ", ")
      sentence += "; Pods not yet seen hold: \(named)"
    }
    return sentence
  }
}

extension PoolShortage {
  /// Words behind the pool's name.
  fileprivate var words: String {
    switch self {
    case .unknownPool: "does not exist"
    case .terminating: "is being deleted"
    case .disabled: "is disabled"
    case .full(let total, let used, let unconfirmed, let reserved):
      "is full: of \(total) addresses \(used) are used, \(unconfirmed) of them by Pods not yet seen, "
        + "and \(reserved) are reserved for Pods being created"
    case .ownerLimit(let unconfirmed, let limit):
      "gives no more to this owner: \(unconfirmed) of its addresses are for Pods that were never seen, at most \(limit) may be"
    }
  }
}

extension BindRefusal {
  /// A sentence without a final stop.
  var sentence: String {
    switch self {
    case .taken(let pool, let record):
      "\(record.address) of SpiderIPPool \(GoText.quoted(pool)) has gone to Pod \(record.pod) meanwhile"
    case .earlierPod(let pool, let record):
      "\(record.address) of SpiderIPPool \(GoText.quoted(pool)) is still held by the earlier Pod \(record.pod)"
    case .unseenPod(let pool, let record):
      "\(record.address) of SpiderIPPool \(GoText.quoted(pool)) was given to an earlier Pod \(record.pod), "
        + "whose creation may still be under way"
    case .reservedByOther(let pool, let address):
      "\(address) of SpiderIPPool \(GoText.quoted(pool)) has been reserved for another Pod meanwhile"
    case .unknownPool(let pool): "SpiderIPPool \(GoText.quoted(pool)) does not exist any more"
    case .notGivable(let pool, let address):
      "\(address) of SpiderIPPool \(GoText.quoted(pool)) may not be given any more"
    case .terminating(let pool): "SpiderIPPool \(GoText.quoted(pool)) is being deleted"
    }
  }
}
