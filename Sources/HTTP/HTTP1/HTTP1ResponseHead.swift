/// The first line of a response (RFC 9112 §4). The phrase behind the status means nothing.
struct HTTP1StatusLine: HTTP1FirstLine {
  let status: Int
  let isHTTP10: Bool

  /// Reads a line without its CRLF.
  init(_ line: UnsafeRawBufferPointer) throws(Refusal) {
    guard line.count >= 12, ASCII.equal(ASCII.slice(line, 0, 7), "HTTP/1."), ASCII.isDigit(line[7]),
      line[8] == ASCII.space, let status = ASCII.decimal(ASCII.slice(line, 9, 12)), status >= 100,
      status <= 599, line.count == 12 || line[12] == ASCII.space
    else { throw .badRequest }
    self.status = status
    isHTTP10 = line[7] == 0x30
  }
}

/// A response's header with what is needed to find the end of its body (RFC 9112 §6.3).
struct HTTP1ResponseHead {
  enum Framing: Equatable {
    case none
    case length(Int)
    case chunked
    case untilClose
  }

  let status: Int
  let headers: HTTPHeaders
  let framing: Framing
  /// The server ends the connection behind this response.
  let closes: Bool

  /// Reads a complete header. `withoutBody`: it answers a HEAD request.
  init(
    _ bytes: UnsafeRawBufferPointer, line: HTTP1StatusLine, firstFieldAt start: Int, withoutBody: Bool,
    limits: HTTPClientLimits
  ) throws(Refusal) {
    let fields = try HTTP1Fields(bytes, from: start, limit: limits.headerCount)
    status = line.status
    headers = fields.headers
    if withoutBody || line.status < 200 || line.status == 204 || line.status == 304 {
      framing = .none
    } else if fields.isChunked {
      guard fields.contentLength == nil, !line.isHTTP10 else { throw .badRequest }
      framing = .chunked
    } else if let length = fields.contentLength {
      framing = length == 0 ? .none : .length(length)
    } else {
      framing = .untilClose
    }
    closes = fields.closes || line.isHTTP10 || framing == .untilClose
  }
}
