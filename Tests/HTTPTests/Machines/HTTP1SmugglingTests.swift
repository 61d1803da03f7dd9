import Testing

@testable import HTTP

/// Requests two readers could understand differently: each is answered with 400, nothing of it reaches a handler, and
/// nothing behind it is read.
@Suite struct `HTTP/1.1 server refuses what could smuggle a request` {
  static let rest = "\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

  @Test(arguments: [
    ("length and coding", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
    ("coding and length", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
    ("two lengths", "Content-Length: 5\r\nContent-Length: 6\r\n"),
    ("the same length twice", "Content-Length: 5\r\nContent-Length: 5\r\n"),
    ("a list of lengths", "Content-Length: 5, 5\r\n"),
    ("a signed length", "Content-Length: +5\r\n"),
    ("a negative length", "Content-Length: -1\r\n"),
    ("an empty length", "Content-Length:\r\n"),
    ("a length in hexadecimal", "Content-Length: 0x5\r\n"),
    ("a length with a space inside", "Content-Length: 1 0\r\n"),
    ("a length beyond 64 bits", "Content-Length: 18446744073709551621\r\n"),
    ("another coding", "Transfer-Encoding: gzip, chunked\r\n"),
    ("an unknown coding", "Transfer-Encoding: xchunked\r\n"),
    ("identity", "Transfer-Encoding: identity\r\n"),
    ("the coding twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
    ("the coding twice in a list", "Transfer-Encoding: chunked, chunked\r\n"),
    ("the coding with a vertical tab", "Transfer-Encoding: \u{0B}chunked\r\n"),
    ("the coding with a parameter", "Transfer-Encoding: chunked;q=1\r\n"),
    ("an empty coding", "Transfer-Encoding:\r\n"),
    ("a space before the colon", "Transfer-Encoding : chunked\r\n"),
    ("a tab before the colon", "Content-Length\t: 5\r\n"),
    ("a folded line", "X: y\r\n Transfer-Encoding: chunked\r\n"),
    ("a folded line by tab", "X: y\r\n\tz\r\n"),
    ("a folded first line", " X: y\r\n"),
    ("a bare line feed", "X: y\nTransfer-Encoding: chunked\r\n"),
    ("a bare carriage return", "X: y\rTransfer-Encoding: chunked\r\n"),
    ("a doubled carriage return", "X: y\r\r\n"),
    ("a NUL in a value", "X: a\0b\r\n"),
    ("a NUL in a name", "X\0: a\r\n"),
    ("a delete character", "X: a\u{7F}b\r\n"),
    ("a line without a colon", "garbage\r\n"),
    ("a field without a name", ": x\r\n"),
    ("a name in brackets", "X[a]: y\r\n"),
    ("a name above ASCII", "X\u{E9}: y\r\n"),
    ("a second host", "Host: b\r\n"),
  ])
  func `in its fields`(_ name: String, _ fields: String) {
    let exchange = ServerExchange()
    exchange.receive("POST / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n0\r\n\(Self.rest)")
    #expect(exchange.events == ["refused bad_request, closes"], "\(name)")
    #expect(exchange.statuses == [400])
    #expect(exchange.conversation.wantsClose)
    exchange.receive(Self.rest)
    #expect(exchange.requests.isEmpty)
  }

  @Test(arguments: [
    "GET /\r\n", "GET / \r\n", "GET  / HTTP/1.1\r\n", "GET /  HTTP/1.1\r\n", " GET / HTTP/1.1\r\n",
    "GET / HTTP/1.1 \r\n", "GET /\tHTTP/1.1\r\n", "GET / HTTP/2.0\r\n", "GET / HTTP/1.x\r\n",
    "GET / http/1.1\r\n",
    "GET / HTTP/1.10\r\n", "GET / HTTP/01.1\r\n", "G(T / HTTP/1.1\r\n", "G\u{E9}T / HTTP/1.1\r\n",
    "GET /a b HTTP/1.1\r\n", "GET /\0 HTTP/1.1\r\n", "GET /\u{E9} HTTP/1.1\r\n", "GET /a#b HTTP/1.1\r\n",
    "GET path HTTP/1.1\r\n", "GET * HTTP/1.1\r\n", "CONNECT host:443 HTTP/1.1\r\n",
    "GET http:///x HTTP/1.1\r\n",
    "GET ftp://host/x HTTP/1.1\r\n", " HTTP/1.1\r\n", "\n", "\r\n\r\nGET / HTTP/1.1\r\n", "GET / HTTP/1.1\n",
    "PRI * HTTP/2.0\r\n", "\u{16}\u{3}\u{1}\u{2}\n", "AMETHODWHICHISLONGERTHANANYREALONE / HTTP/1.1\r\n",
  ])
  func `in its first line`(_ line: String) {
    let exchange = ServerExchange()
    exchange.receive(line + "Host: a\r\n\r\n" + Self.rest)
    #expect(exchange.events == ["refused bad_request, closes"])
    #expect(exchange.statuses == [400])
    #expect(exchange.requests.isEmpty)
  }

  @Test(arguments: [
    "", "Host: a b\r\n", "Host: a/b\r\n", "Host: a@b\r\n", "Host: a, b\r\n", "Host: a\r\nHost: a\r\n",
  ])
  func `in its host`(_ fields: String) {
    let exchange = ServerExchange()
    exchange.receive("GET / HTTP/1.1\r\n\(fields)\r\n" + Self.rest)
    #expect(exchange.events == ["refused bad_request, closes"])
  }

  @Test(arguments: [
    "x\r\n", "\r\n", ";a\r\n", "-5\r\n", "+5\r\n", "0x5\r\n", " 5\r\nhello\r\n", "5 \r\nhello\r\n",
    "5\nhello\r\n",
    "5\r\nhello0\r\n\r\n", "5\r\nhello\n0\r\n\r\n", "5;a\nb\r\nhello\r\n", "5;a\rb\r\nhello\r\n",
    "5;\0\r\nhello\r\n",
    "0000000000000005\r\n", "ffffffffffffffff\r\n", "0\r\nX: a\nb\r\n\r\n", "0\r\nX\0: a\r\n\r\n",
    "0\r\n\rX\r\n",
    "5\r\nhello\r\r\n",
  ])
  func `in its chunks`(_ chunks: String) {
    let exchange = ServerExchange()
    exchange.receive("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + Self.rest)
    #expect(exchange.events == ["refused bad_request, closes"])
    #expect(exchange.requests.isEmpty)
  }

  @Test func `in a coding that HTTP/1.0 does not have`() {
    let exchange = ServerExchange()
    exchange.receive("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + Self.rest)
    #expect(exchange.events == ["refused bad_request, closes"])
  }

  @Test func `in extensions and trailers without end`() {
    let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    let extensions = ServerExchange()
    extensions.receive(
      head + String(repeating: "1;" + String(repeating: "x", count: 200) + "\r\nx\r\n", count: 6))
    #expect(extensions.events == ["refused bad_request, closes"])
    let trailers = ServerExchange()
    trailers.receive(head + "0\r\n" + String(repeating: "X: y\r\n", count: 4_000))
    #expect(trailers.events == ["refused header_too_large, closes"])
  }
}
