internal import Glibc

/// The clock of deadlines: it never goes back, and starts anywhere.
public enum MonotonicClock {
  /// Nanoseconds. Read through the vDSO, about 20 ns, without entering the kernel.
  public static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
  }
}
