/// Memory for request bodies, used again and again. One for all connections of a loop; confined to its thread.
///
/// A body is too large for the allocator's fast lists and lives for one request, so this spares a slow allocation each.
final class BodyStore {
  /// Bytes of unused capacity behind a body, so that a reader may look at whole vector registers.
  private static let padding = 64
  /// Room made on the promise of a length alone.
  private static let promisedBytes = 64 << 10
  /// What is kept: so many bodies of at most so many bytes.
  private static let keptCount = 64
  private static let keptBytes = 16 << 10

  private var spare: [[UInt8]] = []

  /// An empty body with room for `length` bytes, as far as that may be believed before they come.
  func take(_ length: Int) -> [UInt8] {
    var body = spare.popLast() ?? []
    // Whoever still holds what it was before keeps that: the array then gets memory of its own.
    body.removeAll(keepingCapacity: true)
    body.reserveCapacity(min(length, Self.promisedBytes) + Self.padding)
    return body
  }

  /// Takes back the memory of a body that was answered.
  func give(_ body: [UInt8]) {
    guard spare.count < Self.keptCount, 1...Self.keptBytes ~= body.capacity else { return }
    spare.append(body)
  }
}
