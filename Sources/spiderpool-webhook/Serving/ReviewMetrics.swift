internal import Admission
internal import CoreMetrics
internal import KubernetesAPI

/// The counters and durations of reviews, as seen by one loop; the registry adds up what loops share.
///
/// A series is made when it is first needed and found by its place in a table afterwards.
struct ReviewMetrics {

  private static let operations = 5
  private var counters: [Counter?]
  private var timers: [Timer?]

  init() {
    let kinds = Decision.Kind.allCases.count
    let phases = Phase.allCases.count
    counters = Array(
      repeating: nil, count: kinds * Self.operations * phases * Decision.Verdict.allCases.count)
    timers = Array(repeating: nil, count: kinds * phases)
  }

  /// Counts a decision that took so many nanoseconds.
  mutating func record(_ decision: Decision, nanoseconds: UInt64) {
    let phases = Phase.allCases.count
    let timerIndex = Int(decision.kind.rawValue) * phases + Int(decision.phase.rawValue)
    let operation = decision.operation.map { Int($0.rawValue) } ?? Self.operations - 1
    let verdicts = Decision.Verdict.allCases.count
    let counterIndex = (timerIndex * Self.operations + operation) * verdicts + Int(decision.verdict.rawValue)
    counter(counterIndex, decision).increment()
    timer(timerIndex, decision).recordNanoseconds(nanoseconds)
  }

  private mutating func counter(_ index: Int, _ decision: Decision) -> Counter {
    if let counter = counters[index] { return counter }
    let made = Counter(
      label: MetricNames.reviews,
      dimensions: [
        ("kind", "\(decision.kind.label)"), ("operation", "\(decision.operation?.text ?? "unknown")"),
        ("phase", "\(decision.phase.label)"), ("decision", "\(decision.verdict.label)"),
      ])
    counters[index] = made
    return made
  }

  private mutating func timer(_ index: Int, _ decision: Decision) -> Timer {
    if let timer = timers[index] { return timer }
    let made = Timer(
      label: MetricNames.reviewDuration,
      dimensions: [("kind", "\(decision.kind.label)"), ("phase", "\(decision.phase.label)")])
    timers[index] = made
    return made
  }
}
