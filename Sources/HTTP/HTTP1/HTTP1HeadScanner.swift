/// The first line of a message: a request's or a status line.
protocol HTTP1FirstLine {
  /// Reads a line without its CRLF.
  init(_ line: UnsafeRawBufferPointer) throws(Refusal)
}

/// Finds the end of an HTTP/1 header in bytes that come in pieces, looking at each byte once.
///
/// Every judgement hangs on a byte's position alone, never on how the bytes were cut.
struct HTTP1HeadScanner<Line: HTTP1FirstLine> {
  enum Outcome {
    /// The end is not here yet; come again with these bytes and more.
    case partial
    /// An empty line came before the request line, as RFC 9112 §2.2 allows: drop that many bytes and go on.
    case emptyLine(end: Int)
    /// The header ends at `end`; its first field begins at `firstField`.
    case complete(end: Int, line: Line, firstField: Int)
  }

  private var scanned = 0
  private var lineStart = 0
  private var firstField = 0
  private var line: Line?
  private var skippedEmptyLine = false

  /// Looks at the bytes from the header's start on. Refuses a line feed without its carriage return, a first line that is
  /// not one, and a header longer than `limit`.
  mutating func scan(_ bytes: UnsafeRawBufferPointer, limit: Int) throws(Refusal) -> Outcome {
    let end = min(bytes.count, limit)
    while let lineFeed = ASCII.lineFeed(in: bytes, from: scanned, to: end) {
      guard lineFeed > lineStart, bytes[lineFeed - 1] == ASCII.carriageReturn else { throw .badRequest }
      let isEmpty = lineFeed - 1 == lineStart
      if let line {
        if isEmpty { return .complete(end: lineFeed + 1, line: line, firstField: firstField) }
      } else if isEmpty {
        guard !skippedEmptyLine else { throw .badRequest }
        self = HTTP1HeadScanner()
        skippedEmptyLine = true
        return .emptyLine(end: lineFeed + 1)
      } else {
        line = try Line(ASCII.slice(bytes, lineStart, lineFeed - 1))
        firstField = lineFeed + 1
      }
      lineStart = lineFeed + 1
      scanned = lineFeed + 1
    }
    scanned = end
    if bytes.count >= limit { throw .headerTooLarge }
    return .partial
  }
}
