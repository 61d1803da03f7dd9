/// The protocol a message travelled in. HTTP/1.0 requests are read and answered, and count as HTTP/1.1.
public enum HTTPVersion: Sendable, Equatable {
  case http1_1
  case http2
}

/// A request method (RFC 9110 §9); case matters.
public enum HTTPMethod: Sendable, Equatable, CustomStringConvertible {
  case get, head, post, put, patch, delete, options
  case other(String)

  init(_ bytes: UnsafeRawBufferPointer) {
    switch bytes.count {
    case 3 where ASCII.equal(bytes, "GET"): self = .get
    case 3 where ASCII.equal(bytes, "PUT"): self = .put
    case 4 where ASCII.equal(bytes, "POST"): self = .post
    case 4 where ASCII.equal(bytes, "HEAD"): self = .head
    case 5 where ASCII.equal(bytes, "PATCH"): self = .patch
    case 6 where ASCII.equal(bytes, "DELETE"): self = .delete
    case 7 where ASCII.equal(bytes, "OPTIONS"): self = .options
    default: self = .other(String(decoding: bytes, as: UTF8.self))
    }
  }

  /// As it stands in a request.
  public var description: String {
    switch self {
    case .get: "GET"
    case .head: "HEAD"
    case .post: "POST"
    case .put: "PUT"
    case .patch: "PATCH"
    case .delete: "DELETE"
    case .options: "OPTIONS"
    case .other(let name): name
    }
  }
}

/// A whole request: what a handler gets, and what a client sends.
public struct HTTPRequest: Sendable, Equatable {
  /// What is to be done.
  public var method: HTTPMethod
  /// As sent, still percent-encoded, without the query; begins with `/`, or is `*`.
  public var path: String
  /// What stands behind the first `?`, as sent; empty when there is none.
  public var query: String
  /// Without HTTP/2's pseudo-headers; `:authority` stands here as `host`.
  public var headers: HTTPHeaders
  /// Whole, without transfer coding.
  public var body: [UInt8]
  /// What the request travelled in.
  public var version: HTTPVersion

  /// A request made of its parts. A client's authority is its connection's and stands in no header here.
  public init(
    method: HTTPMethod, path: String, query: String = "", headers: HTTPHeaders = HTTPHeaders(),
    body: [UInt8] = [], version: HTTPVersion = .http1_1
  ) {
    self.method = method
    self.path = path
    self.query = query
    self.headers = headers
    self.body = body
    self.version = version
  }
}

/// Path and query of a request target.
struct RequestTarget {
  let path: String
  let query: String

  init(path: String, query: String) {
    self.path = path
    self.query = query
  }

  /// Splits at the first question mark; `target` holds visible ASCII alone.
  init(_ target: UnsafeRawBufferPointer) {
    let mark = target.firstIndex(of: ASCII.questionMark) ?? target.count
    path = String(decoding: ASCII.slice(target, 0, mark), as: UTF8.self)
    query =
      mark < target.count
      ? String(decoding: ASCII.slice(target, mark + 1, target.count), as: UTF8.self) : ""
  }

  /// Whether every byte may stand in a target: visible ASCII, and no fragment.
  static func isValid(_ target: UnsafeRawBufferPointer) -> Bool {
    var bad = target.isEmpty
    for byte in target { bad = bad || byte <= 0x20 || byte >= 0x7F || byte == 0x23 }
    return !bad
  }
}
