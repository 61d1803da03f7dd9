/// The fields of a message in the order they came, names in lower case.
///
/// All fields lie in one array, each as its two lengths and its bytes, so a parsed request's headers cost one
/// allocation and a look-up walks a few cache lines without making a `String` of anything it passes.
public struct HTTPHeaders: Sendable, Equatable {
  /// Per field: name length (2 bytes), value length (4 bytes), both little endian; name, value.
  private var storage: [UInt8]
  /// How many fields there are.
  public private(set) var count: Int

  static let prefixBytes = 6

  /// No fields.
  public init() {
    storage = []
    count = 0
  }

  /// The fields given, in that order.
  public init(_ fields: [(String, String)]) {
    self.init()
    for (name, value) in fields { append(name, value) }
  }

  /// Adds a field behind the others; the name is put into lower case.
  public mutating func append(_ name: String, _ value: String) {
    var name = name
    var value = value
    name.withUTF8 { name in
      value.withUTF8 { value in
        append(name: UnsafeRawBufferPointer(name), value: UnsafeRawBufferPointer(value))
      }
    }
  }

  /// Adds a field behind the others; the name is put into lower case. A name is at most 64 KiB long.
  mutating func append(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
    let start = storage.count + Self.prefixBytes
    append(lowercaseName: name, value: value)
    storage.withUnsafeMutableBytes { bytes in
      for index in start..<(start + name.count) { bytes[index] = ASCII.lowercase(bytes[index]) }
    }
  }

  /// Adds a field whose name is in lower case already.
  mutating func append(lowercaseName name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
    precondition(name.count <= Int(UInt16.max) && value.count <= Int(Int32.max), "parsers bound the fields")
    let counts = (UInt64(name.count) | UInt64(value.count) << 16).littleEndian
    count += 1
    // An ordinary field is put together first, so that the storage grows once.
    let room = 256
    let size = Self.prefixBytes + name.count + value.count
    guard size + 2 <= room, let nameStart = name.baseAddress else {
      withUnsafeBytes(of: counts) { storage.append(contentsOf: ASCII.slice($0, 0, Self.prefixBytes)) }
      storage.append(contentsOf: name)
      storage.append(contentsOf: value)
      return
    }
    withUnsafeTemporaryAllocation(byteCount: room, alignment: 8) { field in
      field.storeBytes(of: counts, as: UInt64.self)
      let start = field.baseAddress.map { $0 + Self.prefixBytes }
      start?.copyMemory(from: nameStart, byteCount: name.count)
      if let valueStart = value.baseAddress {
        (start.map { $0 + name.count })?.copyMemory(from: valueStart, byteCount: value.count)
      }
      storage.append(contentsOf: UnsafeRawBufferPointer(rebasing: field[..<size]))
    }
  }

  mutating func reserve(bytes: Int) { storage.reserveCapacity(bytes) }

  /// The value of the first field of that name (lower case), or nil.
  public func first(_ name: StaticString) -> String? {
    withFirst(name) { String(decoding: $0, as: UTF8.self) }
  }

  /// The value of the first field of that name, or nil; the name may be in any case.
  public func first(_ name: String) -> String? {
    var name = name.lowercased()
    return name.withUTF8 { wanted in
      withFirst(UnsafeRawBufferPointer(wanted)) { String(decoding: $0, as: UTF8.self) }
    }
  }

  /// Hands the bytes of the first field of that name (lower case) to the closure; nil if there is none.
  public func withFirst<R>(_ name: StaticString, _ body: (UnsafeRawBufferPointer) -> R) -> R? {
    withFirst(UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount), body)
  }

  private func withFirst<R>(_ wanted: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> R) -> R? {
    storage.withUnsafeBytes { bytes in
      var fields = FieldWalk(bytes)
      while let (name, value) = fields.next() {
        if name.count == wanted.count, name.elementsEqual(wanted) { return body(value) }
      }
      return nil
    }
  }

  /// Calls the closure for each field, in order, with the raw bytes of its name and value.
  public func forEachField(_ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void)
  {
    storage.withUnsafeBytes { bytes in
      var fields = FieldWalk(bytes)
      while let (name, value) = fields.next() { body(name, value) }
    }
  }

  /// Every field as text, in order.
  public var fields: [(name: String, value: String)] {
    var result: [(name: String, value: String)] = []
    forEachField { result.append((String(decoding: $0, as: UTF8.self), String(decoding: $1, as: UTF8.self))) }
    return result
  }

  /// Steps from field to field over the storage.
  private struct FieldWalk {
    let bytes: UnsafeRawBufferPointer
    var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    @inline(__always)
    mutating func next() -> (UnsafeRawBufferPointer, UnsafeRawBufferPointer)? {
      guard offset < bytes.count else { return nil }
      let nameStart = offset + HTTPHeaders.prefixBytes
      let nameCount = Int(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self)))
      let valueCount = Int(
        UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 2, as: UInt32.self)))
      let valueStart = nameStart + nameCount
      offset = valueStart + valueCount
      return (ASCII.slice(bytes, nameStart, valueStart), ASCII.slice(bytes, valueStart, offset))
    }
  }
}
