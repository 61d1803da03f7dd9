/// One request and its response, on the client's side of an HTTP/2 connection.
final class HTTP2ClientStream {
  /// Given by the session when the request is queued.
  var id: Int32 = 0
  var index = 0
  let body: [UInt8]
  var sent = 0

  var status = 0
  var headers = HTTPHeaders()
  var headerBytes = 0
  var hasHead = false
  /// Nothing more is told of it: its end was told, or the caller lost interest.
  var isSilent = false
  var failure: StreamFailure?
  /// Body bytes that were told and not used yet.
  var unconsumed = 0
  var isClosed = false

  init(body: [UInt8]) { self.body = body }

  /// False: the header is above the limits or has no proper status.
  func add(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, limits: HTTPClientLimits) -> Bool
  {
    if name.first == ASCII.colon {
      status = ASCII.decimal(value) ?? 0
      return status >= 100 && status <= 599
    }
    headerBytes += name.count + value.count + 32
    guard headerBytes <= limits.headerBytes, headers.count < limits.headerCount else { return false }
    headers.append(name: name, value: value)
    return true
  }
}
