import JSON
import KubernetesAPI

/// Whoever is not a controller of Kubernetes' own gives its pool a fixed number of addresses: its replicas are not
/// known, so nothing can be added to them. Where the installation wants it, kinds that tell their replicas are excepted.
enum FixedNumberRule {
  static let id = RuleID("fixed-ip-number")

  /// Whether a number is meant relative to the replicas.
  static func isRelative(_ number: String) -> Bool { number.utf8.contains(UInt8(ascii: "+")) }

  /// A relative number at this path.
  /// - Parameter what: whose replicas are not known.
  static func error(
    _ number: String, _ path: FieldPath, _ what: String, _ replicas: ReplicaKnowledge
  ) -> FieldError {
    let digits = number.split(separator: "+").last.flatMap { UInt32($0) } ?? 0
    let fixed = digits == 0 ? 5 : digits
    let reason =
      replicas == .untold
      ? "\(what) has no scale subresource that would tell its replicas"
      : "the number of replicas of \(what) is not known"
    var detail =
      "\(reason), so the number of addresses must be fixed; write \(SpiderAPI.Annotation.poolIPNumber): \"\(fixed)\""
    if replicas == .unused {
      detail += " (a server that runs with --elastic-third-party follows kinds that have a scale subresource)"
    }
    return FieldError(.invalid, path, .string(number), detail, rule: id)
  }
}

/// What is known of the replicas of a kind that is not Kubernetes' own.
enum ReplicaKnowledge {
  /// Nothing, and the installation does not want it.
  case unused
  /// Whether they can be known was not asked yet.
  case unasked
  /// Nothing: it has no `scale` subresource.
  case untold
  /// They are told by its `scale` subresource.
  case told
}

extension Reviewer {
  /// What is known of the replicas of such a kind.
  private func replicas(_ apiVersion: String, _ kind: String) -> ReplicaKnowledge {
    guard settings.followsThirdParties else { return .unused }
    switch directory.hasScale(apiVersion: apiVersion, kind: kind) {
    case true?: return .told
    case false?: return .untold
    case nil: return .unasked
    }
  }

  /// Judges the number of addresses of a kind that is not Kubernetes' own. Returns whether it may be what it is.
  /// - Parameter what: whose replicas are not known.
  @discardableResult
  func checkFixed(
    _ number: String, at metadata: FieldPath, apiVersion: String, kind: String, _ what: String,
    _ findings: inout Findings
  ) -> Bool {
    guard FixedNumberRule.isRelative(number) else { return true }
    let replicas = replicas(apiVersion, kind)
    if replicas == .told { return true }
    if replicas == .unasked { findings.prerequisite = .scale(apiVersion: apiVersion, kind: kind) }
    let path = metadata.child("annotations").key(SpiderAPI.Annotation.poolIPNumber.description)
    findings.report(FixedNumberRule.error(number, path, what, replicas))
    return false
  }

  /// For a Pod: its controller decides. The owners before and after the one with `controller: true` do not count.
  func checkFixedNumber(ofPod request: AdmissionRequest, _ findings: inout Findings) {
    let metadata = MetadataReading(request.object)
    guard let value = metadata.annotations?[SpiderAPI.Annotation.poolIPNumber], let number = value.string,
      FixedNumberRule.isRelative(number), let owner = metadata.controller?.reference,
      !NativeControllers.owns(owner)
    else { return }
    let before = request.oldObject?["metadata"]?["annotations"]?[SpiderAPI.Annotation.poolIPNumber]
    if let before, before.equals(value) { return }
    let apiVersion = owner["apiVersion"]?.string ?? ""
    let kind = owner["kind"]?.string ?? ""
    checkFixed(
      number, at: .metadata, apiVersion: apiVersion, kind: kind,
      "its controller, \(GoText.shortened("\(kind) (\(apiVersion))"))", &findings)
  }
}
