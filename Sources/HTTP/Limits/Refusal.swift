/// Why a request or a whole connection was refused; the raw value is the label of its counter.
public enum Refusal: String, CaseIterable, Sendable, Error {
  // One request was wrong.
  /// Not HTTP, or HTTP that two readers could understand differently.
  case badRequest = "bad_request"
  /// The body is, or says it will be, above the limit.
  case bodyTooLarge = "body_too_large"
  /// Header bytes or header count above the limit.
  case headerTooLarge = "header_too_large"
  /// An `Expect` other than `100-continue`.
  case expectationFailed = "expectation_failed"
  /// HTTP/2: the connection's requests together hold too many bytes, or too many cancelled ones are still at work.
  case connectionBusy = "connection_busy"

  // The peer was too slow.
  /// The header, or HTTP/2's preface, did not come in time.
  case slowHeader = "slow_header"
  /// The body did not come in time or above the minimum rate.
  case slowBody = "slow_body"
  /// The peer does not take the answer.
  case slowReader = "slow_reader"
  /// Nothing was asked for a long time. No fault of the peer's.
  case idle = "idle"

  // The peer floods us.
  /// Streams opened and reset, by the peer or through its faults.
  case resetFlood = "reset_flood"
  /// More CONTINUATION frames than a header can need.
  case continuationFlood = "continuation_flood"
  /// Frames that carry no work: SETTINGS, PING, PRIORITY, WINDOW_UPDATE, empty DATA, unknown ones.
  case controlFlood = "control_flood"
  /// Requests sent ahead of their predecessors' answers, beyond what is kept.
  case pipelineOverflow = "pipeline_overflow"
  /// A breach of HTTP/2's framing that ends the connection.
  case protocolError = "protocol_error"

  // Told by the server on top, not by the machines.
  /// Too many connections are open.
  case connectionLimit = "connection_limit"
  /// The TLS handshake failed.
  case tlsHandshake = "tls_handshake"
  /// No descriptor, or no memory, was left for the connection.
  case outOfDescriptors = "out_of_descriptors"
  /// The handler did not answer in time.
  case unanswered = "unanswered"

  /// The answer a refused request gets, when there is still somebody to read it.
  var response: HTTPResponse {
    switch self {
    case .bodyTooLarge: HTTPResponse(status: 413, text: "The request body is above the limit.")
    case .headerTooLarge: HTTPResponse(status: 431, text: "The request header is above the limit.")
    case .expectationFailed: HTTPResponse(status: 417, text: "Only 100-continue can be expected.")
    case .slowHeader, .slowBody: HTTPResponse(status: 408, text: "The request did not come in time.")
    case .connectionBusy: HTTPResponse(status: 503, text: "The connection holds too much work already.")
    default: HTTPResponse(status: 400, text: "The request is not well-formed HTTP.")
    }
  }
}
