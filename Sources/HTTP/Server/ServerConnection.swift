internal import TLS
internal import Transport

/// One peer of the server: carries bytes between its connection and its conversation, and requests to the handler.
final class ServerConnection: ConnectionHandler {
  private let loop: ServerLoop
  private let peer: SocketAddress.Host
  private var connection: Connection?
  private var conversation: ServerConversation?
  private var version = HTTPVersion.http1_1
  /// Requests that the handler has not answered yet, and when it last took or answered one.
  private var inFlight = 0
  private var lastProgress: UInt64 = 0
  private var inputHasEnded = false
  /// The conversation was not asked for all its requests, because their answers would not go out.
  private var hasUnaskedEvents = false
  private var isDraining = false
  /// When the peer was last at work here: it came, or it was answered.
  private var lastBusy: UInt64 = 0
  /// When the connection is closed if it is quiet until then; nil while it need not be.
  private var quietEnd: UInt64?

  /// Answers that are collected before they are handed to the connection together.
  private static let gatheredBytes = 64 << 10

  init(loop: ServerLoop, peer: SocketAddress.Host) {
    self.loop = loop
    self.peer = peer
  }

  // MARK: the connection's calls

  func connectionOpened(_ connection: Connection) {
    self.connection = connection
    if let tls = connection.tls {
      loop.statistics.countHandshake(tls.version)
      version = tls.negotiatedALPN == .h2 ? .http2 : .http1_1
    }
    let conversation = ServerConversation(
      version, limits: loop.limits, bodies: loop.bodies, now: connection.reactor.now)
    self.conversation = conversation
    lastBusy = connection.reactor.now
    if quietEnd != nil { closeWhenQuiet() }
  }

  func connection(_ connection: Connection, received bytes: UnsafeRawBufferPointer) {
    guard let conversation else { return }
    conversation.receive(bytes, now: connection.reactor.now)
    serve(conversation, connection)
  }

  func connection(_ connection: Connection, inputEnded clean: Bool) {
    inputHasEnded = true
    if inFlight == 0, !hasUnaskedEvents { connection.closeAfterOutput() }
  }

  func produceOutput(_ connection: Connection) {
    guard let conversation else { return }
    if hasUnaskedEvents { serve(conversation, connection) }
    handOver(conversation, connection)
    connection.wantsInput = conversation.wantsInput
    if conversation.hasOutput || hasUnaskedEvents {
      // More than fits now. This is asked again, as soon as the peer has taken some.
      return connection.setNeedsFlush()
    }
    if conversation.wantsClose || (inputHasEnded && inFlight == 0) {
      connection.closeAfterOutput()
    } else {
      connection.setHandlerDeadline(nextDeadline(conversation))
    }
  }

  func connection(_ connection: Connection, deadlineReached now: UInt64) {
    guard let conversation else { return }
    if inFlight > 0, now >= lastProgress &+ loop.answerTimeout {
      loop.statistics.count(.unanswered)
      return connection.close()
    }
    while let refusal = conversation.expire(now: now) {
      loop.statistics.count(refusal)
    }
    serve(conversation, connection)
    if let quietEnd, now >= quietEnd { closeWhenQuiet() }
  }

  func connectionClosed(_ connection: Connection, _ reason: CloseReason) {
    loop.statistics.inFlight.add(-inFlight)
    inFlight = 0
    conversation = nil
    self.connection = nil
    loop.closed(self, peer: peer, reason)
  }

  // MARK: requests and answers

  /// Takes the conversation's requests to the handler, as long as the peer takes the answers.
  private func serve(_ conversation: ServerConversation, _ connection: Connection) {
    hasUnaskedEvents = false
    var gathered = 0
    while let event = conversation.nextEvent() {
      switch event {
      case .request(let stream, let request):
        gathered += handle(request, stream, conversation, connection)
      case .refused(let refusal, _):
        loop.statistics.count(refusal)
      }
      guard gathered > Self.gatheredBytes else { continue }
      gathered = 0
      handOver(conversation, connection)
      if connection.pendingOutput > connection.limits.highWater {
        hasUnaskedEvents = true
        return
      }
    }
  }

  /// Returns about how many bytes the answer has; 0 if it comes later.
  private func handle(
    _ request: borrowing HTTPRequest, _ stream: StreamID, _ conversation: ServerConversation,
    _ connection: Connection
  ) -> Int {
    loop.statistics.countRequest(version)
    if loop.shared.isDraining { drain(conversation) }
    let answer = loop.handler.handle(
      request, Responder(loop: connection.reactor.loop, connection: connection.id, stream: stream))
    loop.bodies.give(request.body)
    let now = connection.reactor.now
    guard let answer else {
      inFlight += 1
      loop.statistics.inFlight.add()
      lastProgress = now
      return 0
    }
    conversation.respond(answer, to: stream, now: now)
    lastBusy = now
    return answer.body.count + 256
  }

  /// An answer that comes later. The next request may have waited for it.
  func answer(_ response: HTTPResponse, to stream: StreamID) {
    guard let conversation, let connection, inFlight > 0 else { return }
    inFlight -= 1
    loop.statistics.inFlight.add(-1)
    lastProgress = connection.reactor.now
    lastBusy = lastProgress
    conversation.respond(response, to: stream, now: lastProgress)
    serve(conversation, connection)
    connection.setNeedsFlush()
  }

  private func handOver(_ conversation: ServerConversation, _ connection: Connection) {
    while conversation.hasOutput, connection.pendingOutput <= connection.limits.highWater {
      conversation.withOutput { connection.write($0) }
    }
  }

  private func nextDeadline(_ conversation: ServerConversation) -> UInt64? {
    let own = inFlight > 0 ? lastProgress &+ loop.answerTimeout : .max
    let next = min(conversation.nextDeadline ?? .max, own, quietEnd ?? .max)
    return next == .max ? nil : next
  }

  // MARK: the end

  /// Asks the peer to come back on another connection.
  func startDraining() {
    guard let conversation, let connection else { return }
    drain(conversation)
    connection.setNeedsFlush()
  }

  private func drain(_ conversation: ServerConversation) {
    guard !isDraining else { return }
    isDraining = true
    conversation.startDraining()
  }

  /// Ends the connection as soon as nothing was under way on it for `HTTPLimits.quietBeforeClose`: the first request of a
  /// connection that has just come is on its way already, and would be lost.
  func closeWhenQuiet() {
    guard let conversation, let connection else {
      quietEnd = 0
      return
    }
    let now = connection.reactor.now
    let end = lastBusy &+ loop.limits.quietBeforeClose
    guard now >= end, conversation.isIdle, inFlight == 0 else {
      quietEnd = max(end, now &+ loop.limits.quietBeforeClose / 8)
      connection.setNeedsFlush()
      return
    }
    handOver(conversation, connection)
    connection.closeAfterOutput()
  }
}
