/// Takes the chunked coding (RFC 9112 §7.1) off a body, however the bytes are cut.
///
/// Extensions are dropped unread, as the RFC demands of who does not know them. That is safe here because a line ends
/// nowhere but at CRLF, a lone CR or LF is refused inside an extension too, and all extensions of a body are bounded.
/// Trailers are dropped in the same way.
struct ChunkedDecoder {
  private enum State {
    case sizeStart, size, chunkExtension, sizeLineFeed
    case data, dataReturn, dataLineFeed
    case trailerStart, trailer, trailerLineFeed, lastLineFeed
    case done
  }

  private var state = State.sizeStart
  /// Bytes the current chunk still has; while its size is read, the size.
  private var remaining = 0
  private var sizeDigits = 0
  private var extensionBytes = 0
  private var trailerBytes = 0
  private var received = 0
  private let bodyLimit: Int
  private let extensionLimit: Int
  private let trailerLimit: Int

  init(bodyLimit: Int, extensionLimit: Int, trailerLimit: Int) {
    self.bodyLimit = bodyLimit
    self.extensionLimit = extensionLimit
    self.trailerLimit = trailerLimit
  }

  /// The last chunk and the trailer are behind us.
  var isDone: Bool {
    if case .done = state { true } else { false }
  }

  /// Reads until the body's end or the bytes' end, appends the data to `body`, and returns how many bytes were read.
  mutating func decode(_ bytes: UnsafeRawBufferPointer, into body: inout [UInt8]) throws(Refusal) -> Int {
    var offset = 0
    while offset < bytes.count, !isDone {
      if case .data = state {
        let count = min(remaining, bytes.count - offset)
        body.append(contentsOf: ASCII.slice(bytes, offset, offset + count))
        offset += count
        remaining -= count
        if remaining == 0 { state = .dataReturn }
      } else {
        try step(bytes[offset])
        offset += 1
      }
    }
    return offset
  }

  /// One byte that is not data.
  private mutating func step(_ byte: UInt8) throws(Refusal) {
    switch state {
    case .sizeStart:
      remaining = 0
      sizeDigits = 0
      try digit(byte)
      state = .size
    case .size:
      switch byte {
      case ASCII.carriageReturn: state = .sizeLineFeed
      case ASCII.semicolon: state = .chunkExtension
      default: try digit(byte)
      }
    case .chunkExtension: try skipExtension(byte)
    case .sizeLineFeed:
      try expect(byte, ASCII.lineFeed)
      try beginChunk()
    case .dataReturn:
      try expect(byte, ASCII.carriageReturn)
      state = .dataLineFeed
    case .dataLineFeed:
      try expect(byte, ASCII.lineFeed)
      state = .sizeStart
    case .trailerStart where byte == ASCII.carriageReturn: state = .lastLineFeed
    case .trailerStart, .trailer: try skipTrailer(byte)
    case .trailerLineFeed:
      try expect(byte, ASCII.lineFeed)
      state = .trailerStart
    case .lastLineFeed:
      try expect(byte, ASCII.lineFeed)
      state = .done
    case .data, .done: preconditionFailure("data is copied, and nothing is read behind the end")
    }
  }

  private mutating func digit(_ byte: UInt8) throws(Refusal) {
    guard let value = ASCII.hexValue(byte), sizeDigits < 15 else { throw .badRequest }
    sizeDigits += 1
    remaining = remaining << 4 | value
  }

  private mutating func beginChunk() throws(Refusal) {
    guard remaining <= bodyLimit - received else { throw .bodyTooLarge }
    received += remaining
    state = remaining == 0 ? .trailerStart : .data
  }

  private mutating func skipExtension(_ byte: UInt8) throws(Refusal) {
    if byte == ASCII.carriageReturn {
      state = .sizeLineFeed
      return
    }
    extensionBytes += 1
    guard ASCII.isFieldValue(byte), extensionBytes <= extensionLimit else { throw .badRequest }
  }

  private mutating func skipTrailer(_ byte: UInt8) throws(Refusal) {
    if byte == ASCII.carriageReturn {
      state = .trailerLineFeed
      return
    }
    trailerBytes += 1
    guard trailerBytes <= trailerLimit else { throw .headerTooLarge }
    guard ASCII.isFieldValue(byte) else { throw .badRequest }
    state = .trailer
  }

  private func expect(_ byte: UInt8, _ wanted: UInt8) throws(Refusal) {
    guard byte == wanted else { throw .badRequest }
  }
}
