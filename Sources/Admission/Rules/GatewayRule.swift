import Addressing
import JSON
import KubernetesAPI

/// `gateway` is an address of the network, and none that is given to Pods.
enum GatewayRule {
  static let formatID = RuleID("gateway-format")
  static let insideID = RuleID("gateway-inside-subnet")
  static let freeID = RuleID("gateway-not-in-ips")

  static let check: ObjectRule = { review, findings in
    let spec = review.spec
    guard let view = spec.gatewayView else { return }
    let path = FieldPath.spec.child("gateway")
    guard let gateway = address(view, review, path, &findings) else { return }
    if let network = review.network, !network.contains(gateway) {
      findings.report(.invalid, path, view.shown, "must be inside \(network)", insideID)
      return
    }
    if spec.excludes.isFaulty || spec.excludes.addresses?.contains(gateway) == true { return }
    guard spec.ips.isFaulty || spec.ips.addresses?.contains(gateway) == true else { return }
    reportEntries(with: gateway, spec, &findings)
  }

  private static func address(
    _ view: JSONView, _ review: borrowing AddressReview, _ path: FieldPath, _ findings: inout Findings
  ) -> IPAddress? {
    do throws(AddressError) {
      guard let text = view.utf8 else { throw .notAnAddress }
      let address = try IPAddress(text)
      if review.family == nil || address.family == review.family { return address }
      findings.report(.invalid, path, view.shown, "is \(address.family); write \(wanted(review))", formatID)
    } catch {
      findings.report(.invalid, path, view.shown, "\(error); write \(wanted(review))", formatID)
    }
    return nil
  }

  private static func wanted(_ review: borrowing AddressReview) -> String {
    let kind = review.family.map { "\($0) address" } ?? "address"
    return "one \(kind)\(review.network.map { " inside \($0)" } ?? ""), without a prefix length"
  }

  private static func reportEntries(with gateway: IPAddress, _ spec: SpecReading, _ findings: inout Findings)
  {
    guard let list = spec.ipsView else { return }
    for (position, element) in list.elements.enumerated() {
      guard let range = element.utf8.flatMap(AddressText.range), range.contains(gateway) else { continue }
      if findings.isCut { return }
      findings.report(
        .invalid, .spec.child("ips").index(position), element.shown,
        "conflicts with spec.gateway \(gateway); add \(gateway) to spec.excludeIPs, or leave it out here",
        freeID)
    }
  }
}
