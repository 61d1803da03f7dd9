/// Comparisons of strings that lie in different kinds of memory.
@usableFromInline
enum Bytes {
  @inlinable
  static func equal(_ a: UnsafeBufferPointer<UInt8>, _ b: UnsafeBufferPointer<UInt8>) -> Bool {
    guard a.count == b.count else { return false }
    guard let left = a.baseAddress, let right = b.baseAddress else { return true }
    return equal(left, right, count: a.count)
  }

  @inlinable
  static func equal(_ a: UnsafeBufferPointer<UInt8>, _ b: StaticString) -> Bool {
    // A StaticString of one scalar may be stored as the scalar itself, without a pointer.
    guard b.hasPointerRepresentation else {
      return b.withUTF8Buffer { equal(a, $0) }
    }
    guard a.count == b.utf8CodeUnitCount, let left = a.baseAddress else { return false }
    return equal(left, b.utf8Start, count: a.count)
  }

  @inlinable
  static func equal(_ a: UnsafeBufferPointer<UInt8>, _ b: String) -> Bool {
    guard a.count == b.utf8.count else { return false }
    return b.utf8.withContiguousStorageIfAvailable { equal(a, $0) } ?? a.elementsEqual(b.utf8)
  }

  /// Eight bytes at a time, and the last eight overlapping those before them.
  @inlinable
  static func equal(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, count: Int) -> Bool {
    let left = UnsafeRawPointer(a)
    let right = UnsafeRawPointer(b)
    guard count >= 8 else {
      for offset in 0..<count where a[offset] != b[offset] { return false }
      return true
    }
    var offset = 0
    while offset + 8 <= count {
      guard word(left, offset) == word(right, offset) else { return false }
      offset += 8
    }
    return word(left, count - 8) == word(right, count - 8)
  }

  @inlinable
  static func word(_ bytes: UnsafeRawPointer, _ offset: Int) -> UInt64 {
    bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
  }

  /// The first eight bytes, or as many as there are and zeros.
  static func firstWord(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
    if bytes.count >= 8, let start = bytes.baseAddress { return word(UnsafeRawPointer(start), 0) }
    var word: UInt64 = 0
    for position in bytes.indices.reversed() { word = word << 8 | UInt64(bytes[position]) }
    return word
  }
}
