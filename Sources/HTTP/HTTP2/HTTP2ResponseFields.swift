internal import CNghttp2

/// The fields of an answer in nghttp2's form, which copies what it must.
enum HTTP2ResponseFields {
  /// Hands them to the closure; they are valid inside it only. `block` is used when there are more than the usual three.
  static func with<R>(
    _ response: borrowing HTTPResponse, _ block: inout HTTP2HeaderBlock,
    _ body: (UnsafeBufferPointer<nghttp2_nv>) -> R
  ) -> R {
    guard response.extraHeaders.isEmpty, response.mayHaveBody, response.hasSoundType else {
      fill(&block, response)
      return block.withFields(body)
    }
    return withUsual(status: response.status, type: response.contentType, length: response.body.count, body)
  }

  private static func fill(_ block: inout HTTP2HeaderBlock, _ response: borrowing HTTPResponse) {
    block.removeAll()
    block.add(":status", decimal: response.status)
    if !response.contentType.isEmpty { block.add("content-type", response.contentType) }
    if response.mayHaveBody { block.add("content-length", decimal: response.body.count) }
    for (name, value) in response.extraHeaders { block.add(name, value) }
  }

  /// Status, length and type without a detour through the heap.
  private static func withUsual<R>(
    status: Int, type: consuming String, length: Int, _ body: (UnsafeBufferPointer<nghttp2_nv>) -> R
  ) -> R {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 40) { digits in
      type.withUTF8 { type in
        withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: 3) { fields in
          fields.initializeElement(at: 0, to: field(":status", decimal(status, digits[..<20])))
          fields.initializeElement(at: 1, to: field("content-length", decimal(length, digits[20...])))
          if !type.isEmpty { fields.initializeElement(at: 2, to: field("content-type", type)) }
          return body(UnsafeBufferPointer(rebasing: fields[..<(type.isEmpty ? 2 : 3)]))
        }
      }
    }
  }

  private static func field(_ name: StaticString, _ value: UnsafeBufferPointer<UInt8>) -> nghttp2_nv {
    // The name stays where it is for ever; nghttp2 need not copy it.
    nghttp2_nv(
      name: UnsafeMutablePointer(mutating: name.utf8Start),
      value: UnsafeMutablePointer(mutating: value.baseAddress), namelen: name.utf8CodeUnitCount,
      valuelen: value.count, flags: UInt8(NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue))
  }

  /// Writes a number at the end of the room.
  private static func decimal(
    _ value: Int, _ room: Slice<UnsafeMutableBufferPointer<UInt8>>
  ) -> UnsafeBufferPointer<UInt8> {
    let digits = UnsafeMutableBufferPointer(rebasing: room)
    var start = digits.count
    var rest = value
    repeat {
      start -= 1
      digits[start] = UInt8(truncatingIfNeeded: 0x30 + rest % 10)
      rest /= 10
    } while rest > 0
    return UnsafeBufferPointer(rebasing: digits[start...])
  }
}
