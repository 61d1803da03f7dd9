import CoreMetrics
import Telemetry
import Testing

@Suite struct PrometheusRegistryTests {
  private func text(_ registry: PrometheusRegistry) -> String {
    String(decoding: registry.render(), as: UTF8.self)
  }

  @Test func `writes counters with help, type and labels, in the order of names`() {
    let registry = PrometheusRegistry()
    registry.describe("b_total", "What b counts.")
    Counter(label: "b_total", dimensions: [("kind", "x")], factory: registry).increment(by: 2)
    Counter(label: "b_total", dimensions: [("kind", "y\"\\\n")], factory: registry).increment()
    Counter(label: "a_total", dimensions: [], factory: registry).increment()
    #expect(
      text(registry) == """
        # TYPE a_total counter
        a_total 1
        # HELP b_total What b counts.
        # TYPE b_total counter
        b_total{kind="x"} 2
        b_total{kind="y\\"\\\\\\n"} 1

        """)
  }

  @Test func `gives the same series to whoever asks for the same labels`() {
    let registry = PrometheusRegistry()
    for _ in 0..<3 {
      Counter(label: "n_total", dimensions: [("l", "1")], factory: registry).increment()
    }
    #expect(text(registry).contains("n_total{l=\"1\"} 3\n"))
  }

  @Test func `puts durations into cumulative buckets, in seconds`() {
    let registry = PrometheusRegistry()
    let timer = Timer(label: "t_seconds", dimensions: [], factory: registry)
    timer.recordNanoseconds(250_000)
    timer.recordNanoseconds(250_001)
    timer.recordNanoseconds(20_000_000_000)
    let lines = text(registry).split(separator: "\n")
    #expect(lines.contains("t_seconds_bucket{le=\"0.00025\"} 1"))
    #expect(lines.contains("t_seconds_bucket{le=\"0.0005\"} 2"))
    #expect(lines.contains("t_seconds_bucket{le=\"10\"} 2"))
    #expect(lines.contains("t_seconds_bucket{le=\"+Inf\"} 3"))
    #expect(lines.contains("t_seconds_sum 20.000500001"))
    #expect(lines.contains("t_seconds_count 3"))
  }

  @Test func `asks collectors before each reading`() {
    let registry = PrometheusRegistry()
    let gauge = Gauge(label: "g", dimensions: [], factory: registry)
    registry.onScrape { gauge.record(7.5) }
    #expect(text(registry) == "# TYPE g gauge\ng 7.5\n")
  }
}
