/// The server's side of one HTTP/2 connection (RFC 9113): bytes in, requests out, answers in, bytes out.
///
/// nghttp2 does the framing and HPACK, and refuses malformed messages; this machine puts requests together, keeps the
/// limits nghttp2 does not know, and ends connections in good order. Memory is bounded by what it accounts for: bodies
/// that wait for their answers, streams, and cancelled requests that are still at work.
///
/// Confined to one thread. Call order as in `HTTP1ServerConnection`.
final class HTTP2ServerConnection {
  enum Pending {
    case request(HTTP2ServerStream)
    case refused(Refusal, closes: Bool)
  }

  enum Draining {
    case no
    /// GOAWAY with an open end is sent; the second follows when the PING behind it is back, or at the deadline
    /// (0: to be set when the time is next told).
    case announced(deadline: UInt64)
    case ended
  }

  let limits: HTTPLimits
  private let bodies: BodyStore
  /// nil once the connection has been given up.
  var session: HTTP2Session?
  private var meter: ControlFrameMeter
  var now: UInt64

  var streams: [HTTP2ServerStream] = []
  /// Events, of which those before `nextPending` have been told.
  private(set) var pending: [Pending] = []
  private var nextPending = 0
  /// Requests whose streams vanished while the handler was at work, and the body bytes they account for.
  var cancelled: [Int32: Int] = [:]
  /// Requests in handlers' hands whose streams live.
  private var working = 0
  private var bufferedBytes = 0
  private var served = 0

  private var output: [UInt8] = []
  private var block = HTTP2HeaderBlock()
  private var builder = HTTP2RequestBuilder()
  /// nghttp2 may have something to send.
  var mayHaveOutput = true
  /// A flood noticed inside a callback.
  private var flood: Refusal?

  let connectionEnd: UInt64
  var isEstablished = false
  var draining = Draining.no
  var idleStart: UInt64
  /// No stream's deadline lies before it.
  var earliestDeadline = UInt64.max

  private static let outputPiece = 256 << 10

  init(limits: HTTPLimits, bodies: BodyStore, now: UInt64) {
    self.limits = limits
    self.bodies = bodies
    self.now = now
    idleStart = now
    connectionEnd = limits.connectionEnd(start: now)
    meter = ControlFrameMeter(limits: limits, preface: HTTP2.clientPreface.utf8CodeUnitCount, now: now)
    session = HTTP2Session(
      serverFor: Unmanaged.passUnretained(self).toOpaque(), callbacks: HTTP2ServerCallbacks.table,
      limits: limits)
  }

  // MARK: Bytes in

  /// Reads the peer's bytes.
  func receive(_ bytes: UnsafeRawBufferPointer, now: UInt64) {
    self.now = now
    guard session != nil else { return }
    do throws(Refusal) {
      try meter.read(bytes, now: now)
    } catch {
      giveUp(error)
      return
    }
    let isSound = session?.receive(bytes) ?? true
    if let flood {
      giveUp(flood)
      return
    }
    guard isSound else {
      giveUp(.protocolError)
      return
    }
    mayHaveOutput = true
    if output.count < Self.outputPiece / 4 { pump() }
    if session?.wantsInput == false, case .no = draining {
      // nghttp2 has sent GOAWAY by itself.
      giveUp(.protocolError, sendsGoAway: false)
    }
  }

  /// False while the peer does not take what it was already sent: then do not read from the socket.
  var wantsInput: Bool { session != nil && output.count < Self.outputPiece }

  /// Ends the connection at once and lets everything go.
  func giveUp(_ refusal: Refusal, sendsGoAway: Bool = true) {
    pending = [.refused(refusal, closes: true)]
    nextPending = 0
    if sendsGoAway, let lastStream = session?.lastPeerStream {
      let isFlood = refusal != .protocolError
      output += HTTP2.goAway(
        lastStream: lastStream,
        code: isFlood ? HTTP2.ErrorCode.enhanceYourCalm : HTTP2.ErrorCode.protocolError)
    }
    abandon()
  }

  deinit { session?.delete() }

  private func abandon() {
    session?.delete()
    session = nil
    for stream in streams { stream.phase = .closed }
    streams.removeAll()
    cancelled.removeAll()
    working = 0
    bufferedBytes = 0
    flood = nil
  }

  // MARK: What the callbacks forward

  func streamBegan(_ id: Int32) {
    let stream = HTTP2ServerStream(id: id, index: streams.count, now: now)
    streams.append(stream)
    builder = HTTP2RequestBuilder()
    session?.attach(Unmanaged.passUnretained(stream).toOpaque(), to: id)
    enter(stream, .header)
  }

  func fieldCame(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
    builder.add(name, value, limits: limits)
  }

  func frameCame(type: UInt8, flags: UInt8, stream id: Int32, isRequest: Bool) {
    switch type {
    case HTTP2.FrameType.settings: isEstablished = true
    case HTTP2.FrameType.ping:
      if flags & HTTP2.Flag.acknowledgement != 0, case .announced = draining { endDraining() }
    case HTTP2.FrameType.resetStream: find(id)?.resetIsCounted = true
    case HTTP2.FrameType.goAway: draining = .ended
    case HTTP2.FrameType.headers, HTTP2.FrameType.data:
      guard let stream = find(id) else { return }
      let isWhole = flags & HTTP2.Flag.endStream != 0
      if isRequest { headerCame(stream, isWhole: isWhole) }
      if isWhole, stream.phase == .body { requestCame(stream) }
    default: break
    }
  }

  private func headerCame(_ stream: HTTP2ServerStream, isWhole: Bool) {
    stream.resetsWhenAnswered = !isWhole
    stream.method = builder.method
    if let fault = builder.fault {
      refuse(stream, fault)
    } else if builder.target.path.isEmpty {
      // CONNECT: the only method nghttp2 lets pass without a path.
      refuse(stream, .badRequest)
    } else if let length = builder.contentLength, length > limits.bodyBytes {
      refuse(stream, .bodyTooLarge)
    } else if working + cancelled.count >= limits.concurrentStreams {
      // Streams are bounded by nghttp2; this bounds the work behind streams that were cancelled.
      cut(stream, .connectionBusy, HTTP2.ErrorCode.refusedStream)
    } else {
      enter(stream, .body)
      stream.target = builder.target
      stream.headers = builder.headers
      if let length = builder.contentLength, length > 0 { stream.body = bodies.take(length) }
      if builder.expectsContinue, !isWhole { session?.submitContinue(stream.id) }
    }
  }

  func dataCame(_ id: Int32, _ bytes: UnsafeRawBufferPointer) {
    guard let stream = find(id), stream.phase == .body else { return }
    if stream.body.count + bytes.count > limits.bodyBytes {
      refuse(stream, .bodyTooLarge)
    } else if bufferedBytes + bytes.count > limits.bufferedBytes {
      cut(stream, .connectionBusy, HTTP2.ErrorCode.refusedStream)
    } else {
      stream.body.append(contentsOf: bytes)
      stream.accountedBytes += bytes.count
      bufferedBytes += bytes.count
    }
  }

  private func requestCame(_ stream: HTTP2ServerStream) {
    stream.resetsWhenAnswered = false
    stream.phase = .queued
    pending.append(.request(stream))
    meter.credit(ControlFrameMeter.perRequest)
  }

  /// False: the peer has caused too many resets.
  func streamClosed(_ id: Int32, code: UInt32) -> Bool {
    guard let stream = find(id) else {
      // Refused by nghttp2 before it began for us.
      return code == HTTP2.ErrorCode.noError || chargeReset()
    }
    if stream.phase == .working {
      working -= 1
      cancelled[id] = stream.accountedBytes
    } else {
      bufferedBytes -= stream.accountedBytes
    }
    stream.phase = .closed
    stream.answer = []
    let last = streams.removeLast()
    if last !== stream {
      streams[stream.index] = last
      last.index = stream.index
    }
    if streams.isEmpty { idleStart = now }
    return code == HTTP2.ErrorCode.noError || stream.resetIsCounted || chargeReset()
  }

  private func chargeReset() -> Bool {
    do throws(Refusal) {
      try meter.chargeReset(now: now)
      return true
    } catch {
      flood = error
      return false
    }
  }

  private func find(_ id: Int32) -> HTTP2ServerStream? {
    // Almost always the stream that has just begun.
    if let last = streams.last, last.id == id { return last }
    guard let pointer = session?.attachment(of: id) else { return nil }
    return Unmanaged<HTTP2ServerStream>.fromOpaque(pointer).takeUnretainedValue()
  }

  // MARK: Events and answers

  /// What was understood since; nil when all is told. A request whose stream is gone already is not told.
  func nextEvent() -> ServerEvent? {
    while nextPending < pending.count {
      let next = pending[nextPending]
      nextPending += 1
      switch next {
      case .refused(let refusal, let closes): return .refused(refusal, closes: closes)
      case .request(let stream) where stream.phase == .queued:
        stream.phase = .working
        working += 1
        return .request(StreamID(stream.id), stream.takeRequest())
      case .request: continue
      }
    }
    if !pending.isEmpty {
      pending.removeAll(keepingCapacity: pending.capacity <= 256)
      nextPending = 0
    }
    return nil
  }

  /// Takes the last event back: it is told in another way.
  func takeBackEvent() { pending.removeLast() }

  /// Answers a request. If its stream is gone, the answer is dropped.
  func respond(_ response: HTTPResponse, to id: StreamID, now: UInt64) {
    self.now = now
    guard let stream = find(id.rawValue), stream.phase == .working else {
      if let bytes = cancelled.removeValue(forKey: id.rawValue) { bufferedBytes -= bytes }
      return
    }
    working -= 1
    send(response, on: stream)
    served += 1
    if served >= limits.requestsPerConnection || now >= connectionEnd { startDraining() }
  }

  private func send(_ response: HTTPResponse, on stream: HTTP2ServerStream) {
    bufferedBytes -= stream.accountedBytes
    stream.accountedBytes = 0
    stream.body = []
    let hasBody = stream.method != .head && response.mayHaveBody && !response.body.isEmpty
    if hasBody { stream.answer = response.body }
    let source =
      hasBody
      ? HTTP2BodySource(
        stream: Unmanaged.passUnretained(stream).toOpaque(), read: HTTP2ServerCallbacks.readAnswer) : nil
    enter(stream, .answering)
    let isQueued = HTTP2ResponseFields.with(response, &block) { fields in
      session?.submitResponse(stream.id, fields, body: source) ?? false
    }
    if !isQueued || (stream.resetsWhenAnswered && !hasBody) {
      stream.resetIsCounted = true
      session?.reset(stream.id, isQueued ? HTTP2.ErrorCode.noError : HTTP2.ErrorCode.internalError)
    }
    mayHaveOutput = true
  }

  /// Answers a request that is not wanted, and tells the peer to keep the rest of it.
  func refuse(_ stream: HTTP2ServerStream, _ refusal: Refusal) {
    pending.append(.refused(refusal, closes: false))
    stream.headers = HTTPHeaders()
    send(refusal.response, on: stream)
  }

  /// Ends a stream without an answer. Not the peer's fault, so not counted as one of its resets.
  func cut(_ stream: HTTP2ServerStream, _ refusal: Refusal, _ code: UInt32) {
    pending.append(.refused(refusal, closes: false))
    stream.resetIsCounted = true
    stream.body = []
    stream.headers = HTTPHeaders()
    enter(stream, .answering)
    session?.reset(stream.id, code)
    mayHaveOutput = true
  }

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

  /// Collects the frames of all streams, up to a piece.
  private func pump() {
    while output.count < Self.outputPiece {
      switch session?.nextOutput() ?? .nothing {
      case .bytes(let bytes): output.append(contentsOf: bytes)
      case .nothing:
        mayHaveOutput = false
        return
      case .broken:
        giveUp(flood ?? .protocolError)
        return
      }
    }
  }

  /// One DATA frame of an answer.
  func sendData(_ stream: HTTP2ServerStream, header: UnsafeRawBufferPointer, count: Int) {
    output.append(contentsOf: header)
    stream.answer.withUnsafeBytes {
      output.append(contentsOf: ASCII.slice($0, stream.sent, stream.sent + count))
    }
    stream.sent += count
    meter.credit(ControlFrameMeter.perRequest)
    if stream.resetsWhenAnswered, stream.sent == stream.answer.count {
      stream.resetIsCounted = true
      session?.reset(stream.id, HTTP2.ErrorCode.noError)
    }
  }
}
