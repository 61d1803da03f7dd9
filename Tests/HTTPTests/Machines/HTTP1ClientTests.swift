import Testing

@testable import HTTP

@Suite struct `HTTP/1.1 client` {
  /// Events as text: the data of one response joined.
  static func events(_ client: HTTP1ClientConnection) -> [String] {
    var result: [String] = []
    var body = ""
    while let event = client.nextEvent() {
      switch event {
      case .head(_, let status, let headers): result.append("head \(status) \(headers.count)")
      case .data(_, let bytes): body += String(decoding: bytes, as: UTF8.self)
      case .end: result.append("end \(body)")
      case .reset(_, let failure): result.append("reset \(failure) \(body)")
      case .goAway: result.append("goaway")
      }
    }
    return result
  }

  static func receive(_ client: HTTP1ClientConnection, _ text: some Collection<UInt8>) {
    Array(text).withUnsafeBytes { client.receive($0, now: 0) }
  }

  static func started(_ method: HTTPMethod = .get) -> HTTP1ClientConnection {
    let client = HTTP1ClientConnection(authority: "api:6443", now: 0)
    _ = client.send(HTTPRequest(method: method, path: "/a"), now: 0)
    return client
  }

  @Test func `writes a request, and keeps the connection's own fields to itself`() {
    let client = HTTP1ClientConnection(authority: "api:6443", now: 0)
    let stream = client.send(
      HTTPRequest(
        method: .post, path: "/apis", query: "watch=1",
        headers: HTTPHeaders([
          ("Accept", "application/json"), ("Host", "evil"), ("Content-Length", "99"), ("X", "a\r\nb: c"),
          ("Transfer-Encoding", "chunked"),
        ]), body: Array("{}".utf8)), now: 0)
    #expect(stream != nil)
    #expect(
      client.withOutput { String(decoding: $0, as: UTF8.self) }
        == "POST /apis?watch=1 HTTP/1.1\r\nhost: api:6443\r\naccept: application/json\r\nx: a  b: c\r\ncontent-length: 2\r\n\r\n{}"
    )
    #expect(!client.hasOutput && !client.canSend && client.openStreams == 1)
    #expect(client.send(HTTPRequest(method: .get, path: "/"), now: 0) == nil)
  }

  private static let responses: [(String, [String], Bool)] = [
    ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", ["head 200 1", "end hello"], true),
    ("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", ["head 200 1", "end "], true),
    ("HTTP/1.1 204 No Content\r\n\r\n", ["head 204 0", "end "], true),
    ("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", ["head 304 1", "end "], true),
    (
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: t\r\n\r\n",
      ["head 200 1", "end abcde"], true
    ),
    ("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", ["head 200 2", "end ok"], false),
    ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", ["head 200 1", "end ok"], false),
    ("HTTP/1.1 200 OK\r\n\r\nuntil the end", ["head 200 0", "end until the end"], false),
    (
      "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", ["head 200 1", "reset connectionLost short"], false
    ),
    (
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
      ["head 200 1", "reset connectionLost abc"], false
    ),
    ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n", ["reset badResponse "], false),
    (
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", ["reset badResponse "],
      false
    ),
    ("HTTP/1.1 101 Switching Protocols\r\n\r\n", ["reset badResponse "], false),
    ("HTTP/1.1 99 What\r\n\r\n", ["reset badResponse "], false),
    ("HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", ["reset badResponse "], false),
    ("SSH-2.0-OpenSSH\r\n", ["reset badResponse "], false),
    (
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", ["head 200 1", "reset badResponse "],
      false
    ),
    ("", ["reset connectionLost "], false),
  ]

  @Test(arguments: responses)
  func `reads a response, wherever the bytes are cut`(_ text: String, _ expected: [String], staysOpen: Bool) {
    let bytes = Array(text.utf8)
    for cut in 0...bytes.count {
      let client = Self.started()
      Self.receive(client, bytes[..<cut])
      Self.receive(client, bytes[cut...])
      #expect(client.canSend == staysOpen)
      client.receiveEnd()
      #expect(Self.events(client) == expected, "cut at \(cut)")
      #expect(client.wantsClose)
    }
    let single = Self.started()
    for byte in bytes { Self.receive(single, [byte]) }
    single.receiveEnd()
    #expect(Self.events(single) == expected)
  }

  @Test func `one request follows another`() {
    let client = Self.started()
    Self.receive(client, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1".utf8)
    #expect(Self.events(client) == ["head 200 1", "end 1"])
    #expect(client.send(HTTPRequest(method: .head, path: "/"), now: 0) != nil)
    Self.receive(client, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n".utf8)
    #expect(Self.events(client) == ["head 200 1", "end "])
    #expect(client.canSend)
  }

  @Test func `bytes nobody asked for end the connection`() {
    let client = Self.started()
    Self.receive(client, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1HTTP/1.1 200 OK\r\n".utf8)
    #expect(Self.events(client) == ["head 200 1", "end 1"])
    #expect(client.wantsClose && !client.canSend)
  }

  @Test func `cancelling ends the connection in silence`() {
    let client = HTTP1ClientConnection(authority: "a", now: 0)
    guard let stream = client.send(HTTPRequest(method: .get, path: "/"), now: 0) else { return }
    Self.receive(client, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n1".utf8)
    client.cancel(stream)
    #expect(Self.events(client).isEmpty && client.wantsClose && client.openStreams == 0)
  }

  @Test func `cancelling what is complete keeps the connection, in silence too`() {
    let client = HTTP1ClientConnection(authority: "a", now: 0)
    guard let stream = client.send(HTTPRequest(method: .get, path: "/"), now: 0) else { return }
    Self.receive(client, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello".utf8)
    client.cancel(stream)
    #expect(Self.events(client).isEmpty && client.canSend)
  }

  @Test func `asks for no more while its reader is behind`() {
    let client = HTTP1ClientConnection(authority: "a", now: 0)
    guard let stream = client.send(HTTPRequest(method: .get, path: "/"), now: 0) else { return }
    Self.receive(client, "HTTP/1.1 200 OK\r\n\r\n".utf8)
    Self.receive(client, [UInt8](repeating: 1, count: 1 << 20))
    #expect(!client.wantsInput)
    client.consume(1, of: stream)
    #expect(client.wantsInput)
  }

  @Test func `draining waits for the response at work`() {
    let client = Self.started()
    client.startDraining()
    #expect(!client.wantsClose)
    Self.receive(client, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1".utf8)
    #expect(client.wantsClose && Self.events(client) == ["head 200 1", "end 1"])
  }

  @Test func `speaks with the server's machine`() {
    let server = ServerExchange()
    let client = HTTP1ClientConnection(authority: "api:6443", now: 0)
    for index in 0..<10 {
      _ = client.send(HTTPRequest(method: .put, path: "/\(index)", body: Array("body".utf8)), now: 0)
      let before = server.output.count
      client.withOutput { server.receive(Array($0)) }
      Self.receive(client, server.output[before...])
      #expect(Self.events(client) == ["head 200 2", "end PUT /\(index)"])
    }
  }
}
