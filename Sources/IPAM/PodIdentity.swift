/// The name of a Pod, in its namespace.
public struct PodKey: Hashable, Sendable, CustomStringConvertible {
  /// The namespace.
  public let namespace: String
  /// The name.
  public let name: String

  /// A key from its parts.
  public init(namespace: String, name: String) {
    self.namespace = namespace
    self.name = name
  }

  /// Reads `namespace/name`; nil for anything else.
  public init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
    self.init(namespace: String(parts[0]), name: String(parts[1]))
  }

  /// `namespace/name`, as a pool's status writes it.
  public var description: String { "\(namespace)/\(name)" }
}

/// The UID of a Pod: 16 bytes for what the API server makes, a text for anything else.
public enum PodUID: Hashable, Sendable, CustomStringConvertible {
  /// A UUID in its canonical form: lower case, with dashes.
  case uuid(UInt128)
  /// Any other text.
  case text(String)

  /// The UID with this text.
  public init(_ text: String) {
    self = Self.uuid(text).map(PodUID.uuid) ?? .text(text)
  }

  private static func uuid(_ text: String) -> UInt128? {
    guard text.utf8.count == 36 else { return nil }
    var value: UInt128 = 0
    for (place, byte) in text.utf8.enumerated() {
      if place == 8 || place == 13 || place == 18 || place == 23 {
        if byte != UInt8(ascii: "-") { return nil }
        continue
      }
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt128(byte - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt128(byte - UInt8(ascii: "a") + 10)
      default: return nil
      }
    }
    return value
  }

  /// The text.
  public var description: String {
    switch self {
    case .text(let text): return text
    case .uuid(let value):
      var text = ""
      text.reserveCapacity(36)
      for place in 0..<32 {
        if place == 8 || place == 12 || place == 16 || place == 20 { text.append("-") }
        let digit = UInt8(truncatingIfNeeded: value >> UInt128(124 - 4 * place)) & 15
        text.unicodeScalars.append(
          Unicode.Scalar(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10))
      }
      return text
    }
  }
}

/// Whoever makes Pods: the UID of a Pod's controller, or the Pod's own name where it has none. Addresses that were given
/// and not seen in use are counted for each.
public struct OwnerKey: Hashable, Sendable, CustomStringConvertible {
  /// Kind and name, for people: `ReplicaSet default/web-7d9f8c6b5d`.
  public let label: String
  /// The controller's UID, or the Pod's name.
  public let id: String

  /// An owner from its parts.
  public init(id: String, label: String) {
    self.id = id
    self.label = label
  }

  /// The label.
  public var description: String { label }

  /// Equal identities; the label is for people alone.
  public static func == (left: Self, right: Self) -> Bool { left.id == right.id }

  /// Agrees with `==`.
  public func hash(into hasher: inout Hasher) { hasher.combine(id) }
}
