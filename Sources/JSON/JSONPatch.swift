/// A JSON Patch (RFC 6902) written operation by operation, straight into bytes.
///
/// A place is given as a prefix from the source code, which must need no escape, and optionally one key or position
/// below it: `patch.add("/metadata/labels", "app/name", "x")` writes `/metadata/labels/app~1name`.
public struct JSONPatch: Sendable {
  private var writer: JSONWriter

  /// No operations.
  public init() {
    // Room for the patch of a new pool, so that it need not grow step by step.
    writer = JSONWriter(reserving: 480)
    writer.raw("[]")
  }

  /// A copy of the patch as a document, which is complete after each operation.
  public var bytes: [UInt8] { writer.bytes }

  /// Lends the patch as a document.
  public func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    writer.withBytes(body)
  }

  /// Whether there is no operation.
  public var isEmpty: Bool { writer.count == 2 }

  /// Forgets the operations and keeps the memory.
  public mutating func reset() {
    writer.reset()
    writer.raw("[]")
  }

  /// Adds a member, or replaces one that is there.
  public mutating func add(
    _ place: StaticString, _ token: String? = nil, _ value: (inout JSONWriter) -> Void
  ) {
    operation("{\"op\":\"add\",\"path\":\"", place, token)
    self.value(value)
  }

  /// Adds a member, or replaces one that is there.
  public mutating func add(_ place: StaticString, _ token: String? = nil, _ value: String) {
    add(place, token) { $0.value(value) }
  }

  /// Adds an element at this position of an array, or behind its last element.
  public mutating func add(
    _ place: StaticString, at position: Int?, _ value: (inout JSONWriter) -> Void
  ) {
    operation("{\"op\":\"add\",\"path\":\"", place, position.map(String.init) ?? "-")
    self.value(value)
  }

  /// Replaces a value that is there.
  public mutating func replace(
    _ place: StaticString, _ token: String? = nil, _ value: (inout JSONWriter) -> Void
  ) {
    operation("{\"op\":\"replace\",\"path\":\"", place, token)
    self.value(value)
  }

  /// Replaces a value that is there.
  public mutating func replace(_ place: StaticString, _ token: String? = nil, _ value: String) {
    replace(place, token) { $0.value(value) }
  }

  /// Takes out a value that is there.
  public mutating func remove(_ place: StaticString, _ token: String? = nil) {
    operation("{\"op\":\"remove\",\"path\":\"", place, token)
    writer.append("\"}]")
  }

  /// Adds, or replaces, the value at any place.
  public mutating func add(at pointer: JSONPointer, _ value: (inout JSONWriter) -> Void) {
    operation("{\"op\":\"add\",\"path\":\"", "", nil)
    for token in pointer.tokens { writer.quotedPointerToken(token) }
    self.value(value)
  }

  private mutating func operation(_ start: StaticString, _ place: StaticString, _ token: String?) {
    let isFirst = isEmpty
    writer.used -= 1  // the closing bracket, written again behind this operation
    if !isFirst { writer.append(UInt8(ascii: ",")) }
    writer.append(start)
    writer.append(place)
    if let token { writer.quotedPointerToken(token) }
  }

  private mutating func value(_ body: (inout JSONWriter) -> Void) {
    writer.append("\"")
    writer.member("value", body)
    writer.append("}]")
  }
}
