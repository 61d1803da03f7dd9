import KubernetesAPI

/// A pool or subnet that is being deleted stays as it is until our finalizer is off it.
enum TerminatingRule {
  static let id = RuleID("terminating")

  static let check: ObjectRule = { review, findings in
    guard !review.isCreate, review.metadata.isTerminating, review.metadata.hasFinalizer else { return }
    findings.refuse(
      .terminating(
        detail:
          "\(review.kindName) \(GoText.quoted(review.name)) is being deleted and cannot be changed any more; "
          + "wait until it is gone, then create it anew",
        rule: id))
  }
}
