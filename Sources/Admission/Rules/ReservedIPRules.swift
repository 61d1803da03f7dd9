import Addressing
import JSON
import KubernetesAPI

/// The rules of a SpiderReservedIP. It may reserve anything of one family: what is in use stays in use, and only later
/// allocations keep off it.
enum ReservedIPRules {
  static let versionID = RuleID("reserved-ip-version-known")

  static func check(_ request: AdmissionRequest, _ settings: AdmissionSettings, _ findings: inout Findings) {
    let metadata = MetadataReading(request.object)
    let spec = SpecReading(request.object?["spec"])
    let old = request.operation == .update ? SpecReading(request.oldObject?["spec"]) : nil
    if refusesChange(request, metadata, &findings) { return }

    let before = old?.versionView?.int
    let isChanged = before != nil && spec.versionView != nil && spec.versionView?.int != before
    if isChanged, let before {
      findings.report(
        .forbidden, .spec.child("ipVersion"), .none,
        "is not changeable: keep \(before), or create another SpiderReservedIP", ImmutabilityRule.versionID)
    }
    let list = AddressListReading(spec.ipsView, isChanged ? nil : spec.version, nil)
    let first = spec.ipsView?.elements.first { _ in true }?.utf8.flatMap(AddressText.range)
    VersionRule.judge(spec.versionView, spec.version, of: first?.family, settings, &findings)
    if list.isFaulty {
      AddressListRule.report(spec.ipsView, "ips", isChanged ? nil : spec.version, nil, &findings)
    } else if spec.versionView == nil, list.addresses == nil {
      findings.report(
        .invalid, .spec.child("ipVersion"), .null,
        "cannot be told from spec.ips, which is empty; write 4 or 6, or add an address", versionID)
    }
    if list.repeats { findings.warn(.spec.child("ips"), "lists addresses twice; they count once") }
    if list.addresses == nil, !list.isFaulty, !findings.isDenied {
      findings.warn(.spec.child("ips"), "is empty, so nothing is reserved")
    }
  }

  /// Refuses a change of what is being deleted, but for taking finalizers off it.
  private static func refusesChange(
    _ request: AdmissionRequest, _ metadata: MetadataReading, _ findings: inout Findings
  ) -> Bool {
    guard request.operation == .update, metadata.isTerminating else { return false }
    let old = MetadataReading(request.oldObject)
    guard old.isTerminating, (metadata.finalizers?.count ?? 0) >= (old.finalizers?.count ?? 0) else {
      return false
    }
    let name = (request.name ?? metadata.name)?.string ?? ""
    findings.refuse(
      .terminating(
        detail: "SpiderReservedIP \(GoText.quoted(name)) is being deleted and cannot be changed any more; "
          + "wait until it is gone, then create it anew",
        rule: TerminatingRule.id))
    return true
  }
}
