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
    let slash = UInt8(ascii: "/")
    guard let end = text.utf8.firstIndex(of: slash), end != text.startIndex else { return nil }
    let name = text[text.utf8.index(after: end)...]
    guard !name.isEmpty, !name.utf8.contains(slash) else { return nil }
    self.init(namespace: String(text[..<end]), name: String(name))
  }

  /// `namespace/name`, as a pool's status writes it.
  public var description: String { namespace + "/" + name }
}

/// The UID of a Pod: 16 bytes for what the API server makes, a text for anything else.
public enum PodUID: Hashable, Sendable, CustomStringConvertible {
  /// A UUID in its canonical form: lower case, with dashes.
  case uuid(UInt128)
  /// Any other text.
  case text(String)

  /// The UID with this text.
  public init(_ text: String) {
    var text = text
    self = text.withUTF8 { PodUID(utf8: $0) }
  }

  /// The UID with this text; what is no UTF-8 is replaced.
  init(utf8 bytes: UnsafeBufferPointer<UInt8>) {
    self = Self.uuid(bytes).map(PodUID.uuid) ?? .text(String(decoding: bytes, as: UTF8.self))
  }

  private static func uuid(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt128? {
    guard bytes.count == 36 else { return nil }
    var (high, low): (UInt64, UInt64) = (0, 0)
    for place in 0..<36 {
      let byte = bytes[place]
      if isDash(place) {
        if byte != UInt8(ascii: "-") { return nil }
        continue
      }
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      default: return nil
      }
      high = high << 4 | low >> 60
      low = low << 4 | UInt64(digit)
    }
    return UInt128(high) << 64 | UInt128(low)
  }

  private static func isDash(_ place: Int) -> Bool {
    place == 8 || place == 13 || place == 18 || place == 23
  }

  /// The text.
  public var description: String {
    switch self {
    case .text(let text): return text
    case .uuid(let value):
      var (high, low) = (UInt64(truncatingIfNeeded: value >> 64), UInt64(truncatingIfNeeded: value))
      return String(unsafeUninitializedCapacity: 36) { bytes in
        for place in 0..<36 {
          if Self.isDash(place) {
            bytes[place] = UInt8(ascii: "-")
            continue
          }
          let digit = UInt8(high >> 60)
          bytes[place] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
          high = high << 4 | low >> 60
          low <<= 4
        }
        return 36
      }
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
