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
    let shared = index.sharers(of: gained, in: index.poolAddresses, at: review.now) { $0.name != own }
    for (entry, addresses) in shared {
      let text = "\(AddressText.shown(addresses)) overlaps \(entry.label)"
      if entry.isClaim {
        findings.reportPassing(
          .spec.child("ips"),
          "\(text), which is being created or changed at this moment; try again in a few seconds",
          id)
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

  /// The entries that hold some of these addresses, and which ones, at most `maximumSharers` of them.
  func sharers(
    of addresses: AddressSet, in trees: PerFamily<IntervalTree>, at now: UInt64,
    where matches: (Entry) -> Bool
  ) -> [(entry: Entry, addresses: AddressSet)] {
    var found: [(id: ID, entry: Entry, ranges: [AddressRange])] = []
    for range in addresses.ranges {
      trees[addresses.family].overlaps(lower: range.values.lowerBound, upper: range.values.upperBound) {
        node in
        let entry = self.entry(node.owner)
        guard isLive(node.owner, at: now), matches(entry) else { return true }
        guard let shared = range.clamped(lower: node.lower, upper: node.upper) else { return true }
        if let place = found.firstIndex(where: { $0.id == node.owner }) {
          found[place].ranges.append(shared)
        } else {
          found.append((node.owner, entry, [shared]))
        }
        return found.count < Self.maximumSharers
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
