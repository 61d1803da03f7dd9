import Addressing
import KubernetesAPI

/// What the rest of the cluster makes unusual about a pool.
enum NeighbourWarnings {
  static let check: ClusterRule = { review, index, findings in
    guard !findings.isDenied, let network = review.spec.network, let gained = review.gained, !gained.isEmpty
    else {
      return
    }
    for (entry, addresses) in index.sharers(
      of: gained, in: .reserved, at: review.now, where: { _ in true })
    {
      findings.warn(
        .spec.child("ips"), "\(AddressText.shown(addresses)) is reserved by \(entry.label) and never given")
    }
    guard review.isCreate, review.settings.usesSubnets else { return }
    let overlapping = index.subnetNetworks.firstOverlapping(network) { index.isLive($0, at: review.now) }
    guard let overlapping, let theirs = index.entry(overlapping).network else { return }
    findings.warn(
      .spec.child("subnet"),
      "overlaps \(theirs) of \(index.entry(overlapping).label), which does not own the pool")
  }
}
