import Addressing
import JSON
import KubernetesAPI

/// Each entry of `ips` and `excludeIPs` is an address, or a rising range of them, inside the network.
enum AddressListRule {
  static let formatID = RuleID("address-format")
  static let familyID = RuleID("address-family")
  static let insideID = RuleID("address-inside-subnet")

  static let check: ObjectRule = { review, findings in
    let spec = review.spec
    if spec.ips.isFaulty { report(spec.ipsView, "ips", review.family, review.network, &findings) }
    if spec.excludes.isFaulty {
      report(spec.excludesView, "excludeIPs", review.family, review.network, &findings)
    }
  }

  /// Tells what is wrong with each entry of the list in this field of `spec`.
  static func report(
    _ list: JSONView?, _ field: String, _ family: IPFamily?, _ network: CIDR?, _ findings: inout Findings
  ) {
    guard let list else { return }
    let path = FieldPath.spec.child(field)
    guard list.kind == .array else {
      findings.report(.invalid, path, list.shown, "must be a list of addresses and ranges", formatID)
      return
    }
    var family = family
    for (position, element) in list.elements.enumerated() {
      guard let (detail, rule) = fault(in: element, family, network) else {
        if family == nil { family = element.utf8.flatMap(AddressText.range)?.family }
        continue
      }
      findings.report(.invalid, path.index(position), element.shown, detail, rule)
      if findings.isCut { return }
    }
  }

  private static func fault(in entry: JSONView, _ family: IPFamily?, _ network: CIDR?) -> (String, RuleID)? {
    guard let text = entry.string else { return ("must be a string, an address or a range", formatID) }
    let range: AddressRange
    do throws(AddressRangeError) { range = try AddressRange(text) } catch {
      return (explanation(of: error, in: text, family), formatID)
    }
    if let family, range.family != family {
      let place = network.map { " inside \($0)" } ?? ""
      return ("is \(range.family); write \(family) addresses\(place)", familyID)
    }
    if let network, !network.contains(range) { return ("must be inside \(network)", insideID) }
    return nil
  }

  private static func explanation(of error: AddressRangeError, in text: String, _ family: IPFamily?) -> String
  {
    switch error {
    case .reversed:
      let ends = text.split(separator: "-", maxSplits: 1)
      return "the first address is above the last; write \(ends.reversed().joined(separator: "-"))"
    case .network:
      guard let network = try? CIDR(text) else { break }
      return "is a network; write its addresses as a range, such as \(network.range)"
    default: break
    }
    let example = family == .v6 ? "fd00:10::2-fd00:10::9" : "10.6.0.2-10.6.0.9"
    return "\(error); write an address, or a range such as \(example)"
  }
}
