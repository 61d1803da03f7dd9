/// A request's header (RFC 9112 §2–§6), read from its complete bytes.
///
/// Whatever two readers could understand differently is refused, since a proxy in front may be the other reader: a
/// length given twice or next to a transfer coding, a folded line, a bare CR or LF, a space before the colon.
struct HTTP1RequestHead {
  /// How the end of the body is found.
  enum Framing: Equatable {
    case length(Int)
    case chunked
  }

  let method: HTTPMethod
  let target: RequestTarget
  let headers: HTTPHeaders
  let framing: Framing
  /// The client waits for `100 Continue` before it sends the body.
  let expectsContinue: Bool
  /// The client does not want the connection kept, or cannot: HTTP/1.0.
  let closes: Bool

  /// Reads a header of which every LF has been seen to follow a CR, with the empty line at its end.
  init(
    _ bytes: UnsafeRawBufferPointer, line: HTTP1RequestLine, firstFieldAt start: Int, limits: HTTPLimits
  ) throws(Refusal) {
    method = HTTPMethod(ASCII.slice(bytes, 0, line.methodEnd))
    target = try HTTP1RequestLine.target(
      ASCII.slice(bytes, line.target.lowerBound, line.target.upperBound), method: method)
    let fields = try HTTP1Fields(bytes, from: start, limit: limits.headerCount)
    headers = fields.headers

    guard fields.hosts == 1 || (fields.hosts == 0 && line.isHTTP10) else { throw .badRequest }
    if fields.isChunked {
      guard fields.contentLength == nil, !line.isHTTP10 else { throw .badRequest }
      framing = .chunked
    } else {
      framing = .length(fields.contentLength ?? 0)
    }
    expectsContinue = fields.expectsContinue && !line.isHTTP10
    closes = fields.closes || line.isHTTP10
  }
}

/// The fields of an HTTP/1.1 header, with what the message's framing needs of them.
struct HTTP1Fields {
  private(set) var headers = HTTPHeaders()
  private(set) var contentLength: Int?
  private(set) var isChunked = false
  private(set) var hosts = 0
  private(set) var expectsContinue = false
  private(set) var closes = false

  /// Reads the lines from `start` to the empty line that ends the bytes; at most `limit` of them.
  init(_ bytes: UnsafeRawBufferPointer, from start: Int, limit: Int) throws(Refusal) {
    let tokens = ASCII.TokenSet()
    headers.reserve(bytes: bytes.count - start + 64)
    var offset = start
    while let lineFeed = ASCII.lineFeed(in: bytes, from: offset, to: bytes.count), lineFeed - 1 > offset {
      guard headers.count < limit else { throw .headerTooLarge }
      try read(ASCII.slice(bytes, offset, lineFeed - 1), tokens)
      offset = lineFeed + 1
    }
  }

  /// Reads one line without its CRLF. A folded line begins with a space, which is no token.
  private mutating func read(_ line: UnsafeRawBufferPointer, _ tokens: ASCII.TokenSet) throws(Refusal) {
    var colon = 0
    while colon < line.count, tokens.contains(line[colon]) { colon += 1 }
    guard colon > 0, colon < line.count, line[colon] == ASCII.colon, colon <= Int(UInt16.max) else {
      throw .badRequest
    }
    let name = ASCII.slice(line, 0, colon)
    let value = ASCII.trimmed(ASCII.slice(line, colon + 1, line.count))
    var isValid = true
    for byte in value { isValid = isValid && ASCII.isFieldValue(byte) }
    guard isValid else { throw .badRequest }
    try note(name, value)
    headers.append(name: name, value: value)
  }

  private mutating func note(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws(Refusal)
  {
    switch name.count {
    case 4 where ASCII.equalIgnoringCase(name, "host"):
      hosts += 1
      guard Self.isHost(value) else { throw .badRequest }
    case 6 where ASCII.equalIgnoringCase(name, "expect"):
      guard ASCII.equalIgnoringCase(value, "100-continue") else { throw .expectationFailed }
      expectsContinue = true
    case 10 where ASCII.equalIgnoringCase(name, "connection"):
      if ASCII.list(value, contains: "close") { closes = true }
    case 14 where ASCII.equalIgnoringCase(name, "content-length"):
      guard contentLength == nil, let length = ASCII.decimal(value) else { throw .badRequest }
      contentLength = length
    case 17 where ASCII.equalIgnoringCase(name, "transfer-encoding"):
      // Only the one coding every HTTP/1.1 peer knows, said once.
      guard !isChunked, ASCII.equalIgnoringCase(value, "chunked") else { throw .badRequest }
      isChunked = true
    default: break
    }
  }

  /// Letters, digits and what else a name, an address and a port are made of; empty is allowed (RFC 9112 §3.2).
  private static func isHost(_ value: UnsafeRawBufferPointer) -> Bool {
    for byte in value {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: continue
      case 0x2D, 0x2E, 0x3A, 0x5B, 0x5D, 0x5F, 0x7E, 0x25: continue  // - . : [ ] _ ~ %
      default: return false
      }
    }
    return true
  }
}
