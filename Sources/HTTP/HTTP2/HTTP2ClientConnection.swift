internal import DequeModule

/// The client's side of one HTTP/2 connection (RFC 9113): requests in, bytes out, bytes in, pieces of responses out.
///
/// Any number of requests at a time; those beyond what the peer allows wait inside. Responses are streamed, so that a watch
/// of many minutes is one request; the reader's `consume` is what lets the peer send on.
///
/// Confined to one thread. Call order: `receive`, `nextEvent` until nil, then take the output.
final class HTTP2ClientConnection {
  private let limits: HTTPClientLimits
  private let authority: String
  private let scheme: String
  /// nil once the connection has been given up.
  private var session: HTTP2Session?
  private var streams: [HTTP2ClientStream] = []
  private var events: Deque<ClientEvent> = []
  private var output: [UInt8] = []
  private var block = HTTP2HeaderBlock()
  private var mayHaveOutput = true
  private var isGoingAway = false
  /// When the peer was last heard; and when it was asked for a sign of life since, if it was.
  private var lastHeard: UInt64
  private var pingSent: UInt64?

  private static let outputPiece = 256 << 10

  init(
    limits: HTTPClientLimits = HTTPClientLimits(), authority: String, scheme: String = "https", now: UInt64
  ) {
    self.limits = limits
    self.authority = authority
    self.scheme = scheme
    lastHeard = now
    session = HTTP2Session(
      clientFor: Unmanaged.passUnretained(self).toOpaque(), callbacks: HTTP2ClientCallbacks.table,
      headerBytes: limits.headerBytes, streamWindow: limits.streamWindow,
      connectionWindow: limits.connectionWindow)
  }

  // MARK: Requests

  /// Queues a request; nil if this connection takes no more. `host`, `connection` and lengths among its fields are ignored.
  func send(_ request: HTTPRequest, now: UInt64) -> StreamID? {
    guard canSend else { return nil }
    if streams.isEmpty { lastHeard = now }
    let stream = HTTP2ClientStream(body: request.body)
    fillBlock(request)
    let pointer = Unmanaged.passUnretained(stream).toOpaque()
    let source =
      request.body.isEmpty
      ? nil : HTTP2BodySource(stream: pointer, read: HTTP2ClientCallbacks.readBody)
    // The stream must be held before the session knows of it.
    stream.index = streams.count
    streams.append(stream)
    mayHaveOutput = true
    guard let id = session?.submitRequest(&block, body: source, attachment: pointer) else {
      streams.removeLast()
      isGoingAway = true
      return nil
    }
    stream.id = id
    return StreamID(id)
  }

  /// Whether a further request can be sent here: the peer has not said goodbye, and the connection is sound.
  var canSend: Bool { session != nil && !isGoingAway }

  /// Requests whose responses are not complete.
  var openStreams: Int { streams.count }

  /// How many requests the peer works on at a time; more wait inside this machine.
  var peerConcurrentStreams: Int { session?.peerConcurrentStreams ?? 0 }

  private func fillBlock(_ request: HTTPRequest) {
    block.removeAll()
    block.add(":method", request.method.description)
    block.add(":scheme", scheme)
    block.add(":authority", authority)
    block.add(":path", request.query.isEmpty ? request.path : request.path + "?" + request.query)
    request.headers.forEachField { name, value in
      if !HTTP1RequestWriter.isConnectionField(name) { block.add(name: name, value: value) }
    }
    if !request.body.isEmpty { block.add("content-length", decimal: request.body.count) }
  }

  /// Ends a request whose response nobody wants any more; no event comes for it.
  func cancel(_ id: StreamID) {
    events.removeAll { $0.stream == id }
    // A request that still waits inside is not known to the session by its number.
    guard let stream = find(id.rawValue) ?? streams.first(where: { $0.id == id.rawValue }), !stream.isSilent
    else { return }
    stream.isSilent = true
    session?.reset(id.rawValue, HTTP2.ErrorCode.cancel)
    mayHaveOutput = true
  }

  /// Bytes of `data` events were used: the peer may send as many more. What a stream still holds when it ends or is
  /// cancelled is given back to the connection by itself.
  func consume(_ count: Int, of id: StreamID) {
    guard let stream = find(id.rawValue), !stream.isClosed else { return }
    let used = min(count, stream.unconsumed)
    stream.unconsumed -= used
    session?.consume(used, of: id.rawValue)
    mayHaveOutput = true
  }

  // MARK: Bytes in

  /// Reads the peer's bytes.
  func receive(_ bytes: UnsafeRawBufferPointer, now: UInt64) {
    lastHeard = now
    pingSent = nil
    let isSound = session?.receive(bytes) ?? true
    mayHaveOutput = true
    if !isSound { giveUp() }
  }

  /// The peer has closed its side, or the connection has failed: what is not complete never will be.
  func receiveEnd() { giveUp() }

  deinit { session?.delete() }

  private func giveUp() {
    guard let session else { return }
    session.delete()
    self.session = nil
    for stream in streams where !stream.isSilent {
      events.append(.reset(StreamID(stream.id), stream.failure ?? .connectionLost))
    }
    streams.removeAll()
  }

  // MARK: What the callbacks forward

  func fieldCame(_ id: Int32, _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool {
    guard let stream = find(id), !stream.hasHead else { return true }
    guard stream.add(name, value, limits: limits) else {
      stream.failure = .badResponse
      return false
    }
    return true
  }

  func frameCame(type: UInt8, flags: UInt8, stream id: Int32) {
    switch type {
    case HTTP2.FrameType.goAway:
      if !isGoingAway { events.append(.goAway) }
      isGoingAway = true
    case HTTP2.FrameType.headers, HTTP2.FrameType.data:
      guard let stream = find(id), !stream.isSilent else { return }
      if !stream.hasHead { headCame(stream) }
      if flags & HTTP2.Flag.endStream != 0 { ended(stream) }
    default: break
    }
  }

  private func headCame(_ stream: HTTP2ClientStream) {
    let headers = stream.headers
    stream.headers = HTTPHeaders()
    if stream.status >= 200 {
      stream.hasHead = true
      events.append(.head(StreamID(stream.id), status: stream.status, headers))
    }
  }

  private func ended(_ stream: HTTP2ClientStream) {
    stream.isSilent = true
    events.append(.end(StreamID(stream.id)))
    // The answer came before the request was sent: nobody will read the rest of it.
    if stream.sent < stream.body.count { session?.reset(stream.id, HTTP2.ErrorCode.cancel) }
  }

  func dataCame(_ id: Int32, _ bytes: UnsafeRawBufferPointer) {
    guard let stream = find(id), !stream.isSilent else {
      session?.consume(bytes.count, of: id)
      return
    }
    stream.unconsumed += bytes.count
    events.append(.data(StreamID(id), Array(bytes)))
  }

  func streamClosed(_ id: Int32, code: UInt32) {
    guard let stream = find(id) else { return }
    if !stream.isSilent {
      let failure = stream.failure ?? (code == HTTP2.ErrorCode.refusedStream ? .refused : .reset(code))
      events.append(.reset(StreamID(id), failure))
    }
    stream.isClosed = true
    session?.consumeConnection(stream.unconsumed)
    let last = streams.removeLast()
    if last !== stream {
      streams[stream.index] = last
      last.index = stream.index
    }
  }

  private func find(_ id: Int32) -> HTTP2ClientStream? {
    guard let pointer = session?.attachment(of: id) else { return nil }
    return Unmanaged<HTTP2ClientStream>.fromOpaque(pointer).takeUnretainedValue()
  }

  /// What was understood since; nil when all is told.
  func nextEvent() -> ClientEvent? { events.popFirst() }

  // MARK: Bytes out

  /// Whether there are bytes to send; collects them.
  var hasOutput: Bool {
    if output.isEmpty, mayHaveOutput { pump() }
    return !output.isEmpty
  }

  /// Hands the bytes to send to the closure, and forgets them.
  func withOutput<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
    if mayHaveOutput, output.count < Self.outputPiece { pump() }
    let result = output.withUnsafeBytes(body)
    output.removeAll(keepingCapacity: output.capacity <= 64 << 10)
    return result
  }

  private func pump() {
    while output.count < Self.outputPiece {
      switch session?.nextOutput() ?? .nothing {
      case .bytes(let bytes): output.append(contentsOf: bytes)
      case .nothing:
        mayHaveOutput = false
        return
      case .broken:
        mayHaveOutput = false
        giveUp()
        return
      }
    }
  }

  /// One DATA frame of a request.
  func sendData(_ stream: HTTP2ClientStream, header: UnsafeRawBufferPointer, count: Int) {
    output.append(contentsOf: header)
    stream.body.withUnsafeBytes {
      output.append(contentsOf: ASCII.slice($0, stream.sent, stream.sent + count))
    }
    stream.sent += count
  }

  // MARK: Life

  /// Says goodbye: no request is sent any more; when those at work are done, `wantsClose` becomes true.
  func startDraining() {
    isGoingAway = true
    session?.end()
    mayHaveOutput = true
  }

  /// Asks a silent peer for a sign of life while requests are open, and gives the connection up when none comes. True if it
  /// has just been given up; every open request gets its `reset`.
  func expire(now: UInt64) -> Bool {
    guard session != nil, let deadline = nextDeadline, now >= deadline else { return false }
    if pingSent != nil {
      giveUp()
      return true
    }
    pingSent = now
    session?.ping()
    mayHaveOutput = true
    return false
  }

  /// When `expire` has something to do next, unless bytes come before.
  var nextDeadline: UInt64? {
    guard session != nil, !streams.isEmpty else { return nil }
    if let pingSent { return pingSent &+ limits.pingTimeout }
    return lastHeard &+ limits.pingAfter
  }

  /// The connection is to be closed once the output is sent: it has failed, or all is said.
  var wantsClose: Bool { session?.isOver ?? true }
}
