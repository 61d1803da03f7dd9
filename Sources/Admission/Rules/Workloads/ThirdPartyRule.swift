import IPAM
import JSON
import KubernetesAPI

/// The annotations of Pod templates in objects of kinds that are not Kubernetes' own, wherever in the object they stand.
///
/// As with Kubernetes' own workloads only what is new is judged of a change.
extension Reviewer {
  /// Returns whether the object has a template that asks for addresses.
  func checkThirdParty(_ request: AdmissionRequest, _ now: UInt64, _ findings: inout Findings) -> Bool {
    guard let spec = request.object?["spec"] else { return false }
    let templates = TemplateWalk(spec, old: request.oldObject?["spec"]).templates
    if templates.isEmpty { return false }
    let version = request.version?.string ?? ""
    let metadata = request.object?["metadata"]
    let application = Application(
      apiVersion: request.group?.string.map { "\($0)/\(version)" } ?? version,
      kind: request.kind?.string ?? "", namespace: request.namespace?.string ?? "",
      name: metadata?["name"]?.string ?? "", uid: metadata?["uid"]?.string ?? "")
    for template in templates where template.annotations != template.before {
      if findings.isCut { break }
      check(template, of: application, now, &findings)
    }
    return true
  }

  private func check(
    _ template: TemplateWalk.Template, of application: Application, _ now: UInt64,
    _ findings: inout Findings
  ) {
    let metadata = template.metadata
    let what = GoText.shortened("\(application.kind) (\(application.apiVersion))")
    var annotations = template.annotations
    let asks = settings.usesSubnets && annotations.areMeant && !template.isHostNetwork
    if asks, annotations.number == nil { AutomaticOwnerRule.reportNumber(of: what, at: metadata, &findings) }
    if let number = annotations.number, number != template.before?.number,
      !checkFixed(
        number, at: metadata, apiVersion: application.apiVersion, kind: application.kind, what, &findings)
    {
      // One mistake of it is enough.
      annotations.number = nil
    }
    guard asks else {
      let fault = annotations.number.flatMap {
        SubnetAnnotation.fault(inNumber: $0, at: metadata, isFixed: true)
      }
      if let fault { findings.report(fault) }
      return
    }
    let reading = SubnetAnnotation.read(annotations, at: metadata, isFixed: true, in: subnetWorld)
    for error in reading.errors { findings.report(error) }
    for note in reading.notes { findings.warn(note.path, note.text) }
    guard let wanted = reading.request else { return }
    let path = metadata.child("annotations").key(annotations.key.description)
    if let before = template.before.flatMap({ SubnetAnnotation.read($0, in: subnetWorld).request }) {
      checkUnchanged(wanted, before, path, application.kind, &findings)
    }
    if case .fixed(let count) = wanted.size {
      warnOfShortage(wanted, count, application, path, now, &findings)
    }
  }
}
