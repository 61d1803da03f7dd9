internal import CoreMetrics
internal import Glibc
internal import Synchronization

/// A count that only rises.
final class CounterSeries: CounterHandler, FloatingPointCounterHandler {
  private let count = Atomic<Int64>(0)
  private let fraction = Mutex(0.0)

  func increment(by amount: Int64) { count.add(amount, ordering: .relaxed) }
  func increment(by amount: Double) { fraction.withLock { $0 += amount } }
  func reset() {
    count.store(0, ordering: .relaxed)
    fraction.withLock { $0 = 0 }
  }

  var value: Double { Double(count.load(ordering: .relaxed)) + fraction.withLock { $0 } }
}

/// A value that rises and falls; the last one set is told.
final class GaugeSeries: MeterHandler, RecorderHandler {
  private let bits = Atomic<UInt64>(0)

  func set(_ value: Int64) { set(Double(value)) }
  func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }
  func record(_ value: Int64) { set(Double(value)) }
  func record(_ value: Double) { set(value) }
  func increment(by amount: Double) { add(amount) }
  func decrement(by amount: Double) { add(-amount) }

  private func add(_ amount: Double) {
    var seen = bits.load(ordering: .relaxed)
    while true {
      let next = (Double(bitPattern: seen) + amount).bitPattern
      let (exchanged, original) = bits.weakCompareExchange(expected: seen, desired: next, ordering: .relaxed)
      if exchanged { return }
      seen = original
    }
  }

  var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
}

/// A distribution in fixed buckets. Durations come in nanoseconds and are told in seconds.
final class HistogramSeries: TimerHandler, RecorderHandler {
  /// Upper bounds of the buckets in seconds, ascending; one more, without a bound, follows.
  let bounds: [Double]
  private let boundsInNanoseconds: [Int64]
  private let counts: CountTable
  private let sum = Atomic<Int64>(0)

  init(bounds: [Double]) {
    self.bounds = bounds
    boundsInNanoseconds = bounds.map { Int64($0 * 1e9) }
    counts = CountTable(count: bounds.count + 1)
  }

  func recordNanoseconds(_ duration: Int64) {
    let index = boundsInNanoseconds.firstIndex { duration <= $0 } ?? bounds.count
    counts.increment(index)
    sum.add(duration, ordering: .relaxed)
  }

  func record(_ value: Int64) { recordNanoseconds(value * 1_000_000_000) }
  func record(_ value: Double) { recordNanoseconds(Int64(value * 1e9)) }

  /// Each bucket's own count, and the sum of all values in seconds.
  func snapshot() -> (counts: [UInt64], sum: Double) {
    ((0...bounds.count).map(counts.value), Double(sum.load(ordering: .relaxed)) / 1e9)
  }
}

/// A row of counters of a length known at run time.
///
/// SAFETY: the memory is allocated once, its elements are atomics, and it is freed with the object.
private final class CountTable: @unchecked Sendable {
  private let slots: UnsafeMutablePointer<Atomic<UInt64>>
  private let count: Int

  init(count: Int) {
    self.count = count
    slots = .allocate(capacity: count)
    for index in 0..<count { (slots + index).initialize(to: Atomic(0)) }
  }

  deinit {
    slots.deinitialize(count: count)
    slots.deallocate()
  }

  func increment(_ index: Int) { slots[index].add(1, ordering: .relaxed) }
  func value(_ index: Int) -> UInt64 { slots[index].load(ordering: .relaxed) }
}
