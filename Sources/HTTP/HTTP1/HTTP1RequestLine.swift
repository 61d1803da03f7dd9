/// The first line of a request (RFC 9112 §3), as offsets from its start. Read as soon as it is there, so that
/// something which is not HTTP/1 at all is refused at its first line.
struct HTTP1RequestLine: HTTP1FirstLine {
  /// The method begins at 0.
  let methodEnd: Int
  let target: Range<Int>
  let isHTTP10: Bool

  private static let methodLength = 32
  private static let versionLength = 8

  /// Reads a line without its CRLF. One space stands between method, target and version, and nothing around them.
  init(_ line: UnsafeRawBufferPointer) throws(Refusal) {
    let tokens = ASCII.TokenSet()
    var end = 0
    while end < line.count, tokens.contains(line[end]) { end += 1 }
    // " / HTTP/1.1" is the shortest rest.
    guard end > 0, end <= Self.methodLength, line.count >= end + 3 + Self.versionLength,
      line[end] == ASCII.space
    else { throw .badRequest }
    let targetEnd = line.count - Self.versionLength - 1
    let version = ASCII.slice(line, targetEnd + 1, line.count)
    guard line[targetEnd] == ASCII.space, ASCII.equal(ASCII.slice(version, 0, 7), "HTTP/1."),
      ASCII.isDigit(version[7]), RequestTarget.isValid(ASCII.slice(line, end + 1, targetEnd))
    else { throw .badRequest }
    methodEnd = end
    target = (end + 1)..<targetEnd
    isHTTP10 = version[7] == 0x30
  }

  /// The path and query of the target in origin, absolute or asterisk form (RFC 9112 §3.2).
  static func target(_ target: UnsafeRawBufferPointer, method: HTTPMethod) throws(Refusal) -> RequestTarget {
    if target[0] == ASCII.slash { return RequestTarget(target) }
    if target.count == 1, target[0] == 0x2A, method == .options { return RequestTarget(target) }
    guard let authority = authorityStart(target) else { throw .badRequest }
    var start = authority
    while start < target.count, target[start] != ASCII.slash, target[start] != ASCII.questionMark {
      start += 1
    }
    guard start > authority else { throw .badRequest }
    let rest = RequestTarget(ASCII.slice(target, start, target.count))
    return rest.path.isEmpty ? RequestTarget(path: "/", query: rest.query) : rest
  }

  private static func authorityStart(_ target: UnsafeRawBufferPointer) -> Int? {
    if target.count > 7, ASCII.equalIgnoringCase(ASCII.slice(target, 0, 7), "http://") { return 7 }
    if target.count > 8, ASCII.equalIgnoringCase(ASCII.slice(target, 0, 8), "https://") { return 8 }
    return nil
  }
}
