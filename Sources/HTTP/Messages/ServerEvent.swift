/// Names one request of one connection: its stream in HTTP/2, its number in HTTP/1.1.
public struct StreamID: Hashable, Sendable {
  let rawValue: Int32

  init(_ rawValue: Int32) { self.rawValue = rawValue }
}

/// What a server's machine has understood of the bytes it was given.
public enum ServerEvent: Sendable {
  /// A whole request. It is answered exactly once, by `respond(_:to:now:)`, now or later.
  case request(StreamID, HTTPRequest)
  /// A request or the connection was refused, and answered as far as it can be: only to be counted.
  case refused(Refusal, closes: Bool)
}
