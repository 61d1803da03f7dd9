import Addressing
import JSON
import KubernetesAPI

/// A pool of a subnet's network, or one that a subnet owns, takes its addresses from that subnet.
enum ContainmentRule {
  static let id = RuleID("pool-inside-subnet")
  static let ownerID = RuleID("pool-owner-known")

  static let check: ClusterRule = { review, index, findings in
    guard review.settings.usesSubnets, let network = review.spec.network, review.keepsIdentity,
      let gained = review.gained, !gained.isEmpty
    else { return }
    var subnets = index.subnetNetworks.members(of: network).filter { index.isLive($0, at: review.now) }
    if subnets.isEmpty, let owner = review.metadata.ownerSubnet {
      guard let stored = index.stored(.subnet, named: owner) else {
        findings.report(
          .internalError, .spec.child("subnet"), .none,
          "SpiderSubnet \(GoText.quoted(owner)), which owns the pool, is not known; create it, or try again",
          ownerID)
        return
      }
      subnets = [stored.id]
    }
    for subnet in subnets { compare(gained, with: index.entry(subnet), &findings) }
  }

  private static func compare(_ gained: AddressSet, with subnet: PoolIndex.Entry, _ findings: inout Findings)
  {
    let held = subnet.addresses.flatMap { $0.family == gained.family ? $0 : nil } ?? AddressSet(gained.family)
    let outside = gained.subtracting(held)
    guard !outside.isEmpty else { return }
    let text = "\(AddressText.shown(outside)) is outside \(subnet.label)"
    if subnet.isClaim {
      findings.reportPassing(
        .spec.child("ips"),
        "\(text), which is being created or changed at this moment; try again in a few seconds",
        id)
    } else if held.isEmpty {
      findings.report(
        .forbidden, .spec.child("ips"), .none, "\(text), which has no addresses; add them there first", id)
    } else {
      findings.report(
        .forbidden, .spec.child("ips"), .none, "\(text); take addresses of \(AddressText.shown(held))", id)
    }
  }
}

extension MetadataReading {
  /// The name of the SpiderSubnet that is the controller.
  var ownerSubnet: String? {
    guard let reference = controller?.reference, reference["kind"]?.equals("SpiderSubnet") == true,
      let group = reference["apiVersion"]?.string?.split(separator: "/").first, group == SpiderAPI.group
    else { return nil }
    return reference["name"]?.string
  }
}
