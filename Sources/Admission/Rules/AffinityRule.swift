import JSON
import KubernetesAPI

/// `podAffinity` is a selector that selects something; that of an automatic pool names its application and nothing else.
enum AffinityRule {
  static let syntaxID = RuleID("pod-affinity-syntax")
  static let emptyID = RuleID("pod-affinity-empty")
  static let automaticID = RuleID("pod-affinity-automatic")

  static let check: ObjectRule = { review, findings in
    warn(review.spec.namespaceAffinityView, "namespaceAffinity", &findings)
    warn(review.spec.nodeAffinityView, "nodeAffinity", &findings)
    guard let view = review.spec.podAffinityView else { return }
    let path = FieldPath.spec.child("podAffinity")
    let selector = LabelSelector(view)
    if review.isAutomatic {
      checkAutomatic(selector, view, path, &findings)
      return
    }
    for mistake in selector.mistakes(at: path, rule: syntaxID) { findings.report(mistake) }
    if selector.isEmpty {
      findings.report(
        .invalid, path, view.shown, "selects nothing: give matchLabels or matchExpressions, or leave it out",
        emptyID)
    }
  }

  private static func checkAutomatic(
    _ selector: LabelSelector, _ view: JSONView, _ path: FieldPath, _ findings: inout Findings
  ) {
    let allowed = SpiderAPI.Affinity.all.map(\.description)
    for (key, _) in selector.matchLabels where !allowed.contains(key) {
      findings.report(
        .invalid, path, .string(key),
        "is no label of an automatic pool's podAffinity; allowed are \(allowed.joined(separator: ", "))",
        automaticID)
    }
    if !selector.matchExpressions.isEmpty {
      findings.report(
        .invalid, path, view["matchExpressions"]?.shown ?? .none,
        "an automatic pool's podAffinity has matchLabels only; leave matchExpressions out", automaticID)
    }
  }

  /// These two were never judged at admission, so stored objects may hold anything; a wrong one never selects.
  private static func warn(_ view: JSONView?, _ field: String, _ findings: inout Findings) {
    guard let view else { return }
    for mistake in LabelSelector(view).mistakes(at: .spec.child(field), rule: syntaxID) {
      findings.warn(mistake.path, mistake.message)
    }
  }
}
