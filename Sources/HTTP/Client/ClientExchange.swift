internal import DequeModule
internal import Synchronization
internal import Transport

/// One request and what has come of its response: where the loop's thread, which fills it, meets the task that waits for it.
final class ClientExchange: Sendable {
  /// The next thing a reader of a streamed response gets.
  enum Part {
    case head(status: Int, HTTPHeaders)
    case data([UInt8])
    case end
  }

  /// Where the request was sent.
  struct Place {
    let connection: SourceID
    let stream: StreamID
  }

  private struct State {
    var place: Place?
    var head: (status: Int, headers: HTTPHeaders)?
    var isHeadTold = false
    var chunks: Deque<[UInt8]> = []
    var byteCount = 0
    var outcome: Result<Void, HTTPClientError>?
    var waiter: CheckedContinuation<Void, Never>?
    var attempts = 0
  }

  let request: HTTPRequest
  /// Monotonic nanoseconds; `.max` for none.
  let deadline: UInt64
  /// Collected whole, with so many bytes at most; streamed if nil.
  let maximumBytes: Int?
  private let state = Mutex(State())

  init(_ request: HTTPRequest, deadline: UInt64, maximumBytes: Int?) {
    self.request = request
    self.deadline = deadline
    self.maximumBytes = maximumBytes
  }

  // MARK: on the loop

  var isFinished: Bool { state.withLock { $0.outcome != nil } }
  var place: Place? { state.withLock { $0.place } }
  var hasHead: Bool { state.withLock { $0.head != nil } }

  /// Notes where the request went.
  func sent(to place: Place) {
    state.withLock { state in
      state.place = place
      state.attempts += 1
    }
  }

  /// How often it was sent.
  var attempts: Int { state.withLock { $0.attempts } }

  func headCame(status: Int, _ headers: HTTPHeaders) {
    update { $0.head = (status, headers) }
  }

  /// False: more than is allowed.
  func dataCame(_ bytes: [UInt8]) -> Bool {
    update { state in
      state.byteCount += bytes.count
      state.chunks.append(bytes)
    }
    guard let maximumBytes else { return true }
    return state.withLock { $0.byteCount <= maximumBytes }
  }

  /// The response is complete, or will not be. The first outcome stands.
  func finish(_ outcome: Result<Void, HTTPClientError>) {
    update { state in
      if state.outcome == nil { state.outcome = outcome }
    }
  }

  private func update(_ body: (inout State) -> Void) {
    let waiter = state.withLock { state in
      body(&state)
      // Who collects the whole is woken once.
      guard state.outcome != nil || maximumBytes == nil else { return CheckedContinuation<Void, Never>?.none }
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume()
  }

  // MARK: in the waiting task

  /// The whole response.
  func collect() async throws(HTTPClientError) -> HTTPClientResponse {
    await wait { $0.outcome != nil }
    let (outcome, head, chunks, count) = state.withLock { ($0.outcome, $0.head, $0.chunks, $0.byteCount) }
    if case .failure(let error) = outcome { throw error }
    guard let head else { throw .badResponse }
    var body: [UInt8] = []
    if chunks.count == 1 {
      body = chunks[0]
    } else {
      body.reserveCapacity(count)
      for chunk in chunks { body += chunk }
    }
    return HTTPClientResponse(status: head.status, headers: head.headers, body: body)
  }

  /// The next part of a streamed response. What came before a failure is told before it.
  func next() async throws(HTTPClientError) -> Part {
    await wait { ($0.head != nil && !$0.isHeadTold) || !$0.chunks.isEmpty || $0.outcome != nil }
    let part = state.withLock { state -> Result<Part, HTTPClientError> in
      if case .failure(.cancelled) = state.outcome { return .failure(.cancelled) }
      if let head = state.head, !state.isHeadTold {
        state.isHeadTold = true
        return .success(.head(status: head.status, head.headers))
      }
      if let chunk = state.chunks.popFirst() { return .success(.data(chunk)) }
      return (state.outcome ?? .success(())).map { .end }
    }
    return try part.get()
  }

  private func wait(_ isReady: @Sendable (State) -> Bool) async {
    await withCheckedContinuation { continuation in
      let isReady = state.withLock { state in
        let isReady = isReady(state)
        if !isReady { state.waiter = continuation }
        return isReady
      }
      if isReady { continuation.resume() }
    }
  }
}
