internal import JSON
internal import KubernetesAPI

/// An annotation as messages tell of it: the field, what stands there, and an example of what would be right.
struct AnnotationSite {
  /// The field of the Pod that leads to the annotation.
  let path: FieldPath
  /// What stands there; none for an annotation that is not there.
  let value: FieldError.Value
  /// What the detail starts with, when the annotation is not the Pod's own.
  let prefix: String
  /// The whole line to write, with its key.
  let example: String
  /// The rule that is broken when the annotation cannot be read.
  let format: RuleID

  /// An annotation of the Pod itself.
  init(onPod key: StaticString, _ text: String?, example: String, format: RuleID) {
    path = .metadata.child("annotations").key(key.description)
    value = text.map { .string($0) } ?? .none
    prefix = ""
    self.example = "\(key): '\(example)'"
    self.format = format
  }

  /// An annotation of the Pod's namespace.
  init(onNamespace namespace: String, _ key: StaticString, example: String, format: RuleID) {
    path = .metadata.child("namespace")
    value = .string(namespace)
    prefix = "the namespace's annotation \(key): "
    self.example = "\(key): '\(example)'"
    self.format = format
  }

  /// A mistake at a place in the annotation's JSON; an empty place is the whole of it.
  func mistake(_ place: String, _ detail: String, _ rule: RuleID) -> FieldError {
    FieldError(.invalid, path, value, prefix + (place.isEmpty ? detail : "\(place): \(detail)"), rule: rule)
  }

  /// A mistake in the annotation's form, with the example.
  func malformed(_ place: String, _ detail: String) -> FieldError {
    mistake(place, "\(detail); write \(example)", format)
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
