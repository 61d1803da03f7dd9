import IPAM
import KubernetesAPI

/// Pools of an application's own need an application, and one whose replicas are not known must say how many addresses they
/// have.
enum AutomaticOwnerRule {
  static let bareID = RuleID("subnet-needs-controller")
  static let numberID = RuleID("subnet-needs-ip-number")

  /// For a Pod that nobody makes.
  static func reportBare(_ annotations: AutomaticAnnotations, _ findings: inout Findings) {
    let key = annotations.subnets == nil ? SpiderAPI.Annotation.subnet : SpiderAPI.Annotation.subnets
    findings.report(
      .forbidden, FieldPath.metadata.child("annotations").key(key.description), .none,
      "a pool is made for an application, and this Pod has no controller; "
        + "create it by a Deployment or another controller, or name a pool in \(SpiderAPI.Annotation.pool)",
      bareID)
  }

  /// For a Pod of this controller.
  static func check(
    _ owner: OwnerReference, _ annotations: AutomaticAnnotations, _ findings: inout Findings
  ) {
    if annotations.number != nil || NativeControllers.owns(owner) { return }
    let what = GoText.shortened("\(owner.kind) (\(owner.apiVersion))")
    reportNumber(of: "its controller, \(what),", at: .metadata, &findings)
  }

  /// For annotations in these metadata that give no number.
  /// - Parameter what: whose replicas are not known.
  static func reportNumber(of what: String, at metadata: FieldPath, _ findings: inout Findings) {
    let key = SpiderAPI.Annotation.poolIPNumber
    findings.report(
      .required, metadata.child("annotations").key(key.description), .none,
      "the number of replicas of \(what) is not known, so the number of addresses must be given; write \(key): \"5\"",
      numberID)
  }
}
