import IPAM
import JSON
import KubernetesAPI

/// The search for Pod templates in an object of unknown shape: anything that has `metadata.annotations` of its own.
///
/// It is linear in the object. The stored object is looked into only where a template asks for addresses, and not
/// endlessly often: whoever writes that many gets them judged as new.
struct TemplateWalk {
  /// A template that asks for addresses.
  struct Template {
    /// Where its metadata stand.
    let metadata: FieldPath
    let annotations: AutomaticAnnotations
    /// What stood there before the change; nil when there was none.
    let before: AutomaticAnnotations?
    /// Whether its Pods use their nodes' network, and get no addresses.
    let isHostNetwork: Bool
  }

  /// One step down from `spec`.
  private enum Step {
    case member(JSONView)
    case element(Int)
  }

  /// Templates deeper than this below `spec` are not looked for.
  private static let maximumDepth = 24
  /// What is found beyond this is not judged.
  private static let maximumTemplates = 256
  private static let maximumLookups = 64

  /// What was found, in the order of the object.
  private(set) var templates: [Template] = []
  /// The stored object's spec.
  private let old: JSONView?
  /// The way from `spec` to the value that is looked at.
  private var steps: [Step] = []
  private var lookups = 0

  /// Looks at a spec and all below it.
  /// - Parameter old: the spec before the change.
  init(_ spec: JSONView, old: JSONView?) {
    self.old = old
    descend(spec)
  }

  private mutating func descend(_ view: JSONView) {
    guard steps.count < Self.maximumDepth, templates.count < Self.maximumTemplates else { return }
    switch view.kind {
    case .object:
      if makesNativeController(view) { return }
      take(view)
      for (key, value) in view.members where value.kind == .object || value.kind == .array {
        if key.equals("metadata") || isNativeTemplate(key) { continue }
        steps.append(.member(key))
        descend(value)
        steps.removeLast()
      }
    case .array:
      for (position, element) in view.elements.enumerated() where element.kind == .object {
        steps.append(.element(position))
        descend(element)
        steps.removeLast()
      }
    default: break
    }
  }

  private mutating func take(_ view: JSONView) {
    guard let annotations = Self.annotations(of: view) else { return }
    templates.append(
      Template(
        metadata: path.child("metadata"), annotations: annotations, before: Self.annotations(of: stored),
        isHostNetwork: view["spec"]?["hostNetwork"]?.bool ?? false))
  }

  /// What an object says of automatic pools; nil when it says nothing.
  private static func annotations(of view: JSONView?) -> AutomaticAnnotations? {
    guard let view = view?["metadata"]?["annotations"] else { return nil }
    let annotations = AutomaticAnnotations(view)
    return annotations.areMeant || annotations.number != nil ? annotations : nil
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
