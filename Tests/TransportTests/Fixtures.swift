import Foundation
import TLS

@testable import Transport

/// What happened to the connections of an `EchoServer`, in order.
enum Happening: Equatable, Sendable {
  case opened
  case inputEnded
  case deadline
  case closed(CloseReason)
}

/// How an `EchoServer` treats its connections.
struct EchoBehaviour: Sendable {
  var limits = ConnectionLimits()
  /// Bytes written as soon as the connection is open.
  var greeting = 0
  /// Whether to close, in good order, when the greeting is written.
  var closesAfterGreeting = false
  /// A deadline of the handler's, so long after the opening.
  var deadline: UInt64?
}

/// Sends back what it gets.
final class EchoServer: Sendable {
  let loop: EventLoop
  let port: UInt16
  let happenings: AsyncStream<Happening>
  let traffic = TrafficCounters()
  /// The most that was ever pending on a connection.
  let peak = LoopCounter()

  init(_ behaviour: EchoBehaviour = EchoBehaviour(), tls: TLSServerContext? = nil) async throws {
    let listening = try Socket.listening(on: .loopback(port: 0), count: 1)
    port = listening.address.port
    loop = try EventLoop(name: "echo")
    let (stream, continuation) = AsyncStream.makeStream(of: Happening.self)
    happenings = stream
    let transfer = listening.sockets[0]
    _ = await loop.run { [self] reactor in
      guard let socket = transfer.take() else { return }
      do {
        _ = try Listener(socket, reactor: reactor) { socket, peer in
          do {
            try Connection.accept(
              socket, peer: peer, reactor: reactor, tls: tls, limits: behaviour.limits, traffic: self.traffic,
              handler: EchoHandler(behaviour, continuation) { self.peak.add(max(0, $0 - self.peak.value)) })
          } catch {
            continuation.finish()
          }
        } onTrouble: { _ in
        }
      } catch {
        continuation.finish()
      }
    }
  }

  /// The next happenings, as many as asked for.
  func next(_ count: Int) async -> [Happening] {
    var found: [Happening] = []
    for await happening in happenings {
      found.append(happening)
      if found.count == count { break }
    }
    return found
  }

  func stop() async {
    loop.stop()
    await loop.stopped()
  }
}

private final class EchoHandler: ConnectionHandler {
  private let behaviour: EchoBehaviour
  private let happenings: AsyncStream<Happening>.Continuation

  private let onPending: (Int) -> Void

  init(
    _ behaviour: EchoBehaviour, _ happenings: AsyncStream<Happening>.Continuation,
    onPending: @escaping (Int) -> Void
  ) {
    self.onPending = onPending
    self.behaviour = behaviour
    self.happenings = happenings
  }

  func connectionOpened(_ connection: Connection) {
    happenings.yield(.opened)
    if behaviour.greeting > 0 {
      [UInt8](repeating: 0x67, count: behaviour.greeting).withUnsafeBytes { connection.write($0) }
      if behaviour.closesAfterGreeting { connection.closeAfterOutput() }
    }
    if let after = behaviour.deadline { connection.setHandlerDeadline(connection.reactor.now + after) }
  }

  func connection(_ connection: Connection, received bytes: UnsafeRawBufferPointer) {
    connection.write(bytes)
    onPending(connection.pendingOutput)
  }

  func connection(_ connection: Connection, inputEnded clean: Bool) {
    happenings.yield(.inputEnded)
    connection.closeAfterOutput()
  }

  func produceOutput(_ connection: Connection) {}

  func connection(_ connection: Connection, deadlineReached now: UInt64) {
    happenings.yield(.deadline)
    connection.close()
  }

  func connectionClosed(_ connection: Connection, _ reason: CloseReason) {
    happenings.yield(.closed(reason))
  }
}

/// Contexts of a server and of a client that trusts it.
struct TestIdentity: Sendable {
  let server: TLSServerContext
  let client: TLSClientContext

  init() throws {
    let now = Int64(Date().timeIntervalSince1970)
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
      "transport-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let authority = try CertificateAuthority.make(commonName: "test", days: 2, now: now)
    let pair = try authority.issue(.server(hosts: ["localhost", "127.0.0.1"]), days: 1, now: now)
    let certificate = directory.appendingPathComponent("tls.crt")
    let key = directory.appendingPathComponent("tls.key")
    try Data(pair.certificate).write(to: certificate)
    try Data(pair.key).write(to: key)
    server = try TLSServerContext(
      certificateFile: certificate.path, keyFile: key.path, clientCAFile: nil, allowedClientNames: [],
      alpn: [.h2, .http1_1])
    client = try TLSClientContext(trust: .authorities(authority.pair.certificate))
  }
}

/// Sends bytes when open, and collects what comes until it has as many as awaited.
final class CollectingClient: ConnectionHandler {
  private let bytes: [UInt8]
  private let awaited: Int
  private var received: [UInt8] = []
  private let done: @Sendable (Result<[UInt8], ClientFailure>) -> Void

  struct ClientFailure: Error, Equatable {
    let reason: CloseReason
  }

  private init(
    _ bytes: [UInt8], awaited: Int, _ done: @escaping @Sendable (Result<[UInt8], ClientFailure>) -> Void
  ) {
    self.bytes = bytes
    self.awaited = awaited
    self.done = done
  }

  func connectionOpened(_ connection: Connection) {
    bytes.withUnsafeBytes { connection.write($0) }
  }

  func connection(_ connection: Connection, received bytes: UnsafeRawBufferPointer) {
    received += bytes
    if received.count >= awaited { connection.close() }
  }

  func connection(_ connection: Connection, inputEnded clean: Bool) {
    connection.close()
  }

  func produceOutput(_ connection: Connection) {}
  func connection(_ connection: Connection, deadlineReached now: UInt64) {}

  func connectionClosed(_ connection: Connection, _ reason: CloseReason) {
    done(reason == .closedHere ? .success(received) : .failure(ClientFailure(reason: reason)))
  }

  /// Connects, sends, and returns what came back.
  static func exchange(
    _ bytes: [UInt8], port: UInt16, awaited: Int? = nil, loop: EventLoop, tls: TLSClientContext? = nil,
    limits: ConnectionLimits = ConnectionLimits()
  ) async throws -> [UInt8] {
    let result: Result<[UInt8], any Error> = await withCheckedContinuation { continuation in
      loop.execute { reactor in
        do {
          let session = try tls.map { context throws(TLSError) in
            try TLSSession(client: context, serverName: "localhost", alpn: [.http1_1])
          }
          try Connection.connect(
            to: .loopback(port: port), reactor: reactor, tls: session, limits: limits,
            handler: CollectingClient(bytes, awaited: awaited ?? bytes.count) { result in
              continuation.resume(returning: result.mapError { $0 as any Error })
            })
        } catch {
          continuation.resume(returning: .failure(error))
        }
      }
    }
    return try result.get()
  }
}

/// Bytes that do not repeat at any power of two.
func pattern(_ count: Int) -> [UInt8] {
  let piece = (0..<min(count, 65_521)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
  var bytes: [UInt8] = []
  while bytes.count < count { bytes += piece.prefix(count - bytes.count) }
  return bytes
}

let millisecond: UInt64 = 1_000_000
