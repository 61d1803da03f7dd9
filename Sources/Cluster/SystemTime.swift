internal import Glibc

/// The system's clocks, and a sleep by them, for those who are given none.
public enum SystemTime {
  /// Seconds since 1970.
  @Sendable public static func seconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec)
  }

  /// Microseconds since 1970.
  @Sendable public static func microseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
  }

  /// Milliseconds since 1970.
  @Sendable public static func milliseconds() -> UInt64 { UInt64(microseconds() / 1000) }

  /// Nanoseconds on a clock that never goes back.
  @Sendable public static func monotonic() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// Returns after a time, or at once when the task is cancelled.
  @Sendable public static func sleep(_ duration: Duration) async {
    // Cancellation is the only error, and ends the sleep as it should.
    _ = try? await Task.sleep(for: duration)
  }
}
