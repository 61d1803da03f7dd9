internal import DequeModule

/// The client's side of one HTTP/1.1 connection (RFC 9112): one request at a time, its response streamed.
///
/// Confined to one thread. Call order: `receive`, `nextEvent` until nil, then take the output.
final class HTTP1ClientConnection {
  private enum State {
    case idle
    case head
    case length(Int)
    case chunked
    case untilClose
    case closing
  }

  private let limits: HTTPClientLimits
  private let authority: String
  private var state = State.idle
  private var requestNumber: Int32 = 0
  private var isHead = false
  private var closesAfterwards = false
  private var isDraining = false
  /// A response's header that came in pieces.
  private var buffer: [UInt8] = []
  private var scanner = HTTP1HeadScanner<HTTP1StatusLine>()
  private var chunks = HTTP1ClientConnection.decoder()
  private var output: [UInt8] = []
  private var events: Deque<ClientEvent> = []
  private var unconsumed = 0
  private var isCancelled = false

  init(limits: HTTPClientLimits = HTTPClientLimits(), authority: String, now: UInt64) {
    self.limits = limits
    self.authority = authority
  }

  /// A streamed body has no bound of its own: its reader has.
  private static func decoder() -> ChunkedDecoder {
    ChunkedDecoder(bodyLimit: .max / 2, extensionLimit: 64 << 10, trailerLimit: 64 << 10)
  }

  // MARK: Requests

  /// Sends a request; nil while another is at work, or when the connection takes no more. `host`, `connection` and lengths
  /// among its fields are ignored.
  func send(_ request: HTTPRequest, now: UInt64) -> StreamID? {
    guard canSend else { return nil }
    requestNumber = requestNumber == .max ? 1 : requestNumber + 1
    isHead = request.method == .head
    HTTP1RequestWriter.write(request, authority: authority, to: &output)
    state = .head
    unconsumed = 0
    return StreamID(requestNumber)
  }

  /// Whether a request can be sent here now.
  var canSend: Bool {
    if case .idle = state { !isDraining } else { false }
  }

  /// Requests whose responses are not complete: one or none.
  var openStreams: Int {
    switch state {
    case .idle, .closing: 0
    default: 1
    }
  }

  /// Gives up the request at work, and with it the connection unless the response is complete; no event comes for it.
  func cancel(_ id: StreamID) {
    guard id.rawValue == requestNumber else { return }
    events.removeAll()
    if openStreams == 1 { state = .closing }
  }

  /// Bytes of `data` events were used.
  func consume(_ count: Int, of id: StreamID) {
    if id.rawValue == requestNumber { unconsumed = max(0, unconsumed - count) }
  }

  /// False while the reader is behind: then do not read from the socket.
  var wantsInput: Bool { unconsumed < limits.streamWindow }

  // MARK: Bytes in

  /// Reads the peer's bytes. Bytes nobody asked for end the connection.
  func receive(_ bytes: UnsafeRawBufferPointer, now: UInt64) {
    if buffer.isEmpty {
      let used = consume(bytes)
      if used < bytes.count { buffer.append(contentsOf: ASCII.slice(bytes, used, bytes.count)) }
    } else {
      buffer.append(contentsOf: bytes)
      let used = buffer.withUnsafeBytes { consume($0) }
      buffer.removeFirst(used)
    }
  }

  /// The peer has closed its side, or the connection has failed.
  func receiveEnd() {
    if case .untilClose = state { finish() } else { fail(.connectionLost) }
    state = .closing
  }

  private func fail(_ failure: StreamFailure) {
    if openStreams == 1 { events.append(.reset(StreamID(requestNumber), failure)) }
    state = .closing
  }

  /// Returns how many bytes were read; the rest comes again with more behind it. Never touches `buffer`, which the bytes may
  /// lie in.
  private func consume(_ bytes: UnsafeRawBufferPointer) -> Int {
    do throws(Refusal) {
      return try read(bytes)
    } catch {
      fail(.badResponse)
      return bytes.count
    }
  }

  private func read(_ bytes: UnsafeRawBufferPointer) throws(Refusal) -> Int {
    var used = 0
    while used < bytes.count {
      let rest = ASCII.slice(bytes, used, bytes.count)
      switch state {
      case .idle:
        state = .closing
        return bytes.count
      case .closing: return bytes.count
      case .head:
        let count = try readHead(rest)
        if count == 0 { return used }
        used += count
      case .length(let left):
        let count = min(left, rest.count)
        deliver(Array(ASCII.slice(rest, 0, count)))
        used += count
        state = .length(left - count)
        if count == left { finish() }
      case .chunked:
        var data: [UInt8] = []
        used += try chunks.decode(rest, into: &data)
        deliver(data)
        if chunks.isDone { finish() }
      case .untilClose:
        deliver(Array(rest))
        used = bytes.count
      }
    }
    return used
  }

  private func readHead(_ bytes: UnsafeRawBufferPointer) throws(Refusal) -> Int {
    let found = try scanner.scan(bytes, limit: limits.headerBytes)
    switch found {
    case .partial: return 0
    case .emptyLine(let end): return end
    case .complete(let end, let line, let firstField):
      scanner = HTTP1HeadScanner<HTTP1StatusLine>()
      let head = try HTTP1ResponseHead(
        ASCII.slice(bytes, 0, end), line: line, firstFieldAt: firstField, withoutBody: isHead, limits: limits)
      try begin(head)
      return end
    }
  }

  private func begin(_ head: HTTP1ResponseHead) throws(Refusal) {
    // We never ask for another protocol; other informational responses are dropped.
    guard head.status != 101 else { throw .badRequest }
    guard head.status >= 200 else { return }
    closesAfterwards = head.closes
    events.append(.head(StreamID(requestNumber), status: head.status, head.headers))
    switch head.framing {
    case .none: finish()
    case .length(let length): state = .length(length)
    case .chunked:
      chunks = Self.decoder()
      state = .chunked
    case .untilClose: state = .untilClose
    }
  }

  private func deliver(_ data: [UInt8]) {
    guard !data.isEmpty else { return }
    unconsumed += data.count
    events.append(.data(StreamID(requestNumber), data))
  }

  private func finish() {
    events.append(.end(StreamID(requestNumber)))
    state = closesAfterwards || isDraining ? .closing : .idle
  }

  /// What was understood since; nil when all is told.
  func nextEvent() -> ClientEvent? { events.popFirst() }

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

  /// Takes no more requests; when the one at work is done, `wantsClose` becomes true.
  func startDraining() {
    isDraining = true
    if case .idle = state { state = .closing }
  }

  /// The connection is to be closed.
  var wantsClose: Bool {
    if case .closing = state { true } else { false }
  }
}
