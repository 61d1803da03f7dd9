import Addressing
import KubernetesAPI

/// An address is in one pool only.
///
/// Only addresses that the object did not have before are judged, so that a pool stored while nobody judged it can
/// still be changed in other respects. That updates are judged at all keeps a pool from growing into another.
enum PoolOverlapRule {
  static let id = RuleID("pool-ips-overlap")

  static let check: ClusterRule = { review, index, findings in
    guard let gained = review.gained, !gained.isEmpty, review.keepsIdentity else { return }
    let own = review.name
    let shared = index.sharers(of: gained, in: .pool, at: review.now) { index.entries[Int($0)]?.name != own }
    for (entry, addresses) in shared {
      let text = "\(AddressText.shown(addresses)) overlaps \(entry.label)"
      if entry.isClaim {
        findings.reportPassing(
          .spec.child("ips"),
          "\(text), which is being created or changed at this moment; try again in a few seconds",
          id)
      } else if entry.isLeaving {
        findings.reportPassing(
          .spec.child("ips"), "\(text), which is being deleted at this moment; try again in a few seconds", id
        )
      } else {
        findings.report(
          .forbidden, .spec.child("ips"), .none,
          "\(text); take other addresses, or exclude these (a pool has spec.ips without spec.excludeIPs)", id)
      }
    }
  }
}

extension PoolIndex {
  /// Objects beyond this many are not told of in one answer.
  static let maximumSharers = 8

  /// The pools, or reserved addresses, that hold some of these addresses, and which ones, at most `maximumSharers` of
  /// them.
  func sharers(
    of addresses: AddressSet, in kind: Kind, at now: UInt64,
    where matches: (ID) -> Bool
  ) -> [(entry: Entry, addresses: AddressSet)] {
    var found: [(id: ID, entry: Entry, ranges: [AddressRange])] = []
    for range in addresses.ranges {
      func visit(_ node: borrowing IntervalTree.Node) -> Bool {
        guard isLive(node.owner, at: now), matches(node.owner) else { return true }
        guard let shared = range.clamped(lower: node.lower, upper: node.upper) else { return true }
        let owner = node.owner
        if let place = found.firstIndex(where: { $0.id == owner }) {
          found[place].ranges.append(shared)
        } else {
          found.append((owner, entry(owner), [shared]))
        }
        return found.count < Self.maximumSharers
      }
      switch kind {
      case .pool: poolAddresses.overlaps(range, visit)
      case .reserved: reservedAddresses.overlaps(range, visit)
      case .subnet: break
      }
      if found.count >= Self.maximumSharers { break }
    }
    return found.map { ($0.entry, AddressSet(addresses.family, $0.ranges)) }
  }
}

extension AddressRange {
  /// The part between two numbers; nil when there is none.
  func clamped(lower: UInt128, upper: UInt128) -> AddressRange? {
    guard let lower = IPAddress(family, max(lower, values.lowerBound)),
      let upper = IPAddress(family, min(upper, values.upperBound))
    else { return nil }
    return try? AddressRange(lower, upper)
  }
}
