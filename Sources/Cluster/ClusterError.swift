/// Why a `ClusterStore` did not do what it was asked. Every message is a sentence for people, without a final stop.
public enum ClusterError: Error, Hashable, Sendable, CustomStringConvertible {
  /// 404: no such object, or no such resource.
  case notFound(String)
  /// 409 AlreadyExists: the name is taken.
  case alreadyExists(String)
  /// 409 Conflict: the object is no longer what the write was conditional on. Read again and decide again.
  case conflict(String)
  /// 410: the version is older than what is remembered. List again.
  case gone(String)
  /// 400, 413, 415 or 422: the object or the request is wrong, and would be again.
  case invalid(String)
  /// 401: the credentials are not accepted.
  case unauthorized(String)
  /// 403: the credentials are not enough, or admission refused.
  case forbidden(String)
  /// 429: later, and not before `retryAfter` if it was told.
  case tooManyRequests(retryAfter: Duration?)
  /// No answer in time; whether a write was done is unknown.
  case timeout(String)
  /// Out of reach or broken for now: no connection, a 5xx, a full disk.
  case unavailable(String)
  /// An answer that could not be understood.
  case malformed(String)
  /// The calling task was cancelled; whether a write was done is unknown.
  case cancelled

  /// The message.
  public var description: String {
    switch self {
    case .notFound(let text), .alreadyExists(let text), .conflict(let text), .gone(let text),
      .invalid(let text), .unauthorized(let text), .forbidden(let text), .timeout(let text),
      .unavailable(let text), .malformed(let text):
      text
    case .tooManyRequests(let retryAfter):
      if let retryAfter { "too many requests; retry after \(retryAfter)" } else { "too many requests" }
    case .cancelled: "cancelled"
    }
  }
}
