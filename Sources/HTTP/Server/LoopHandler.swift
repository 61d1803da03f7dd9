internal import Transport

/// Answers requests. There is one per loop, confined to its thread, so it may keep parsers and buffers without a lock.
public protocol LoopHandler: AnyObject {
  /// Answers now, or keeps the responder and returns nil.
  ///
  /// It must not block: every connection of the loop waits for it.
  /// - Parameter responder: makes what answers later. Made only if asked for; ask only when returning nil.
  func handle(_ request: borrowing HTTPRequest, _ responder: @autoclosure () -> Responder) -> HTTPResponse?
}

/// Answers one request later, from any thread, exactly once.
///
/// A connection that is gone by then, or a request that was cancelled, is no error: the answer is dropped.
public struct Responder: Sendable {
  let loop: EventLoop
  let connection: SourceID
  let stream: StreamID

  /// Runs tasks on the loop's thread, where answering costs least. They must not block.
  public var executor: any TaskExecutor { loop }

  /// Sends the answer.
  public func respond(_ response: HTTPResponse) {
    loop.execute { [connection, stream] reactor in
      guard let connection = reactor.connection(connection) else { return }
      (connection.handler as? ServerConnection)?.answer(response, to: stream)
    }
  }
}
