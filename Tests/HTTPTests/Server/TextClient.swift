import Foundation
import TLS
import Testing
import Transport

/// An HTTP/1.1 client that sends text as it is given, and reads answers with a length.
final class TextClient: Sendable {
  struct Answer: Equatable {
    var status: Int
    var head: String
    var body: String

    var closes: Bool { head.lowercased().contains("\r\nconnection: close") }
  }

  enum Failure: Error, Equatable {
    case closed(CloseReason?)
    case noLength(String)
  }

  private enum Input: Sendable {
    case opened
    case bytes([UInt8])
    case ended
    case closed(CloseReason)
  }

  private let loop: EventLoop
  private let id: SourceID
  private let reader: Reader
  let certificateSerial: String?

  /// Connects, and shakes hands if there is a context.
  init(_ port: UInt16, loop: EventLoop, tls: TLSClientContext? = nil, alpn: [ALPN] = [.http1_1]) async throws
  {
    self.loop = loop
    let (stream, continuation) = AsyncStream.makeStream(of: Input.self)
    reader = Reader(stream)
    let begun = await loop.run { reactor in
      Result {
        let session = try tls.map { try TLSSession(client: $0, serverName: "localhost", alpn: alpn) }
        return try Connection.connect(
          to: .loopback(port: port), reactor: reactor, tls: session, limits: .patient,
          handler: Handler(continuation)
        ).id
      }
    }
    id = try #require(begun).get()
    try await reader.waitUntilOpen()
    certificateSerial = await loop.run { [id] reactor in
      reactor.connection(id)?.tls?.peerCertificate?.serial
    }.flatMap { $0 }
  }

  func send(_ text: String) {
    loop.execute { [id] reactor in
      var text = text
      text.withUTF8 { reactor.connection(id)?.write(UnsafeRawBufferPointer($0)) }
    }
  }

  func post(_ path: String, _ body: String = "", close: Bool = false) {
    let connection = close ? "connection: close\r\n" : ""
    send("POST \(path) HTTP/1.1\r\nhost: x\r\n\(connection)content-length: \(body.utf8.count)\r\n\r\n\(body)")
  }

  /// Sends a request and reads its answer.
  func ask(_ path: String, _ body: String = "") async throws -> Answer {
    post(path, body)
    return try await reader.answer()
  }

  func answer() async throws -> Answer {
    try await reader.answer()
  }

  /// Waits until the other end has closed, and returns what came before.
  func end() async -> String {
    await reader.end()
  }

  /// Stops reading, for good.
  func stopReading() {
    loop.execute { [id] reactor in
      reactor.connection(id)?.wantsInput = false
      reactor.connection(id)?.setNeedsFlush()
    }
  }

  func close() {
    loop.execute { [id] reactor in reactor.connection(id)?.close() }
  }

  private actor Reader {
    private var iterator: AsyncStream<Input>.AsyncIterator
    private var received: [UInt8] = []
    private var hasEnded = false
    private var closeReason: CloseReason?

    init(_ stream: AsyncStream<Input>) {
      iterator = stream.makeAsyncIterator()
    }

    private func next() async -> Input? {
      var own = iterator
      let input = await own.next(isolation: self)
      iterator = own
      switch input {
      case .bytes(let bytes): received += bytes
      case .closed(let reason):
        closeReason = reason
        hasEnded = true
      case .ended, nil: hasEnded = true
      case .opened: break
      }
      return input
    }

    func waitUntilOpen() async throws {
      guard case .opened? = await next() else { throw Failure.closed(closeReason) }
    }

    func end() async -> String {
      while !hasEnded { _ = await next() }
      return String(decoding: received, as: UTF8.self)
    }

    func answer() async throws -> Answer {
      while true {
        if let answer = try takeAnswer() { return answer }
        guard !hasEnded else { throw Failure.closed(closeReason) }
        _ = await next()
      }
    }

    private func takeAnswer() throws -> Answer? {
      let text = String(decoding: received, as: UTF8.self)
      guard let headEnd = text.range(of: "\r\n\r\n") else { return nil }
      let head = String(text[..<headEnd.lowerBound])
      let lines = head.split(separator: "\r\n")
      let lengths = lines.compactMap { line in
        line.lowercased().hasPrefix("content-length: ") ? Int(line.dropFirst(16)) : nil
      }
      guard let length = lengths.first, let status = Int(lines[0].split(separator: " ")[1]) else {
        throw Failure.noLength(head)
      }
      let bodyStart = head.utf8.count + 4
      guard received.count >= bodyStart + length else { return nil }
      let body = String(decoding: received[bodyStart..<bodyStart + length], as: UTF8.self)
      received.removeFirst(bodyStart + length)
      return Answer(status: status, head: head, body: body)
    }
  }

  private final class Handler: ConnectionHandler {
    private let inputs: AsyncStream<Input>.Continuation

    init(_ inputs: AsyncStream<Input>.Continuation) { self.inputs = inputs }

    func connectionOpened(_ connection: Connection) { inputs.yield(.opened) }

    func connection(_ connection: Connection, received bytes: UnsafeRawBufferPointer) {
      inputs.yield(.bytes(Array(bytes)))
    }

    func connection(_ connection: Connection, inputEnded clean: Bool) {
      inputs.yield(.ended)
      connection.close()
    }

    func produceOutput(_ connection: Connection) {}
    func connection(_ connection: Connection, deadlineReached now: UInt64) {}

    func connectionClosed(_ connection: Connection, _ reason: CloseReason) {
      inputs.yield(.closed(reason))
      inputs.finish()
    }
  }
}

/// Runs `body` with a loop for its clients.
func withClientLoop<Result>(_ body: (EventLoop) async throws -> Result) async throws -> Result {
  let loop = try EventLoop(name: "clients")
  do {
    let result = try await body(loop)
    loop.stop()
    await loop.stopped()
    return result
  } catch {
    loop.stop()
    await loop.stopped()
    throw error
  }
}
