public import TLS
internal import Transport

/// What a server has done since its start, and what it is at now.
public struct ServerStatistics: Sendable, Equatable {
  /// Connections accepted, the refused ones included.
  public var accepted = 0
  /// Connections open now.
  public var open = 0
  /// TLS handshakes done, by version.
  public var handshakes: [TLSVersion: Int] = [:]
  /// TLS handshakes that failed, by reason.
  public var handshakeFailures: [HandshakeFailure: Int] = [:]
  /// Requests handed to the handler, by protocol.
  public var requests: [HTTPVersion: Int] = [:]
  /// Requests the handler has not answered yet.
  public var inFlight = 0
  /// Refused requests and connections, by reason.
  public var refusals: [Refusal: Int] = [:]
  /// Bytes on the wire, from peers.
  public var bytesIn = 0
  /// Bytes on the wire, to peers.
  public var bytesOut = 0

  /// Requests in either protocol.
  public var allRequests: Int { requests.values.reduce(0, +) }
}

/// Why a TLS handshake came to nothing; the raw value is the label of its counter.
public enum HandshakeFailure: String, CaseIterable, Sendable {
  /// The peer spoke no TLS, or no version, suite or application protocol of ours.
  case protocolMismatch = "protocol"
  /// The peer's certificate was refused or missing.
  case peerCertificate = "peer_certificate"
  /// The peer was too slow.
  case timeout
  /// The peer left in the middle of it.
  case abandoned
  /// The fault is on this side.
  case library

  init(_ error: TLSError) {
    switch error.reason {
    case .peerCertificate: self = .peerCertificate
    case .handshake, .connection: self = .protocolMismatch
    case .file, .mismatch, .validity, .trust, .library: self = .library
    }
  }
}

/// The counters of one loop: written by its thread alone, read by any.
final class LoopStatistics: Sendable {
  /// Gives a counter a place in an array.
  private final class Cell: Sendable {
    let counter = LoopCounter()
  }

  let accepted = LoopCounter()
  let open = LoopCounter()
  let inFlight = LoopCounter()
  let traffic = TrafficCounters()
  private let tls12 = LoopCounter()
  private let tls13 = LoopCounter()
  private let http1 = LoopCounter()
  private let http2 = LoopCounter()
  private let handshakeFailures = Dictionary(
    uniqueKeysWithValues: HandshakeFailure.allCases.map { ($0, Cell()) })
  private let refusals = Dictionary(uniqueKeysWithValues: Refusal.allCases.map { ($0, Cell()) })

  func countHandshake(_ version: TLSVersion) {
    switch version {
    case .tls1_2: tls12.add()
    case .tls1_3: tls13.add()
    }
  }

  @inline(__always)
  func countRequest(_ version: HTTPVersion) {
    switch version {
    case .http1_1: http1.add()
    case .http2: http2.add()
    }
  }

  func countHandshakeFailure(_ reason: HandshakeFailure) {
    handshakeFailures[reason]?.counter.add()
    count(.tlsHandshake)
  }

  func count(_ refusal: Refusal) {
    refusals[refusal]?.counter.add()
  }

  /// Adds this loop's counters to `sum`.
  func add(to sum: inout ServerStatistics) {
    sum.accepted += accepted.value
    sum.open += open.value
    sum.inFlight += inFlight.value
    sum.bytesIn += traffic.bytesIn.value
    sum.bytesOut += traffic.bytesOut.value
    sum.handshakes[.tls1_2, default: 0] += tls12.value
    sum.handshakes[.tls1_3, default: 0] += tls13.value
    sum.requests[.http1_1, default: 0] += http1.value
    sum.requests[.http2, default: 0] += http2.value
    for (reason, cell) in handshakeFailures {
      sum.handshakeFailures[reason, default: 0] += cell.counter.value
    }
    for (reason, cell) in refusals { sum.refusals[reason, default: 0] += cell.counter.value }
  }
}
