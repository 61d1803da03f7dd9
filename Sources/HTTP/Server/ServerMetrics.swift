internal import CoreMetrics
internal import TLS

/// A server's statistics as metrics: counters advance by what was added since they were last published.
///
/// Published when somebody reads, so that no request pays for it.
struct ServerMetrics {
  private let accepted: Counter
  private let bytesIn: Counter
  private let bytesOut: Counter
  private let open: Gauge
  private let inFlight: Gauge
  private var handshakes: [TLSVersion: Counter] = [:]
  private var handshakeFailures: [HandshakeFailure: Counter] = [:]
  private var requests: [HTTPVersion: Counter] = [:]
  private var refusals: [Refusal: Counter] = [:]
  private var published = ServerStatistics()

  init(server: String) {
    let prefix = "spiderpool_webhook_server"
    func counter(_ name: String, _ labels: [(String, String)] = []) -> Counter {
      Counter(label: "\(prefix)_\(name)_total", dimensions: [("server", server)] + labels)
    }
    accepted = counter("connections")
    bytesIn = counter("received_bytes")
    bytesOut = counter("sent_bytes")
    open = Gauge(label: "\(prefix)_connections_open", dimensions: [("server", server)])
    inFlight = Gauge(label: "\(prefix)_requests_in_flight", dimensions: [("server", server)])
    for version in [TLSVersion.tls1_2, .tls1_3] {
      handshakes[version] = counter("tls_handshakes", [("version", version.rawValue)])
    }
    for reason in HandshakeFailure.allCases {
      handshakeFailures[reason] = counter("tls_handshake_failures", [("reason", reason.rawValue)])
    }
    requests[.http1_1] = counter("requests", [("protocol", "http/1.1")])
    requests[.http2] = counter("requests", [("protocol", "h2")])
    for refusal in Refusal.allCases {
      refusals[refusal] = counter("refusals", [("reason", refusal.rawValue)])
    }
  }

  mutating func publish(_ now: ServerStatistics) {
    accepted.increment(by: now.accepted - published.accepted)
    bytesIn.increment(by: now.bytesIn - published.bytesIn)
    bytesOut.increment(by: now.bytesOut - published.bytesOut)
    open.record(now.open)
    inFlight.record(now.inFlight)
    Self.advance(handshakes, published.handshakes, now.handshakes)
    Self.advance(handshakeFailures, published.handshakeFailures, now.handshakeFailures)
    Self.advance(requests, published.requests, now.requests)
    Self.advance(refusals, published.refusals, now.refusals)
    published = now
  }

  private static func advance<Key>(_ counters: [Key: Counter], _ from: [Key: Int], _ to: [Key: Int]) {
    for (key, counter) in counters {
      counter.increment(by: to[key, default: 0] - from[key, default: 0])
    }
  }
}
