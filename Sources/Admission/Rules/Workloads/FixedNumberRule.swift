import JSON
import KubernetesAPI

/// Whoever is not a controller of Kubernetes' own gives its pool a fixed number of addresses: its replicas are not
/// known, so nothing can be added to them.
enum FixedNumberRule {
  static let id = RuleID("fixed-ip-number")

  /// Templates deeper than this below `spec` are not looked for.
  static let maximumDepth = 24

  /// For a Pod: its controller decides. The owners before and after the one with `controller: true` do not count.
  static func checkPod(_ request: AdmissionRequest, _ findings: inout Findings) {
    let metadata = MetadataReading(request.object)
    guard let value = metadata.annotations?[SpiderAPI.Annotation.poolIPNumber], isRelative(value),
      let owner = metadata.controller?.reference, !NativeControllers.owns(owner)
    else { return }
    let before = request.oldObject?["metadata"]?["annotations"]?[SpiderAPI.Annotation.poolIPNumber]
    if let before, before.equals(value) { return }
    let apiVersion = owner["apiVersion"]?.string ?? ""
    let kind = owner["kind"]?.string ?? ""
    let path = FieldPath.metadata.child("annotations").key(SpiderAPI.Annotation.poolIPNumber.description)
    findings.report(error(value, path, "its controller, \(GoText.shortened("\(kind) (\(apiVersion))"))"))
  }

  /// For an object of a kind that is not Kubernetes' own: every Pod template in its spec. Returns whether there was one
  /// that asks for a number of addresses.
  static func checkThirdParty(_ request: AdmissionRequest, _ findings: inout Findings) -> Bool {
    guard let spec = request.object?["spec"] else { return false }
    let kind = request.kind?.string ?? ""
    let version = request.version?.string ?? ""
    let apiVersion = request.group?.string.map { "\($0)/\(version)" } ?? version
    var walk = TemplateWalk(
      what: GoText.shortened("\(kind) (\(apiVersion))"), old: request.oldObject?["spec"])
    walk.descend(spec, &findings)
    return walk.found
  }

  /// Whether the value is meant relative to the replicas.
  fileprivate static func isRelative(_ value: JSONView) -> Bool {
    value.utf8?.contains(UInt8(ascii: "+")) ?? false
  }

  fileprivate static func error(_ value: JSONView, _ path: FieldPath, _ what: String) -> FieldError {
    let digits = value.string?.split(separator: "+").last.flatMap { UInt32($0) } ?? 0
    let number = digits == 0 ? 5 : digits
    return FieldError(
      .invalid, path, value.shown,
      "the number of replicas of \(what) is not known, so the number of addresses must be fixed; "
        + "write \(SpiderAPI.Annotation.poolIPNumber): \"\(number)\"",
      rule: id)
  }
}

/// The controllers whose replicas are known.
enum NativeControllers {
  /// Whether this owner is one of them.
  static func owns(_ owner: JSONView) -> Bool {
    guard let apiVersion = owner["apiVersion"], let kind = owner["kind"] else { return false }
    return (apiVersion.equals("v1") || apiVersion.equals("apps/v1") || apiVersion.equals("batch/v1"))
      && isKind(kind)
  }

  /// Whether objects of this kind are such controllers, in whatever version they are served. Without a group it is the
  /// core group's.
  static func isNative(group: JSONView?, kind: JSONView) -> Bool {
    let isGroup = group.map { $0.equals("apps") || $0.equals("batch") || $0.equals("extensions") } ?? true
    return isGroup && isKind(kind)
  }

  static func isKind(_ kind: JSONView) -> Bool {
    kind.equals("Pod") || kind.equals("Deployment") || kind.equals("ReplicaSet") || kind.equals("DaemonSet")
      || kind.equals("StatefulSet") || kind.equals("Job") || kind.equals("CronJob")
  }
}

/// The search for Pod templates in an object of unknown shape: anything that has `metadata.annotations` of its own.
///
/// It is linear in the object. The stored object is looked into only where a relative number was found, and not
/// endlessly often: whoever writes that many gets them judged as new.
private struct TemplateWalk {
  /// One step down from `spec`.
  enum Step {
    case member(JSONView)
    case element(Int)
  }

  static let maximumLookups = 64

  /// Whose replicas are not known.
  let what: String
  /// The stored object's spec.
  let old: JSONView?
  /// Whether a template asks for a number of addresses.
  var found = false
  /// The way from `spec` to the value that is looked at.
  private var steps: [Step] = []
  private var lookups = 0

  init(what: String, old: JSONView?) {
    self.what = what
    self.old = old
  }

  /// Looks at one value and all below it.
  mutating func descend(_ view: JSONView, _ findings: inout Findings) {
    guard steps.count < FixedNumberRule.maximumDepth, !findings.isCut else { return }
    switch view.kind {
    case .object:
      if makesNativeController(view) { return }
      judge(view, &findings)
      for (key, value) in view.members where value.kind == .object || value.kind == .array {
        if key.equals("metadata") || isNativeTemplate(key) { continue }
        steps.append(.member(key))
        descend(value, &findings)
        steps.removeLast()
      }
    case .array:
      for (position, element) in view.elements.enumerated() where element.kind == .object {
        steps.append(.element(position))
        descend(element, &findings)
        steps.removeLast()
      }
    default: break
    }
  }

  private mutating func judge(_ view: JSONView, _ findings: inout Findings) {
    let key = SpiderAPI.Annotation.poolIPNumber
    guard let value = view["metadata"]?["annotations"]?[key] else { return }
    found = true
    guard FixedNumberRule.isRelative(value) else { return }
    if let before = stored?["metadata"]?["annotations"]?[key], before.equals(value) { return }
    let place = path.child("metadata").child("annotations").key(key.description)
    findings.report(FixedNumberRule.error(value, place, what))
  }

  /// What stands at the same place of the stored object.
  private var stored: JSONView? {
    mutating get {
      lookups += 1
      guard var view = old, lookups <= Self.maximumLookups else { return nil }
      for step in steps {
        let next =
          switch step {
          case .member(let key): view.member(key.string ?? "")
          case .element(let position): view.element(position)
          }
        guard let next else { return nil }
        view = next
      }
      return view
    }
  }

  private var path: FieldPath {
    steps.reduce(.spec) { path, step in
      switch step {
      case .member(let key): path.child(key.string ?? "")
      case .element(let position): path.index(position)
      }
    }
  }

  /// Whether the value is a whole object of a native kind, carried inside another: its Pods have a native controller.
  private func makesNativeController(_ view: JSONView) -> Bool {
    guard let apiVersion = view["apiVersion"]?.string, let kind = view["kind"] else { return false }
    let parts = apiVersion.split(separator: "/")
    return ["v1", "apps", "batch", "extensions"].contains(parts.first.map(String.init))
      && NativeControllers.isKind(kind)
  }

  /// The names under which some kinds carry the template of a Deployment or StatefulSet, not of a Pod.
  private func isNativeTemplate(_ key: JSONView) -> Bool {
    key.equals("deploymentTemplate") || key.equals("statefulSetTemplate")
  }
}
