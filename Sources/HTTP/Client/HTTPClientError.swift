/// Why a request has no response, or only a part of one.
public enum HTTPClientError: Error, Sendable, Equatable, CustomStringConvertible {
  /// There is no connection to be had: the sentence says why. The server has seen nothing of the request.
  case unreachable(String)
  /// The connection was lost on the way: the sentence says how. Whether the server acted on the request is unknown.
  case connectionLost(String)
  /// HTTP/2: the server ended the stream with this code (RFC 9113 §7).
  case reset(UInt32)
  /// What came is no proper response.
  case badResponse
  /// The body is larger than `HTTPClientConfiguration.maximumResponseBytes`.
  case responseTooLarge
  /// The deadline passed. Whether the server acted on the request is unknown.
  case deadlineExceeded
  /// The calling task was cancelled.
  case cancelled
  /// Too many requests are under way already.
  case overloaded
  /// The client was closed.
  case closed

  /// A sentence without a full stop.
  public var description: String {
    switch self {
    case .unreachable(let reason), .connectionLost(let reason): reason
    case .reset(let code): "the server ended the request with HTTP/2 error code \(code)"
    case .badResponse: "the server's response breaks the protocol"
    case .responseTooLarge: "the response is too large"
    case .deadlineExceeded: "no answer in time"
    case .cancelled: "cancelled"
    case .overloaded: "too many requests are under way"
    case .closed: "the client is closed"
    }
  }

  init(_ failure: StreamFailure, connection sentence: String) {
    switch failure {
    // Only after it was tried again.
    case .refused: self = .unreachable("the server takes no requests now")
    case .reset(let code): self = .reset(code)
    case .connectionLost: self = .connectionLost(sentence)
    case .badResponse: self = .badResponse
    }
  }
}
