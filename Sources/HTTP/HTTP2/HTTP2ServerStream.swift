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
  var index = 0
  var phase = Phase.header
  /// When the present phase began.
  var phaseStart: UInt64

  var method = HTTPMethod.get
  var target = RequestTarget(path: "", query: "")
  var headers = HTTPHeaders()
  var headerBytes = 0
  var contentLength: Int?
  var expectsContinue = false
  /// What is wrong with it, found before its header was complete.
  var fault: Refusal?
  var body: [UInt8] = []
  /// The request's body bytes that the connection's account holds for this stream.
  var accountedBytes = 0

  var answer: [UInt8] = []
  var sent = 0
  /// The peer is told to stop sending once the answer is out.
  var resetsWhenAnswered = false
  /// Ended by the peer's RST_STREAM, or by one of ours that is not the peer's fault.
  var resetIsCounted = false

  init(id: Int32, now: UInt64) {
    self.id = id
    phaseStart = now
  }

  /// The name and value of one field; `total` and `count` bound all of them together.
  func add(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, limits: HTTPLimits) {
    // RFC 9113 §6.5.2: each field counts 32 bytes more than its text.
    headerBytes += name.count + value.count + 32
    guard headerBytes <= limits.headerBytes, headers.count < limits.headerCount else {
      fault = .headerTooLarge
      headers = HTTPHeaders()
      return
    }
    guard fault == nil else { return }
    if name.first == ASCII.colon {
      addPseudo(name, value)
      return
    }
    switch name.count {
    case 6 where ASCII.equal(name, "expect"):
      expectsContinue = ASCII.equalIgnoringCase(value, "100-continue")
      if !expectsContinue { fault = .expectationFailed }
    case 14 where ASCII.equal(name, "content-length"): contentLength = ASCII.decimal(value)
    default: break
    }
    headers.append(name: name, value: value)
  }

  private func addPseudo(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
    switch name.count {
    case 5 where ASCII.equal(name, ":path"):
      guard RequestTarget.isValid(value) else {
        fault = .badRequest
        return
      }
      target = RequestTarget(value)
    case 7 where ASCII.equal(name, ":method"): method = HTTPMethod(value)
    case 10 where ASCII.equal(name, ":authority"):
      "host".utf8.withContiguousStorageIfAvailable {
        headers.append(name: UnsafeRawBufferPointer($0), value: value)
      }
    default: break
    }
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
