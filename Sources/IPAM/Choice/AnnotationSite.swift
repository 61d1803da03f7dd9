internal import JSON
internal import KubernetesAPI

/// An annotation as messages tell of it: the field, what stands there, and an example of what would be right.
///
/// Texts are made only when something is to be said.
struct AnnotationSite {
  /// Where the annotation stands.
  enum Holder: Equatable {
    /// On the Pod, with this text.
    case pod(text: String)
    /// On the Pod's namespace.
    case namespace(String)
    /// Nowhere; the Pod could have it.
    case nobody
  }

  /// The annotation's key.
  let key: StaticString
  let holder: Holder
  /// A right value, to write between single quotes.
  let example: StaticString
  /// The rule that is broken when the annotation cannot be read.
  let format: RuleID

  /// What it names.
  var noun: StaticString = "pool"
  /// The metadata that has the annotation: the Pod's, or that of a template in another object.
  var metadata = FieldPath.metadata

  /// The field that leads to the annotation.
  private var path: FieldPath {
    if case .namespace = holder { return .metadata.child("namespace") }
    return metadata.child("annotations").key(key.description)
  }

  /// The line to write.
  private var exampleLine: String { "\(key): '\(example)'" }

  /// A mistake at a place in the annotation's JSON; an empty place is the whole of it.
  func mistake(_ place: String, _ detail: String, _ rule: RuleID) -> FieldError {
    let detail = place.isEmpty ? detail : "\(place): \(detail)"
    switch holder {
    case .pod(let text): return FieldError(.invalid, path, .string(text), detail, rule: rule)
    case .namespace(let name):
      let detail = "the namespace's annotation \(key): \(detail)"
      return FieldError(.invalid, path, .string(name), detail, rule: rule)
    case .nobody: return FieldError(.required, path, .none, "\(detail); write \(exampleLine)", rule: rule)
    }
  }

  /// A mistake in the annotation's form, with the example.
  func malformed(_ place: String, _ detail: String) -> FieldError {
    mistake(place, "\(detail); write \(exampleLine)", format)
  }
}

extension AnnotationSite {
  /// Parses an annotation's text. What is no JSON is a mistake, and `body` is not called.
  func parse(_ text: String, _ mistakes: inout Mistakes, _ body: (JSONView, inout Mistakes) -> Void) {
    var parser = JSONParser(maximumDepth: 16, maximumBytes: AnnotationLimits.bytes)
    do throws(JSONError) {
      try parser.parse(Array(text.utf8)) { body($0, &mistakes) }
    } catch {
      mistakes.add(malformed("", "is not JSON: \(error)"))
    }
  }
}

extension JSONView {
  /// The member with this key; nil also for `null`.
  func present(_ key: StaticString) -> JSONView? { self[key].flatMap { $0.isNull ? nil : $0 } }
}
