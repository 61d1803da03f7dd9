/// A whole response: what a handler gives. The machines add the length and what the connection needs.
public struct HTTPResponse: Sendable {
  /// 200…599.
  public var status: Int
  /// Empty: no `content-type` is sent.
  public var contentType: String
  /// Sent as they are, behind the others. Control characters in them become spaces.
  public var extraHeaders: [(String, String)]
  /// Left out on the wire when the request was HEAD; its length is told all the same.
  public var body: [UInt8]

  /// The usual content type.
  public static let json = "application/json"

  /// A response made of its parts.
  public init(
    status: Int, contentType: String = HTTPResponse.json, extraHeaders: [(String, String)] = [],
    body: [UInt8] = []
  ) {
    precondition((200...599).contains(status), "a final status is expected")
    self.status = status
    self.contentType = contentType
    self.extraHeaders = extraHeaders
    self.body = body
  }

  /// A sentence as plain text, for people.
  init(status: Int, text: StaticString) {
    var body: [UInt8] = []
    body.append(text: text)
    body.append(ASCII.lineFeed)
    self.init(status: status, contentType: "text/plain; charset=utf-8", body: body)
  }

  /// Whether the content type can stand in a field as it is.
  var hasSoundType: Bool {
    contentType == Self.json || contentType.utf8.allSatisfy(ASCII.isFieldValue)
  }

  /// Whether a message with this status may carry a body (RFC 9110 §6.4.1).
  var mayHaveBody: Bool { status != 204 && status != 304 }
}

/// The reason phrase of a status, for HTTP/1.1's first line.
func reasonPhrase(_ status: Int) -> StaticString {
  switch status {
  case 200: "OK"
  case 201: "Created"
  case 202: "Accepted"
  case 204: "No Content"
  case 304: "Not Modified"
  case 400: "Bad Request"
  case 401: "Unauthorized"
  case 403: "Forbidden"
  case 404: "Not Found"
  case 405: "Method Not Allowed"
  case 408: "Request Timeout"
  case 409: "Conflict"
  case 413: "Content Too Large"
  case 415: "Unsupported Media Type"
  case 417: "Expectation Failed"
  case 422: "Unprocessable Content"
  case 429: "Too Many Requests"
  case 431: "Request Header Fields Too Large"
  case 500: "Internal Server Error"
  case 501: "Not Implemented"
  case 503: "Service Unavailable"
  case 504: "Gateway Timeout"
  default: "Status"
  }
}
