/// One request and its answer, on the server's side of an HTTP/2 connection.
final class HTTP2ServerStream {
  enum Phase {
    /// Its fields are coming in.
    case header
    /// Its body is coming in.
    case body
    /// Whole, and waiting to be taken.
    case queued
    /// In the handler's hands.
    case working
    /// Answered; the answer is going out.
    case answering
    case closed
  }

  let id: Int32
  /// Where it stands among its connection's streams.
  var index: Int
  var phase = Phase.header
  /// When the present phase began.
  var phaseStart: UInt64

  var method = HTTPMethod.get
  var target = RequestTarget(path: "", query: "")
  var headers = HTTPHeaders()
  var body: [UInt8] = []
  /// The request's body bytes that the connection's account holds for this stream.
  var accountedBytes = 0

  var answer: [UInt8] = []
  var sent = 0
  /// The peer is told to stop sending once the answer is out.
  var resetsWhenAnswered = false
  /// Ended by the peer's RST_STREAM, or by one of ours that is not the peer's fault.
  var resetIsCounted = false

  init(id: Int32, index: Int, now: UInt64) {
    self.id = id
    self.index = index
    phaseStart = now
  }

  /// The request, whole. Taken once: body and headers leave the stream.
  func takeRequest() -> HTTPRequest {
    let request = HTTPRequest(
      method: method, path: target.path, query: target.query, headers: headers, body: body, version: .http2)
    headers = HTTPHeaders()
    body = []
    return request
  }
}
