import KubernetesAPI

/// A new object has a name of its own.
///
/// An object that is being deleted still has its name, but may be gone when the write arrives; the API server knows.
enum NameRule {
  static let id = RuleID("name-taken")

  static let check: ClusterRule = { review, index, findings in
    guard review.isCreate, !review.name.isEmpty else { return }
    let kind: PoolIndex.Kind = review.subject == .pool ? .pool : .subnet
    guard let stored = index.stored(kind, named: review.name)?.entry, !stored.isTerminating, !stored.isLeaving
    else { return }
    findings.refuse(.nameTaken(rule: id))
  }
}
