/// The header of the request that is coming in. There is one per connection, since header blocks cannot be interleaved
/// (RFC 9113 §4.3).
struct HTTP2RequestBuilder {
  private(set) var method = HTTPMethod.get
  private(set) var target = RequestTarget(path: "", query: "")
  private(set) var headers = HTTPHeaders()
  private(set) var contentLength: Int?
  private(set) var expectsContinue = false
  /// What is wrong with it.
  private(set) var fault: Refusal?
  private var size = 0

  /// Room for an ordinary request's fields.
  init() { headers.reserve(bytes: 256) }

  /// One field, its name in lower case. Malformed names, values and pseudo-fields do not come here: nghttp2 refuses them.
  mutating func add(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, limits: HTTPLimits) {
    // RFC 9113 §6.5.2: each field counts 32 bytes more than its text.
    size += name.count + value.count + 32
    guard fault != .headerTooLarge, size <= limits.headerBytes, headers.count < limits.headerCount else {
      fault = .headerTooLarge
      headers = HTTPHeaders()
      return
    }
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
    headers.append(lowercaseName: name, value: value)
  }

  private mutating func addPseudo(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
    switch name.count {
    case 5 where ASCII.equal(name, ":path"):
      guard RequestTarget.isValid(value) else {
        fault = .badRequest
        return
      }
      target = RequestTarget(value)
    case 7 where ASCII.equal(name, ":method"): method = HTTPMethod(value)
    case 10 where ASCII.equal(name, ":authority"):
      let host: StaticString = "host"
      headers.append(lowercaseName: UnsafeRawBufferPointer(start: host.utf8Start, count: 4), value: value)
    default: break
    }
  }
}
