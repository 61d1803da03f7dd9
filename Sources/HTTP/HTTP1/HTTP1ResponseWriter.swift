/// Writes whole responses in HTTP/1.1's form straight into the output of a connection.
enum HTTP1ResponseWriter {
  /// Appends header and body. `close` tells the client that this is the connection's last answer.
  static func write(
    _ response: borrowing HTTPResponse, withoutBody: Bool, close: Bool, to output: inout [UInt8]
  ) {
    output.reserveCapacity(output.count + 256 + (withoutBody ? 0 : response.body.count))
    if response.status == 200 {
      output.append(text: "HTTP/1.1 200 OK\r\n")
    } else {
      output.append(text: "HTTP/1.1 ")
      output.append(decimal: response.status)
      output.append(ASCII.space)
      output.append(text: reasonPhrase(response.status))
      output.append(text: "\r\n")
    }
    if !response.contentType.isEmpty {
      output.append(text: "content-type: ")
      append(value: response.contentType, to: &output)
      output.append(text: "\r\n")
    }
    if response.mayHaveBody {
      output.append(text: "content-length: ")
      output.append(decimal: response.body.count)
      output.append(text: "\r\n")
    }
    for (name, value) in response.extraHeaders {
      append(value: name, to: &output)
      output.append(text: ": ")
      append(value: value, to: &output)
      output.append(text: "\r\n")
    }
    output.append(text: close ? "connection: close\r\n\r\n" : "\r\n")
    if !withoutBody, response.mayHaveBody { output.append(contentsOf: response.body) }
  }

  /// Appends text that must not end its line early.
  private static func append(value: String, to output: inout [UInt8]) {
    let start = output.count
    output.append(contentsOf: value.utf8)
    for index in start..<output.count where !ASCII.isFieldValue(output[index]) { output[index] = ASCII.space }
  }
}
