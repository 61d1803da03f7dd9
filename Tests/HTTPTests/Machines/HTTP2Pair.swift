@testable import HTTP

/// A client's machine and a server's machine that talk in memory.
final class HTTP2Pair {
  let client: HTTP2ClientConnection
  let server: ServerExchange
  private(set) var events: [String] = []
  private(set) var bodies: [StreamID: [UInt8]] = [:]
  private var serverBytesRead = 0
  /// Tells the peer that body bytes are used as soon as they come.
  var consumes = true
  var now: UInt64 { server.now }

  init(limits: HTTPLimits = HTTPLimits(), clientLimits: HTTPClientLimits = HTTPClientLimits()) {
    server = ServerExchange(.http2, limits: limits)
    client = HTTP2ClientConnection(limits: clientLimits, authority: "webhook:5722", now: server.now)
  }

  @discardableResult
  func send(_ method: HTTPMethod, _ path: String, body: [UInt8] = [], headers: [(String, String)] = [])
    -> StreamID?
  {
    client.send(
      HTTPRequest(method: method, path: path, headers: HTTPHeaders(headers), body: body, version: .http2),
      now: now)
  }

  /// Carries bytes both ways until neither side has any.
  func settle() {
    var moved = true
    while moved {
      moved = false
      while client.hasOutput {
        moved = true
        let bytes = client.withOutput { Array($0) }
        server.receive(bytes)
      }
      server.settle()
      if server.output.count > serverBytesRead {
        moved = true
        let bytes = Array(server.output[serverBytesRead...])
        serverBytesRead = server.output.count
        bytes.withUnsafeBytes { client.receive($0, now: now) }
      }
      takeEvents()
    }
  }

  func takeEvents() {
    while let event = client.nextEvent() {
      switch event {
      case .head(let stream, let status, _): events.append("\(stream.rawValue) head \(status)")
      case .data(let stream, let bytes):
        bodies[stream, default: []] += bytes
        if consumes { client.consume(bytes.count, of: stream) }
      case .end(let stream): events.append("\(stream.rawValue) end")
      case .reset(let stream, let failure): events.append("\(stream.rawValue) \(failure)")
      case .goAway: events.append("goaway")
      }
    }
  }

  func body(_ stream: StreamID?) -> String {
    stream.map { String(decoding: bodies[$0] ?? [], as: UTF8.self) } ?? "no stream"
  }
}

/// HTTP/2 frames by hand, for what no honest client sends.
struct RawFrames {
  private(set) var bytes: [UInt8] = []

  /// The client's preface and an empty SETTINGS.
  static var start: RawFrames {
    var frames = RawFrames()
    frames.bytes = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    frames.add(type: HTTP2.FrameType.settings)
    return frames
  }

  mutating func add(type: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = []) {
    bytes += [
      UInt8(payload.count >> 16 & 0xFF), UInt8(payload.count >> 8 & 0xFF), UInt8(payload.count & 0xFF),
    ]
    bytes += [type, flags]
    withUnsafeBytes(of: stream.bigEndian) { bytes.append(contentsOf: $0) }
    bytes += payload
  }

  mutating func headers(
    _ stream: UInt32, _ fields: [(String, String)] = RawFrames.get, end: Bool = true, endHeaders: Bool = true
  ) {
    add(
      type: HTTP2.FrameType.headers, flags: (end ? 1 : 0) | (endHeaders ? 4 : 0), stream: stream,
      Self.literal(fields))
  }

  mutating func reset(_ stream: UInt32) {
    add(type: HTTP2.FrameType.resetStream, stream: stream, [0, 0, 0, 8])
  }

  static let get = [(":method", "GET"), (":scheme", "https"), (":authority", "a"), (":path", "/")]
  static func get(_ more: [(String, String)]) -> [(String, String)] { get + more }
  static let post = [(":method", "POST"), (":scheme", "https"), (":authority", "a"), (":path", "/p")]

  /// Fields as HPACK literals without indexing (RFC 7541 §6.2.2), each text below 127 bytes or with a long length.
  static func literal(_ fields: [(String, String)]) -> [UInt8] {
    var block: [UInt8] = []
    for (name, value) in fields {
      block.append(0)
      for text in [name, value] {
        let bytes = Array(text.utf8)
        if bytes.count < 127 {
          block.append(UInt8(bytes.count))
        } else {
          block.append(127)
          var rest = bytes.count - 127
          while rest >= 128 {
            block.append(UInt8(rest & 127 | 128))
            rest >>= 7
          }
          block.append(UInt8(rest))
        }
        block += bytes
      }
    }
    return block
  }

  /// The frames of an output: type, flags, stream, payload.
  static func parse(_ bytes: [UInt8]) -> [(type: UInt8, flags: UInt8, stream: UInt32, payload: [UInt8])] {
    var frames: [(type: UInt8, flags: UInt8, stream: UInt32, payload: [UInt8])] = []
    var offset = 0
    while offset + 9 <= bytes.count {
      let length = Int(bytes[offset]) << 16 | Int(bytes[offset + 1]) << 8 | Int(bytes[offset + 2])
      let stream = bytes[(offset + 5)..<(offset + 9)].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      frames.append(
        (bytes[offset + 3], bytes[offset + 4], stream, Array(bytes[(offset + 9)..<(offset + 9 + length)])))
      offset += 9 + length
    }
    return frames
  }
}
