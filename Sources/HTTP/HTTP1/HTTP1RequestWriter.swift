/// Writes requests in HTTP/1.1's form straight into the output of a connection.
enum HTTP1RequestWriter {
  /// Appends header and body.
  static func write(_ request: borrowing HTTPRequest, authority: String, to output: inout [UInt8]) {
    output.reserveCapacity(output.count + 512 + request.body.count)
    append(request.method.description, to: &output)
    output.append(ASCII.space)
    append(request.path, to: &output)
    if !request.query.isEmpty {
      output.append(ASCII.questionMark)
      append(request.query, to: &output)
    }
    output.append(text: " HTTP/1.1\r\nhost: ")
    append(authority, to: &output)
    output.append(text: "\r\n")
    request.headers.forEachField { name, value in
      guard !isConnectionField(name) else { return }
      output.append(contentsOf: name)
      output.append(text: ": ")
      for byte in value { output.append(ASCII.isFieldValue(byte) ? byte : ASCII.space) }
      output.append(text: "\r\n")
    }
    if expectsBody(request.method) || !request.body.isEmpty {
      output.append(text: "content-length: ")
      output.append(decimal: request.body.count)
      output.append(text: "\r\n")
    }
    output.append(text: "\r\n")
    output.append(contentsOf: request.body)
  }

  /// Fields that are the connection's business, not the request's (RFC 9113 §8.2.2), and the length, which is counted.
  static func isConnectionField(_ name: UnsafeRawBufferPointer) -> Bool {
    switch name.count {
    case 2: ASCII.equal(name, "te")
    case 4: ASCII.equal(name, "host")
    case 7: ASCII.equal(name, "upgrade")
    case 10: ASCII.equal(name, "connection") || ASCII.equal(name, "keep-alive")
    case 14: ASCII.equal(name, "content-length")
    case 16: ASCII.equal(name, "proxy-connection")
    case 17: ASCII.equal(name, "transfer-encoding")
    default: false
    }
  }

  private static func expectsBody(_ method: HTTPMethod) -> Bool {
    switch method {
    case .post, .put, .patch: true
    default: false
    }
  }

  /// Control characters and spaces cannot end the line or split it.
  private static func append(_ text: String, to output: inout [UInt8]) {
    for byte in text.utf8 { output.append(byte > ASCII.space && byte != 0x7F ? byte : 0x5F) }
  }
}
