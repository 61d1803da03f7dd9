import Addressing
import JSON
import KubernetesAPI

/// What is allowed in a spec and probably not meant.
enum UnusualSpecWarnings {
  static let check: ObjectRule = { review, findings in
    guard !findings.isDenied else { return }
    let spec = review.spec
    if spec.ips.repeats {
      findings.warn(.spec.child("ips"), "lists addresses twice; they count once")
    }
    warnOfIdleExclusions(spec, &findings)
    guard let addresses = spec.addresses else { return }
    let isNew = review.isCreate || review.old?.addresses?.isEmpty == false
    if addresses.isEmpty, isNew {
      if spec.ips.addresses == nil {
        findings.warn(.spec.child("ips"), "is empty, so there is no address to give")
      } else {
        findings.warn(.spec.child("excludeIPs"), "excludes all of spec.ips, so there is no address to give")
      }
    }
    if spec.isDisabled, review.old?.isDisabled != true {
      findings.warn(.spec.child("disable"), "no new address is given from a disabled pool")
    }
  }

  private static func warnOfIdleExclusions(_ spec: SpecReading, _ findings: inout Findings) {
    guard let list = spec.excludesView, let excluded = spec.excludes.addresses else { return }
    guard let included = spec.ips.addresses else { return }
    if excluded.isSubset(of: included) { return }
    for (position, element) in list.elements.enumerated() {
      guard let range = element.utf8.flatMap(AddressText.range), !included.overlaps(range) else { continue }
      if findings.warnings.count >= Findings.maximumWarnings { return }
      findings.warn(.spec.child("excludeIPs").index(position), "lies outside spec.ips, and excludes nothing")
    }
  }
}
