internal import Glibc
internal import HTTP
internal import Telemetry
internal import Transport

/// The three servers: reviews over TLS, health and metrics in the clear.
struct Ports {
  let webhook: HTTPServer
  private let health: HTTPServer
  private let metrics: HTTPServer

  /// - Throws: an ``ExitStatus`` for an address that is none.
  init(
    _ options: ServeCommand, _ serving: ServingCertificate, _ service: ReviewService,
    _ conditions: Conditions, _ registry: PrometheusRegistry
  ) throws {
    let transport = options.transport
    var configuration = ServerConfiguration(
      name: "webhook", addresses: [try Self.address(transport.listen, "--listen")],
      loops: transport.loops > 0 ? transport.loops : Self.processors, tls: serving.current)
    configuration.limits = options.limits.http
    configuration.maximumConnections = options.limits.maxConnections
    webhook = HTTPServer(configuration) { _ in WebhookHandler(service: service) }
    health = HTTPServer(try Self.plain("health", transport.healthListen, "--health-listen")) { _ in
      HealthHandler(liveness: conditions.liveness, readiness: conditions.readiness)
    }
    metrics = HTTPServer(try Self.plain("metrics", transport.metricsListen, "--metrics-listen")) { _ in
      MetricsHandler(registry: registry)
    }
  }

  /// Starts health and metrics, which answer from the beginning.
  func startPlain() async throws -> (health: SocketAddress?, metrics: SocketAddress?) {
    (try await Self.start(health, "--health-listen"), try await Self.start(metrics, "--metrics-listen"))
  }

  /// Starts the reviews.
  func startWebhook() async throws -> SocketAddress? {
    try await Self.start(webhook, "--listen")
  }

  /// Tells clients to go elsewhere, serves on while they find out, then waits for what is under way.
  /// - Returns: how many connections had to be cut off.
  func stop(delay: DurationArgument, timeout: DurationArgument) async -> Int {
    webhook.beginDraining()
    // Nothing cancels the end of the program; a failed sleep only makes it come sooner.
    _ = try? await Task.sleep(for: delay.duration)
    let cutOff = await webhook.drain(timeout: timeout.nanoseconds)
    await health.drain(timeout: 1_000_000_000)
    await metrics.drain(timeout: 1_000_000_000)
    return cutOff
  }

  /// Processors this process may run on.
  static var processors: Int {
    max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
  }

  private static func start(_ server: HTTPServer, _ flag: String) async throws -> SocketAddress? {
    do {
      return try await server.start().first
    } catch {
      throw ExitStatus(.unreadable, "\(flag): \(error)")
    }
  }

  private static func plain(_ name: String, _ text: String, _ flag: String) throws -> ServerConfiguration {
    ServerConfiguration(name: name, addresses: [try address(text, flag)])
  }

  private static func address(_ text: String, _ flag: String) throws -> SocketAddress {
    do throws(SocketAddressError) {
      return try SocketAddress(parsing: text)
    } catch {
      throw ExitStatus(.usage, "\(flag) \(text): \(error)")
    }
  }
}

extension LimitOptions {
  /// The bounds of requests and conversations.
  var http: HTTPLimits {
    var limits = HTTPLimits()
    limits.bodyBytes = maxBodyBytes
    limits.headerDeadline = headerTimeout.nanoseconds
    limits.bodyDeadline = bodyTimeout.nanoseconds
    limits.idleTimeout = idleTimeout.nanoseconds
    limits.concurrentStreams = maxStreams
    return limits
  }
}
