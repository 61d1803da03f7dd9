internal import KubernetesAPI

/// What an event says; two that say the same are one that happened twice.
struct EventContent: Hashable, Sendable {
  /// The API server takes no longer message.
  static let maximumMessageBytes = 1024

  let kind: EventRecorder.Kind
  let reason: String
  let message: String
  let object: ObjectReference

  init(_ kind: EventRecorder.Kind, reason: String, message: String, about object: ObjectReference) {
    self.kind = kind
    self.reason = reason
    self.message = Self.cut(message, to: Self.maximumMessageBytes)
    self.object = object
  }

  /// Where the Event lies: beside its object, and for a cluster-scoped object in `default`.
  var namespace: String { object.namespace ?? "default" }

  /// The object's name and sixteen hexadecimal digits, no longer than a name may be.
  func name(_ unique: UInt64) -> String {
    let digits = String(unique, radix: 16)
    let suffix = "." + String(repeating: "0", count: 16 - digits.count) + digits
    var prefix = Self.cut(object.name, to: 253 - suffix.utf8.count)
    // A part of a name ends in a letter or a digit.
    while let last = prefix.last, last == "-" || last == "." { prefix.removeLast() }
    return prefix + suffix
  }

  /// The beginning of a text, in whole characters of Unicode.
  private static func cut(_ text: String, to limit: Int) -> String {
    guard text.utf8.count > limit else { return text }
    var end = text.utf8.index(text.utf8.startIndex, offsetBy: limit)
    while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
    return String(text[..<end])
  }
}
