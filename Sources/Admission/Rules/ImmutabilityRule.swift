import JSON
import KubernetesAPI

/// `ipVersion` and `subnet` are for life.
enum ImmutabilityRule {
  static let versionID = RuleID("ip-version-immutable")
  static let subnetID = RuleID("subnet-immutable")

  static let check: ObjectRule = { review, findings in
    guard let old = review.old else { return }
    if let before = old.versionView?.int, let after = review.spec.versionView, after.int != before {
      findings.report(
        .forbidden, .spec.child("ipVersion"), .none,
        "is not changeable: keep \(before), or create another \(review.kindName)", versionID)
    }
    if let before = old.subnetView, let after = review.spec.subnetView, !after.equals(before) {
      findings.report(
        .forbidden, .spec.child("subnet"), .none,
        "is not changeable: keep \(GoText.shortened(before.string ?? "")), or create another \(review.kindName)",
        subnetID)
    }
  }
}
