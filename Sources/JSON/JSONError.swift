/// Why bytes are not an acceptable JSON document. Offsets count bytes from the start of the document.
public enum JSONError: Error, Equatable, Sendable {
  /// No value at all: no bytes, or white space only.
  case empty
  /// The byte at this offset cannot stand there.
  case syntax(at: Int)
  /// The document ends in the middle of a value.
  case truncated
  /// Objects and arrays are nested deeper than the limit.
  case tooDeep(limit: Int)
  /// The document has more bytes than the limit.
  case tooLarge(limit: Int)
  /// A string holds bytes that are not UTF-8.
  case invalidUTF8(at: Int)
  /// A `\u` escape names one half of a surrogate pair without the other.
  case loneSurrogate(at: Int)
  /// The number is well formed, but an integer beyond 64 bits, or beyond what a double can hold.
  case numberOutOfRange(at: Int)
  /// An object names one key twice; the JSON Pointer names the object's member.
  case duplicateKey(pointer: String)
  /// The buffers could not be allocated.
  case outOfMemory
  /// simdjson has no implementation for this processor.
  case unsupportedProcessor
}

extension JSONError: CustomStringConvertible {
  /// One sentence part, to stand after "the body is not JSON: " or the like.
  public var description: String {
    switch self {
    case .empty: "there is no JSON value"
    case .syntax(let offset): "unexpected byte at offset \(offset)"
    case .truncated: "the document ends in the middle of a value"
    case .tooDeep(let limit): "more than \(limit) levels of objects and arrays"
    case .tooLarge(let limit): "more than \(limit) bytes"
    case .invalidUTF8(let offset): "a string is not UTF-8 at offset \(offset)"
    case .loneSurrogate(let offset): "an unpaired surrogate escape at offset \(offset)"
    case .numberOutOfRange(let offset): "the number at offset \(offset) does not fit 64 bits"
    case .duplicateKey(let pointer): "the key \(pointer) is there twice"
    case .outOfMemory: "out of memory"
    case .unsupportedProcessor: "this processor is not supported"
    }
  }
}
