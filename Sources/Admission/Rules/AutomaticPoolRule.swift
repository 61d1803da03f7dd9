import Addressing
import IPAM
import KubernetesAPI

/// The addresses of an automatic pool are those that its subnet's status gives it: the controller writes the status
/// first, and nobody else changes the pool.
enum AutomaticPoolRule {
  static let id = RuleID("automatic-pool-fixed")

  static let check: ClusterRule = { review, index, findings in
    guard review.settings.usesSubnets, review.isAutomatic, review.keepsIdentity else { return }
    guard let addresses = review.spec.addresses, !addresses.isEmpty, addresses != review.old?.addresses else {
      return
    }
    guard let owner = review.metadata.ownerSubnet, let subnet = index.stored(.subnet, named: owner) else {
      return
    }
    if findings.errors.contains(where: { $0.rule == ContainmentRule.id }) { return }
    let given = index.subnetDetails[subnet.id]?.status.entries[review.name]?.addresses
    guard given != addresses else { return }
    let right = given.map { $0.isEmpty ? "none" : AddressText.shown($0) } ?? "none"
    findings.report(
      .forbidden, .spec.child("ips"), .none,
      "\(subnet.entry.label) gives this automatic pool \(right); only its controller changes it: "
        + "change the application's annotation \(SpiderAPI.Annotation.poolIPNumber) instead",
      id)
  }
}
