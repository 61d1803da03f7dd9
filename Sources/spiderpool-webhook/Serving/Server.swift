internal import CoreMetrics
internal import HTTP
internal import Logging
internal import Telemetry
internal import Transport

/// The running server: its parts, in the order they start. They stop in the opposite one.
struct Server {
  /// What the program waits for.
  private enum Event {
    /// The cluster's state is known: reviews can be judged.
    case synced
    /// Somebody wants the program to end.
    case terminated
  }

  private let options: ServeCommand
  private let sink = LogSink()
  private let registry = PrometheusRegistry()

  init(options: ServeCommand) {
    self.options = options
  }

  /// Serves until SIGTERM or SIGINT, then ends in good order.
  func run() async throws {
    defer { sink.flush() }
    Allocator.keepLittle(processors: Ports.processors)
    bootstrapTelemetry()
    let logger = Logger(label: "serve")
    let (events, arrival) = AsyncStream.makeStream(of: Event.self)
    // Waited for first, so that a signal during the start is not lost.
    let ending = Task {
      await Signals.termination()
      arrival.yield(.terminated)
    }
    defer { ending.cancel() }

    let serving = try ServingCertificate(options.transport, logger: Logger(label: "certificate"))
    let state = try ServedState(options, sink: sink)
    let conditions = Conditions()
    let ports = try Ports(options, serving, state.service, conditions, registry)
    let monitor = Monitor(
      statuses: { state.statuses }, webhook: ports.webhook, serving: serving, sink: sink,
      conditions: conditions)
    registry.onScrape { monitor.publish() }
    serving.follow(ports.webhook)

    var bound = BoundAddresses()
    (bound.health, bound.metrics) = try await ports.startPlain()
    let background = Task { await state.run { arrival.yield(.synced) } }
    logger.info("waiting for the cluster's state", metadata: ["from": "\(state.source)"])
    for await event in events {
      guard case .synced = event, !Task.isCancelled else { break }
      Allocator.releaseCode()
      bound.webhook = try await ports.startWebhook()
      monitor.isListening.set()
      try bound.write(to: options.readyFile)
      logger.info("serving", metadata: bound.metadata)
    }
    logger.info("ending", metadata: ["delay": "\(options.shutdownDelay)"])
    monitor.isDraining.set()
    let cutOff = await ports.stop(delay: options.shutdownDelay, timeout: options.drainTimeout)
    await serving.stop()
    background.cancel()
    await background.value
    await state.source.close()
    logger.info("ended", metadata: ["connections_cut_off": "\(cutOff)"])
  }

  private func bootstrapTelemetry() {
    let log = options.log
    LoggingSystem.bootstrap { [sink] label in
      LineLogHandler(label: label, sink: sink, format: log.logFormat, level: log.logLevel)
    }
    MetricsSystem.bootstrap(registry)
    MetricNames.describe(in: registry)
  }
}
