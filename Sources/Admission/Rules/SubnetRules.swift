import Addressing
import IPAM
import JSON
import KubernetesAPI

/// The network of a new subnet is apart from every other subnet's, and no pool has a part of it.
enum SubnetNetworkRule {
  static let subnetID = RuleID("subnet-overlap")
  static let poolID = RuleID("subnet-pool-overlap")

  static let check: ClusterRule = { review, index, findings in
    guard review.isCreate, let network = review.spec.network else { return }
    let subnet =
      index.subnetNetworks.members(of: network).first { index.isOther($0, than: review.name, at: review.now) }
      ?? index.subnetNetworks.firstOverlapping(network) {
        index.isOther($0, than: review.name, at: review.now)
      }
    if let subnet { NetworkClash.report(subnet, network, in: index, subnetID, &findings) }
    let pool = index.poolNetworks.firstOverlapping(network) { index.isLive($0, at: review.now) }
    if let pool { NetworkClash.report(pool, network, in: index, poolID, &findings) }
  }
}

/// The pools that a new subnet's network has already hold only addresses of the subnet.
enum OrphanPoolRule {
  static let id = RuleID("subnet-holds-pools")

  static let check: ClusterRule = { review, index, findings in
    guard review.isCreate, let network = review.spec.network, let addresses = review.spec.addresses else {
      return
    }
    let missing = AddressSet(network.range).subtracting(addresses)
    for (pool, held) in index.sharers(
      of: missing, in: .pool, at: review.now, where: { index.entries[Int($0)]?.network == network })
    {
      let text = "\(pool.label) has \(AddressText.shown(held)), outside the subnet"
      if pool.isClaim {
        findings.reportPassing(
          .spec.child("ips"), "\(text), and is being created at this moment; try again", id)
      } else {
        findings.report(
          .invalid, .spec.child("ips"), review.spec.ipsView?.shown ?? .null, "\(text); add these addresses",
          id)
      }
    }
  }
}

/// A subnet keeps the addresses that its pools hold: by its own status, by the pools that are there, and by those that
/// are being created.
enum SubnetShrinkRule {
  static let id = RuleID("subnet-addresses-in-use")
  static let statusID = RuleID("controlled-ippools-readable")

  static let check: ClusterRule = { review, index, findings in
    guard let network = review.network, let lost = review.lost, !lost.isEmpty else { return }
    let text = review.request.oldObject?["status"]?["controlledIPPools"]?.string
    guard let status = SubnetStatus(text) else {
      findings.report(
        .internalError, FieldPath("status").child("controlledIPPools"), .none,
        "is not the JSON object of pools, so that no address can be taken out of the subnet; repair it first",
        statusID)
      return
    }
    var holders: [String: AddressSet] = [:]
    for (name, entry) in status.entries {
      guard let addresses = entry.addresses, addresses.family == lost.family else { continue }
      let shared = addresses.intersection(lost)
      if !shared.isEmpty { holders[name] = shared }
    }
    for (pool, held) in index.sharers(
      of: lost, in: .pool, at: review.now, where: { index.entries[Int($0)]?.network == network })
    {
      if pool.isClaim, holders[pool.name] == nil {
        findings.reportPassing(
          .spec.child("ips"),
          "\(pool.label) takes \(AddressText.shown(held)) at this moment; try again in a few seconds", id)
      } else {
        holders[pool.name] = holders[pool.name]?.union(held) ?? held
      }
    }
    for (name, held) in holders.sorted(by: { $0.key < $1.key }).prefix(PoolIndex.maximumSharers) {
      findings.report(
        .forbidden, .spec.child("ips"), .none,
        "\(AddressText.shown(held)) belongs to SpiderIPPool \(GoText.quoted(name)); keep it, or shrink that pool first",
        id)
    }
  }
}
