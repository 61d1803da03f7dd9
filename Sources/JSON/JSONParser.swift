// JSON: documents in as bytes, read through views without decoding them whole; bytes out through a writer.
//
// Comes in: bytes of one document. Goes out: a `JSONView` over simdjson's tape, an owned `JSONValue`, or bytes written
// by `JSONWriter` and `JSONPatch`. Deliberately unknown here: what any document means, files, sockets, Foundation.

internal import CSimdjson

/// Reads JSON documents one after another, reusing its buffers. One per thread.
///
/// Strict RFC 8259, and more: a key twice in one object, a lone surrogate, a number that fits no 64-bit type, and
/// nesting beyond the limit are errors.
public struct JSONParser: ~Copyable {
  /// Documents up to this size leave their buffers (about 15 bytes per byte, so 1 MiB) for the next one; the buffers of
  /// a larger document are given back as soon as it was read.
  public static let retainedCapacity = 64 << 10

  /// The bytes that must lie behind a document in memory for it to be parsed where it is, without a copy.
  public static let padding = CSIMDJSON_PADDING

  private let handle: OpaquePointer?
  private var keys = DuplicateKeyFinder()
  private let maximumDepth: Int
  private let maximumBytes: Int

  /// A parser that refuses documents nested deeper or larger than this. It holds no buffers before its first document.
  public init(maximumDepth: Int = 512, maximumBytes: Int = 7 << 20) {
    precondition(1...1024 ~= maximumDepth, "documents are walked recursively")
    precondition(1..<(1 << 30) ~= maximumBytes, "the tape counts in 32 bits")
    self.maximumDepth = maximumDepth
    self.maximumBytes = maximumBytes
    handle = csimdjson_create(maximumDepth)
  }

  deinit {
    if let handle { csimdjson_destroy(handle) }
  }

  /// Parses `bytes` and passes the document's value to `body`. No view may leave `body`: the next parse reuses the
  /// memory below it.
  /// - Parameter room: how many further bytes behind `bytes` may be read; with ``padding`` or more nothing is copied.
  public mutating func parse<Result>(
    _ bytes: UnsafeRawBufferPointer, room: Int = 0, _ body: (JSONView) -> Result
  ) throws(JSONError) -> Result {
    let root = try document(bytes, room)
    let result = body(root)
    releaseLargeBuffers()
    return result
  }

  /// As above, for an array of bytes. An array with a ``padding`` of unused capacity is not copied.
  public mutating func parse<Result>(
    _ bytes: [UInt8], _ body: (JSONView) -> Result
  ) throws(JSONError) -> Result {
    let room = bytes.capacity - bytes.count
    let outcome = bytes.withUnsafeBytes { buffer -> Swift.Result<Result, JSONError> in
      do throws(JSONError) { return .success(try parse(buffer, room: room, body)) } catch {
        return .failure(error)
      }
    }
    return try outcome.get()
  }

  /// Parses `bytes` for a reader that may itself fail: throws a `JSONError` or what `body` throws.
  public mutating func read<Result>(
    _ bytes: UnsafeRawBufferPointer, _ body: (JSONView) throws -> Result
  ) throws -> Result {
    let root = try document(bytes, 0)
    defer { releaseLargeBuffers() }
    return try body(root)
  }

  /// As above, for an array of bytes.
  public mutating func read<Result>(_ bytes: [UInt8], _ body: (JSONView) throws -> Result) throws -> Result {
    try bytes.withUnsafeBytes { try read($0, body) }
  }

  private mutating func document(
    _ bytes: UnsafeRawBufferPointer, _ room: Int
  ) throws(JSONError) -> JSONView {
    guard bytes.count <= maximumBytes else { throw .tooLarge(limit: maximumBytes) }
    guard let start = bytes.baseAddress, !bytes.isEmpty else { throw .empty }
    guard let handle else { throw .outOfMemory }
    var parsed = csimdjson_document()
    let status = csimdjson_parse(
      handle, start.assumingMemoryBound(to: UInt8.self), bytes.count, room, &parsed)
    guard status == CSIMDJSON_OK, let tape = parsed.tape, let strings = parsed.strings else {
      releaseLargeBuffers()
      switch status {
      case CSIMDJSON_REFUSED: throw JSONFaultFinder.fault(in: bytes, maximumDepth: maximumDepth)
      case CSIMDJSON_UNUSABLE: throw .unsupportedProcessor
      default: throw .outOfMemory
      }
    }
    let root = JSONView(tape: tape, strings: strings, index: 1)
    if let duplicate = keys.firstDuplicate(in: root) {
      releaseLargeBuffers()
      throw .duplicateKey(pointer: duplicate)
    }
    return root
  }

  /// The largest document that the buffers held now have room for.
  var heldCapacity: Int { handle.map { csimdjson_capacity($0) } ?? 0 }

  private mutating func releaseLargeBuffers() {
    guard let handle, heldCapacity > Self.retainedCapacity else { return }
    csimdjson_release_buffers(handle)
    keys.releaseTable()
  }
}

// SAFETY: the C++ parser has one owner, this noncopyable value; nothing else points to it, and it is touched by
// mutating methods and deinit only, so moving the value to another thread moves everything with it.
extension JSONParser: @unchecked Sendable {}
