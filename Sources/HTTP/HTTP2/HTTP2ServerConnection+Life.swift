/// Deadlines, and how the connection ends.
extension HTTP2ServerConnection {
  /// Says GOAWAY in two steps: first that the end is near, and when the peer has heard it, where the end is. Requests that
  /// were on their way are answered; then the connection is over.
  func startDraining() {
    guard case .no = draining, session != nil else { return }
    draining = .announced(deadline: 0)
    session?.announceEnd()
    session?.ping()
    mayHaveOutput = true
  }

  func endDraining() {
    draining = .ended
    session?.end()
    mayHaveOutput = true
  }

  /// A phase of a stream begins.
  func enter(_ stream: HTTP2ServerStream, _ phase: HTTP2ServerStream.Phase) {
    stream.phase = phase
    stream.phaseStart = now
    if let deadline = deadline(of: stream) { earliestDeadline = min(earliestDeadline, deadline) }
  }

  private func deadline(of stream: HTTP2ServerStream) -> UInt64? {
    switch stream.phase {
    case .header: stream.phaseStart &+ limits.headerDeadline
    case .body: stream.phaseStart &+ limits.bodyAllowance(received: stream.body.count)
    case .answering: stream.phaseStart &+ limits.responseDeadline
    case .queued, .working, .closed: nil
    }
  }

  /// Carries out one deadline that has passed; call until nil.
  func expire(now: UInt64) -> Refusal? {
    self.now = now
    guard session != nil else { return nil }
    if !isEstablished, now >= connectionStartDeadline { return expire(.slowHeader) }
    expireConnection()
    guard now >= earliestDeadline else { return expireIdle() }
    earliestDeadline = .max
    for stream in streams {
      guard let deadline = deadline(of: stream) else { continue }
      if now < deadline {
        earliestDeadline = min(earliestDeadline, deadline)
        continue
      }
      earliestDeadline = 0
      return expire(stream)
    }
    return expireIdle()
  }

  private func expire(_ stream: HTTP2ServerStream) -> Refusal? {
    switch stream.phase {
    case .header:
      // Nothing else can come before the rest of a header: the connection itself is stuck.
      return expire(.slowHeader)
    case .body:
      refuse(stream, .slowBody)
      takeBackEvent()
      return .slowBody
    default:
      cut(stream, .slowReader, HTTP2.ErrorCode.cancel)
      takeBackEvent()
      return .slowReader
    }
  }

  private func expire(_ refusal: Refusal) -> Refusal {
    giveUp(refusal)
    takeBackEvent()
    return refusal
  }

  /// Steps of the connection's own end that are due. None is a refusal.
  private func expireConnection() {
    switch draining {
    case .announced(deadline: 0): draining = .announced(deadline: now + HTTPLimits.second)
    case .announced(let deadline) where now >= deadline: endDraining()
    case .no where now >= connectionEnd: startDraining()
    default: break
    }
  }

  private func expireIdle() -> Refusal? {
    guard isIdle, case .no = draining, now >= idleStart &+ limits.idleTimeout else { return nil }
    startDraining()
    return .idle
  }

  private var connectionStartDeadline: UInt64 { idleStart &+ limits.headerDeadline }

  /// When `expire` has something to do next; may be early.
  var nextDeadline: UInt64? {
    guard session != nil else { return nil }
    var next = earliestDeadline
    if !isEstablished { next = min(next, connectionStartDeadline) }
    switch draining {
    case .no:
      next = min(next, connectionEnd)
      if streams.isEmpty { next = min(next, idleStart &+ limits.idleTimeout) }
    case .announced(let deadline): next = min(next, deadline)
    case .ended: break
    }
    return next == .max ? nil : next
  }

  /// The connection is to be closed once the output is sent.
  var wantsClose: Bool {
    if case .no = draining { return session == nil }
    return session?.isOver ?? true
  }

  /// No request is at work and no part of one has come.
  var isIdle: Bool { streams.isEmpty && cancelled.isEmpty }
}
