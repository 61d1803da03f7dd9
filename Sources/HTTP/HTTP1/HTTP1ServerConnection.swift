/// The server's side of one HTTP/1.1 connection (RFC 9112): bytes in, requests out, answers in, bytes out.
///
/// One request is at work at a time: what a client sends ahead is kept unread until the answer is written, so answers
/// are in order by construction, and a bounded number of bytes is kept. After a refusal nothing more is read.
///
/// Confined to one thread. Call order: `receive`, `nextEvent` until nil, `respond` for each request, then take the output;
/// `respond` may bring the next request, so ask for events again after it.
final class HTTP1ServerConnection {
  private enum State {
    case head
    case body(length: Int)
    case chunked
    case answering
    case closing
  }

  private let limits: HTTPLimits
  private let bodies: BodyStore
  private let connectionEnd: UInt64
  private var state = State.head

  /// Bytes that came and were not read yet, from `bufferStart` on: a header in pieces, or requests sent ahead.
  private var buffer: [UInt8] = []
  private var bufferStart = 0
  private var output: [UInt8] = []
  private var event: ServerEvent?

  private var scanner = HTTP1HeadScanner<HTTP1RequestLine>()
  private var head: HTTP1RequestHead?
  private var body: [UInt8] = []
  private var chunks: ChunkedDecoder
  /// When the present phase began: waiting for a request, its header, its body.
  private var phaseStart: UInt64
  private var headBegun = false

  private var requestNumber: Int32 = 0
  private var served = 0
  private var isDraining = false

  init(limits: HTTPLimits, bodies: BodyStore, now: UInt64) {
    self.limits = limits
    self.bodies = bodies
    connectionEnd = limits.connectionEnd(start: now)
    phaseStart = now
    chunks = HTTP1ServerConnection.decoder(limits)
  }

  private static func decoder(_ limits: HTTPLimits) -> ChunkedDecoder {
    ChunkedDecoder(
      bodyLimit: limits.bodyBytes, extensionLimit: limits.chunkExtensionBytes,
      trailerLimit: limits.trailerBytes)
  }

  // MARK: Bytes in

  /// Reads the peer's bytes; keeps what it cannot use yet.
  func receive(_ bytes: UnsafeRawBufferPointer, now: UInt64) {
    if bufferStart == buffer.count {
      let used = consume(bytes, now: now)
      if used < bytes.count { buffer.append(contentsOf: ASCII.slice(bytes, used, bytes.count)) }
      return
    }
    if case .answering = state, buffer.count - bufferStart + bytes.count > limits.pipelinedBytes {
      close()
      event = .refused(.pipelineOverflow, closes: true)
      return
    }
    buffer.append(contentsOf: bytes)
    consumeBuffer(now: now)
  }

  /// False while so much was sent ahead that the peer should be left waiting: then do not read from the socket.
  var wantsInput: Bool {
    if case .answering = state {
      buffer.count - bufferStart <= limits.pipelinedBytes / 2
    } else {
      !wantsClose
    }
  }

  private func consumeBuffer(now: UInt64) {
    bufferStart += buffer.withUnsafeBytes { consume(ASCII.slice($0, bufferStart, $0.count), now: now) }
    if bufferStart == buffer.count || wantsClose {
      releaseBuffer()
    } else if bufferStart > 16 << 10 {
      buffer.removeFirst(bufferStart)
      bufferStart = 0
    }
  }

  private func releaseBuffer() {
    buffer.removeAll(keepingCapacity: buffer.capacity <= 8 << 10)
    bufferStart = 0
  }

  /// Reads as much as the state allows; never touches `buffer`, which the bytes may lie in.
  private func consume(_ bytes: UnsafeRawBufferPointer, now: UInt64) -> Int {
    var used = 0
    do throws(Refusal) {
      while used < bytes.count {
        let rest = ASCII.slice(bytes, used, bytes.count)
        switch state {
        case .head:
          let count = try readHead(rest, now: now)
          if count == 0 { return used }
          used += count
        case .body(let length): used += readBody(rest, length: length)
        case .chunked:
          used += try chunks.decode(rest, into: &body)
          if chunks.isDone { finishRequest() }
        case .answering: return used
        case .closing: return bytes.count
        }
      }
    } catch {
      refuse(error)
      event = .refused(error, closes: true)
      return bytes.count
    }
    return used
  }

  private func readHead(_ bytes: UnsafeRawBufferPointer, now: UInt64) throws(Refusal) -> Int {
    let found = try scanner.scan(bytes, limit: limits.headerBytes)
    guard case .complete(let end, let line, let firstField) = found else {
      if !headBegun {
        headBegun = true
        phaseStart = now
      }
      if case .emptyLine(let end) = found { return end }
      return 0
    }
    let head = try HTTP1RequestHead(
      ASCII.slice(bytes, 0, end), line: line, firstFieldAt: firstField, limits: limits)
    scanner = HTTP1HeadScanner<HTTP1RequestLine>()
    headBegun = false
    phaseStart = now
    try begin(head)
    return end
  }

  private func begin(_ head: HTTP1RequestHead) throws(Refusal) {
    self.head = head
    switch head.framing {
    case .length(0):
      finishRequest()
      return
    case .length(let length):
      guard length <= limits.bodyBytes else { throw .bodyTooLarge }
      state = .body(length: length)
    case .chunked:
      chunks = Self.decoder(limits)
      state = .chunked
    }
    if head.expectsContinue { output.append(text: "HTTP/1.1 100 Continue\r\n\r\n") }
  }

  private func readBody(_ bytes: UnsafeRawBufferPointer, length: Int) -> Int {
    let count = min(length - body.count, bytes.count)
    if body.isEmpty { body = bodies.take(length) }
    body.append(contentsOf: ASCII.slice(bytes, 0, count))
    if body.count == length { finishRequest() }
    return count
  }

  private func finishRequest() {
    guard let head else { preconditionFailure("a request ends behind its header") }
    requestNumber = requestNumber == .max ? 1 : requestNumber + 1
    state = .answering
    event = .request(
      StreamID(requestNumber),
      HTTPRequest(
        method: head.method, path: head.target.path, query: head.target.query, headers: head.headers,
        body: body, version: .http1_1))
    body = []
  }

  // MARK: Events and answers

  /// What was understood since; nil when all is told.
  func nextEvent() -> ServerEvent? {
    guard let next = event else { return nil }
    event = nil
    return next
  }

  /// Answers the request that is at work. An answer to any other, or after a refusal, is dropped.
  func respond(_ response: HTTPResponse, to stream: StreamID, now: UInt64) {
    guard case .answering = state, stream.rawValue == requestNumber, let head else { return }
    served += 1
    let isLast =
      isDraining || head.closes || served >= limits.requestsPerConnection || now >= connectionEnd
    HTTP1ResponseWriter.write(response, withoutBody: head.method == .head, close: isLast, to: &output)
    self.head = nil
    phaseStart = now
    if isLast {
      close()
    } else {
      state = .head
      if bufferStart < buffer.count { consumeBuffer(now: now) }
    }
  }

  private func refuse(_ refusal: Refusal) {
    HTTP1ResponseWriter.write(refusal.response, withoutBody: false, close: true, to: &output)
    close()
  }

  /// Nothing is read from here on, and what was read is let go.
  private func close() {
    state = .closing
    head = nil
    body = []
  }

  // MARK: Bytes out

  /// Whether there are bytes to send.
  var hasOutput: Bool { !output.isEmpty }

  /// Hands the bytes to send to the closure, and forgets them.
  func withOutput<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
    let result = output.withUnsafeBytes(body)
    output.removeAll(keepingCapacity: output.capacity <= 64 << 10)
    return result
  }

  // MARK: Life

  /// From now on each answer says `connection: close` and is the last. A connection without a request stays open for
  /// one, since a client may be sending it just now; the owner closes it (`isIdle`) when its patience is over.
  func startDraining() { isDraining = true }

  /// Carries out the deadline that has passed, if one has. A late request is answered with 408.
  func expire(now: UInt64) -> Refusal? {
    guard let deadline = nextDeadline, now >= deadline else { return nil }
    switch state {
    case .head where !headBegun:
      close()
      return .idle
    case .head:
      refuse(.slowHeader)
      releaseBuffer()
      return .slowHeader
    default:
      refuse(.slowBody)
      return .slowBody
    }
  }

  /// When `expire` has something to do next, unless bytes or answers come before.
  var nextDeadline: UInt64? {
    switch state {
    case .head: phaseStart &+ (headBegun ? limits.headerDeadline : limits.idleTimeout)
    case .body, .chunked: phaseStart &+ limits.bodyAllowance(received: body.count)
    case .answering, .closing: nil
    }
  }

  /// The connection is to be closed once the output is sent. If the peer may still be sending, shut down the writing side
  /// first and drop what comes for a moment: closing with unread bytes would take the last answer back.
  var wantsClose: Bool {
    if case .closing = state { true } else { false }
  }

  /// No request is at work and no part of one has come.
  var isIdle: Bool {
    if case .head = state { !headBegun && event == nil } else { false }
  }
}
