internal import Cluster
internal import Controllers
internal import CoreMetrics
internal import HTTP
internal import TLS
internal import Telemetry

/// Watches over the server's parts: what readiness depends on, and the metrics that are read and not counted.
final class Monitor: Sendable {
  /// Thrown once reviews are served.
  let isListening = Latch()
  /// Thrown once the end has begun.
  let isDraining = Latch()

  private let statuses: @Sendable () -> [DirectoryFeed.Status]
  private let webhook: HTTPServer
  private let serving: ServingCertificate
  private let sink: LogSink

  /// Adds its conditions to `conditions`.
  init(
    statuses: @escaping @Sendable () -> [DirectoryFeed.Status], webhook: HTTPServer,
    serving: ServingCertificate, sink: LogSink,
    conditions: Conditions
  ) {
    self.statuses = statuses
    self.webhook = webhook
    self.serving = serving
    self.sink = sink
    conditions.readiness.add("certificate") { [serving] in serving.fault(now: currentUnixTime()) }
    conditions.readiness.add("caches") { [statuses] in Self.missing(statuses()) }
    conditions.readiness.add("listening") { [isListening] in
      isListening.isSet ? nil : "reviews are not served yet"
    }
    conditions.readiness.add("not-draining") { [isDraining] in
      isDraining.isSet ? "the server is about to end" : nil
    }
    conditions.liveness.add("ping") { nil }
  }

  private static func missing(_ statuses: [DirectoryFeed.Status]) -> String? {
    let missing = statuses.filter { !$0.status.isSynced }
    if missing.isEmpty { return nil }
    return missing.map { kind, status in
      let reason = status.lastFailure.map { " (\($0))" } ?? ""
      return "\(kind) not listed yet\(reason)"
    }.joined(separator: ", ")
  }

  /// Brings the gauges up to date.
  func publish() {
    webhook.publishMetrics()
    let now = SystemTime.monotonic()
    for (kind, status) in statuses() {
      let labels = [("kind", kind)]
      let lag = status.lastHeard == 0 ? 0 : Double(now - min(now, status.lastHeard)) / 1e9
      Gauge(label: MetricNames.watchLag, dimensions: labels).record(lag)
      Gauge(label: MetricNames.synced, dimensions: labels).record(status.isSynced ? 1 : 0)
      Gauge(label: MetricNames.watchFailures, dimensions: labels).record(status.failures)
      Gauge(label: MetricNames.decodeFailures, dimensions: labels).record(status.decodeFailures)
    }
    Gauge(label: MetricNames.certificateExpiry).record(serving.current.certificate.notAfter)
    Gauge(label: MetricNames.droppedLines).record(sink.droppedLines)
    Gauge(
      label: MetricNames.buildInfo,
      dimensions: [("version", Version.text), ("swift", Version.compiler), ("mode", Version.mode)]
    ).record(1)
  }
}
