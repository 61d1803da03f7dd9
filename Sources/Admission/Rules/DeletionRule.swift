import JSON
import KubernetesAPI

/// An object with addresses in use is not deleted, where the installation wants that; elsewhere it stays, terminating,
/// until they are released.
enum DeletionRule {
  static let id = RuleID("deletion-guard")

  static func check(
    _ request: AdmissionRequest, _ subject: Subject, _ settings: AdmissionSettings, _ findings: inout Findings
  ) {
    guard let count = request.oldObject?["status"]?["allocatedIPCount"]?.int, count > 0 else { return }
    let holders = subject == .pool ? "Pods" : "pools"
    let (noun, verb) = count == 1 ? ("address", "is") : ("addresses", "are")
    if settings.guardsDeletion {
      findings.refuse(
        .deletion(
          detail: "\(count) \(noun) \(verb) held by \(holders); delete the \(holders) first", rule: id))
    } else {
      findings.warn(
        FieldPath("status").child("allocatedIPCount"),
        "\(count) \(noun) \(verb) held by \(holders); it stays until they are released")
    }
  }
}
