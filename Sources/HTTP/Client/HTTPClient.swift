public import Transport

/// A whole response.
public struct HTTPClientResponse: Sendable {
  /// 200…599.
  public let status: Int
  /// Its fields.
  public let headers: HTTPHeaders
  /// Its body, without transfer coding.
  public let body: [UInt8]
}

/// An HTTP client for one host: HTTP/2 over one connection, or HTTP/1.1 over several if the server agrees to no more.
///
/// It connects when there is something to send, and again when a connection is lost; it never connects more than once for a
/// request, so pauses between attempts are the caller's. A cancelled task cancels its request.
public final class HTTPClient: Sendable {
  private let pool: ClientPool
  private let loop: EventLoop
  private let ownsLoop: Bool

  /// Not connected yet.
  /// - Parameter loop: where its connections live; a loop of its own if nil.
  public init(_ configuration: HTTPClientConfiguration, loop: EventLoop? = nil) throws(SystemError) {
    self.loop = if let loop { loop } else { try EventLoop(name: "http-client") }
    ownsLoop = loop == nil
    pool = ClientPool(configuration, loop: self.loop)
  }

  deinit { close() }

  /// Sends a request and collects its response, whatever its status.
  /// - Parameter timeout: for all of it.
  public func send(_ request: HTTPRequest, timeout: Duration) async throws(HTTPClientError)
    -> HTTPClientResponse
  {
    let exchange = try begin(request, timeout, maximumBytes: pool.configuration.maximumResponseBytes)
    defer { pool.leave() }
    return try await waiting(on: exchange) { () async throws(HTTPClientError) in try await exchange.collect()
    }
  }

  /// Sends a request and hands out its response as it comes.
  ///
  /// The server is slowed down when `onData` is slow: no more than a window of bytes waits for it. What the closures throw ends
  /// the request and is thrown on.
  /// - Parameters:
  ///   - timeout: for all of it; nil for none.
  ///   - onHead: gets the status and the fields, once, before any data.
  ///   - onData: gets each piece of the body, never empty.
  public func stream(
    _ request: HTTPRequest, timeout: Duration?,
    onHead: (_ status: Int, _ headers: HTTPHeaders) async throws -> Void,
    onData: (_ bytes: [UInt8]) async throws -> Void
  ) async throws {
    let exchange = try begin(request, timeout, maximumBytes: nil)
    defer {
      // Whatever ended it: nobody reads on.
      abandon(exchange)
      pool.leave()
    }
    while true {
      let part = try await waiting(on: exchange) { () async throws(HTTPClientError) in
        try await exchange.next()
      }
      switch part {
      case .head(let status, let headers): try await onHead(status, headers)
      case .data(let bytes):
        try await onData(bytes)
        loop.execute { [pool] reactor in
          if let place = exchange.place { pool.consumed(bytes.count, at: place, reactor) }
        }
      case .end: return
      }
    }
  }

  /// Runs tasks on the thread of the client's connections, where sending and receiving cost least. They must not block.
  public var executor: any TaskExecutor { loop }

  /// Requests that wait or are under way.
  var inFlight: Int { pool.inFlight }

  /// Ends every request and connection. Requests fail with `.closed` from then on.
  public func close() {
    loop.execute { [pool] reactor in pool.close(reactor) }
    if ownsLoop { loop.stop() }
  }

  private func begin(
    _ request: HTTPRequest, _ timeout: Duration?, maximumBytes: Int?
  ) throws(HTTPClientError) -> ClientExchange {
    try pool.admit()
    let deadline = timeout.map { MonotonicClock.now() &+ nanoseconds($0) } ?? .max
    let exchange = ClientExchange(request, deadline: deadline, maximumBytes: maximumBytes)
    if !loop.execute({ [pool] reactor in pool.begin(exchange, reactor) }) {
      exchange.finish(.failure(.closed))
    }
    return exchange
  }

  private func abandon(_ exchange: ClientExchange) {
    loop.execute { [pool] reactor in pool.abandon(exchange, reactor) }
  }

  /// Waits in `body`; a cancelled task ends the exchange.
  private func waiting<Value: Sendable>(
    on exchange: ClientExchange, _ body: () async throws(HTTPClientError) -> Value
  ) async throws(HTTPClientError) -> Value {
    let result: Result<Value, HTTPClientError> = await withTaskCancellationHandler {
      do throws(HTTPClientError) { return .success(try await body()) } catch { return .failure(error) }
    } onCancel: {
      exchange.finish(.failure(.cancelled))
      abandon(exchange)
    }
    return try result.get()
  }
}

/// A duration in nanoseconds; none below zero, and none beyond 290 years.
private func nanoseconds(_ duration: Duration) -> UInt64 {
  let (seconds, attoseconds) = duration.components
  guard seconds >= 0, attoseconds >= 0 else { return 0 }
  guard seconds < 9_000_000_000 else { return 9_000_000_000_000_000_000 }
  return UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
}
