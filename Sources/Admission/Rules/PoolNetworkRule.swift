import Addressing
import KubernetesAPI

/// Networks of pools are equal or apart.
enum PoolNetworkRule {
  static let id = RuleID("pool-subnet-overlap")

  static let check: ClusterRule = { review, index, findings in
    guard review.isCreate, let network = review.spec.network else { return }
    let found = index.poolNetworks.firstOverlapping(network) {
      index.isOther($0, than: review.name, at: review.now)
    }
    guard let found else { return }
    NetworkClash.report(found, network, in: index, id, &findings)
  }
}

/// The finding that a network overlaps that of another object.
enum NetworkClash {
  static func report(
    _ found: PoolIndex.ID, _ network: CIDR, in index: borrowing PoolIndex, _ rule: RuleID,
    _ findings: inout Findings
  ) {
    let other = index.entry(found)
    let path = FieldPath.spec.child("subnet")
    let theirs = other.network.map(\.description) ?? ""
    let text = "overlaps \(theirs) of \(other.label)"
    if other.isClaim {
      findings.reportPassing(
        path, "\(text), which is being created at this moment; try again in a few seconds", rule)
      return
    }
    if other.isLeaving {
      findings.reportPassing(
        path, "\(text), which is being deleted at this moment; try again in a few seconds", rule)
      return
    }
    let advice =
      other.kind == .pool
      ? "; write \(theirs), or a network apart from it" : "; write a network apart from it"
    findings.report(.invalid, path, .string(network.description), text + advice, rule)
  }
}

extension PoolIndex.Entry {
  /// Kind and name, as messages show them.
  var label: String {
    let kindName =
      switch kind {
      case .pool: "SpiderIPPool"
      case .subnet: "SpiderSubnet"
      case .reserved: "SpiderReservedIP"
      }
    return "\(kindName) \(GoText.quoted(name))"
  }
}
