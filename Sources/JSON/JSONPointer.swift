/// A place in a document, as in RFC 6901: the keys and positions that lead to it.
public struct JSONPointer: Equatable, Hashable, Sendable {
  /// The keys and positions, unescaped, outermost first.
  public private(set) var tokens: [String]

  /// The whole document, or the place these tokens lead to.
  public init(tokens: [String] = []) { self.tokens = tokens }

  /// Reads the text form, `/spec/ips/0`; nil when it does not start with `/` (and is not empty) or holds a `~` that is
  /// neither `~0` nor `~1`.
  public init?(_ text: String) {
    tokens = []
    if text.isEmpty { return }
    guard text.utf8.first == UInt8(ascii: "/") else { return nil }
    for part in text.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
      guard let token = Self.unescaped(part) else { return nil }
      tokens.append(token)
    }
  }

  /// Goes one level down.
  public mutating func append(_ token: String) { tokens.append(token) }

  /// The place one level down.
  public func appending(_ token: String) -> JSONPointer { JSONPointer(tokens: tokens + [token]) }

  private static func unescaped(_ part: Substring.UTF8View) -> String? {
    guard part.contains(UInt8(ascii: "~")) else { return String(Substring(part)) }
    var bytes: [UInt8] = []
    var rest = part
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "~") else {
        bytes.append(byte)
        continue
      }
      switch rest.popFirst() {
      case UInt8(ascii: "0"): bytes.append(UInt8(ascii: "~"))
      case UInt8(ascii: "1"): bytes.append(UInt8(ascii: "/"))
      default: return nil
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The position a token means in an array: digits without a leading zero; nil for anything else.
  static func index(_ token: String) -> Int? {
    let utf8 = token.utf8
    guard let first = utf8.first, utf8.allSatisfy({ 0x30...0x39 ~= $0 }) else { return nil }
    if first == 0x30, utf8.count > 1 { return nil }
    return Int(token)
  }
}

extension JSONPointer: CustomStringConvertible {
  /// The text form.
  public var description: String {
    var writer = JSONWriter()
    for token in tokens { writer.pointerToken(token) }
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}
