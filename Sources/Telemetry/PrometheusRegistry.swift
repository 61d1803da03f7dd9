public import CoreMetrics
internal import Synchronization

/// swift-metrics' backend: keeps every series and writes them as Prometheus text (exposition format 0.0.4).
///
/// The label of a counter, gauge or timer is the family's name; its dimensions are the series' labels.
public final class PrometheusRegistry: MetricsFactory {
  /// Latency buckets that resolve 0.25 ms to 10 s, in seconds.
  public static let latencyBuckets: [Double] = [
    0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
  ]

  private enum Series {
    case counter(CounterSeries)
    case gauge(GaugeSeries)
    case histogram(HistogramSeries)
  }

  private struct Family {
    var order: [String] = []
    var series: [String: Series] = [:]
  }

  private struct State {
    var families: [String: Family] = [:]
    var help: [String: String] = [:]
    var collectors: [@Sendable () -> Void] = []
  }

  private let state = Mutex(State())

  /// An empty registry; hand it to `MetricsSystem.bootstrap`.
  public init() {}

  /// Says what a family tells; written as its HELP line.
  public func describe(_ name: String, _ text: String) {
    state.withLock { $0.help[name] = text }
  }

  /// Adds work that is done before each reading, to bring gauges up to date.
  public func onScrape(_ collect: @escaping @Sendable () -> Void) {
    state.withLock { $0.collectors.append(collect) }
  }

  /// Every family in the order of its name.
  public func render() -> [UInt8] {
    for collect in state.withLock({ $0.collectors }) { collect() }
    return state.withLock { state in
      var text = ""
      for name in state.families.keys.sorted() {
        guard let family = state.families[name] else { continue }
        PrometheusRegistry.write(name, family, help: state.help[name], to: &text)
      }
      return Array(text.utf8)
    }
  }

  /// The counter of this name and these labels.
  public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    counter(label, dimensions)
  }

  /// The same series as the whole-number counter of this name and these labels.
  public func makeFloatingPointCounter(label: String, dimensions: [(String, String)])
    -> any FloatingPointCounterHandler
  {
    counter(label, dimensions)
  }

  /// The gauge of this name and these labels.
  public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    gauge(label, dimensions)
  }

  /// A histogram of seconds, or a gauge where nothing is to be aggregated.
  public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool)
    -> any RecorderHandler
  {
    if aggregate { histogram(label, dimensions) } else { gauge(label, dimensions) }
  }

  /// A histogram of durations, told in seconds.
  public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    histogram(label, dimensions)
  }

  /// Series stay: a counter that vanishes between two readings would look like a restart.
  public func destroyCounter(_ handler: any CounterHandler) {}
  /// Keeps the series, as `destroyCounter` does.
  public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
  /// Keeps the series, as `destroyCounter` does.
  public func destroyMeter(_ handler: any MeterHandler) {}
  /// Keeps the series, as `destroyCounter` does.
  public func destroyRecorder(_ handler: any RecorderHandler) {}
  /// Keeps the series, as `destroyCounter` does.
  public func destroyTimer(_ handler: any TimerHandler) {}

  private func counter(_ name: String, _ labels: [(String, String)]) -> CounterSeries {
    let made = series(name, labels) { .counter(CounterSeries()) }
    guard case .counter(let counter) = made else { preconditionFailure("\(name) is no counter") }
    return counter
  }

  private func gauge(_ name: String, _ labels: [(String, String)]) -> GaugeSeries {
    let made = series(name, labels) { .gauge(GaugeSeries()) }
    guard case .gauge(let gauge) = made else { preconditionFailure("\(name) is no gauge") }
    return gauge
  }

  private func histogram(_ name: String, _ labels: [(String, String)]) -> HistogramSeries {
    let made = series(name, labels) {
      .histogram(HistogramSeries(bounds: PrometheusRegistry.latencyBuckets))
    }
    guard case .histogram(let histogram) = made else { preconditionFailure("\(name) is no histogram") }
    return histogram
  }

  private func series(_ name: String, _ labels: [(String, String)], make: () -> Series) -> Series {
    let key = PrometheusRegistry.labelText(labels)
    return state.withLock { state in
      if let existing = state.families[name]?.series[key] { return existing }
      let made = make()
      state.families[name, default: Family()].series[key] = made
      state.families[name]?.order.append(key)
      return made
    }
  }

  // MARK: text

  private static func write(_ name: String, _ family: Family, help: String?, to text: inout String) {
    if let help { text += "# HELP \(name) \(help)\n" }
    guard let first = family.series.first?.value else { return }
    switch first {
    case .counter: text += "# TYPE \(name) counter\n"
    case .gauge: text += "# TYPE \(name) gauge\n"
    case .histogram: text += "# TYPE \(name) histogram\n"
    }
    for labels in family.order {
      switch family.series[labels] {
      case .counter(let counter): text += line(name, labels, number(counter.value))
      case .gauge(let gauge): text += line(name, labels, number(gauge.value))
      case .histogram(let histogram): write(name, labels, histogram, to: &text)
      case nil: continue
      }
    }
  }

  private static func write(
    _ name: String, _ labels: String, _ histogram: HistogramSeries, to text: inout String
  ) {
    let (counts, sum) = histogram.snapshot()
    let separator = labels.isEmpty ? "" : ","
    var total: UInt64 = 0
    for (index, count) in counts.enumerated() {
      total += count
      let bound = index < histogram.bounds.count ? number(histogram.bounds[index]) : "+Inf"
      text += line("\(name)_bucket", "\(labels)\(separator)le=\"\(bound)\"", String(total))
    }
    text += line("\(name)_sum", labels, number(sum))
    text += line("\(name)_count", labels, String(total))
  }

  private static func line(_ name: String, _ labels: String, _ value: String) -> String {
    labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n"
  }

  private static func number(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
  }

  /// `name="value",…` with backslash, quote and newline escaped.
  private static func labelText(_ labels: [(String, String)]) -> String {
    labels.map { name, value in
      var escaped = ""
      for character in value.unicodeScalars {
        switch character {
        case "\\": escaped += "\\\\"
        case "\"": escaped += "\\\""
        case "\n": escaped += "\\n"
        default: escaped.unicodeScalars.append(character)
        }
      }
      return "\(name)=\"\(escaped)\""
    }.joined(separator: ",")
  }
}
