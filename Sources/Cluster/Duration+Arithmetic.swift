extension Duration {
  /// The whole of it in nanoseconds; 0 for less than nothing, `UInt64.max` for what is longer than that.
  public var nanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    let (product, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
    if overflow { return .max }
    let (sum, isTooLong) = product.addingReportingOverflow(UInt64(attoseconds / 1_000_000_000))
    return isTooLong ? .max : sum
  }

  /// A pause that is doubled so many times, and never longer than `longest`.
  public func doubled(_ times: Int, upTo longest: Duration) -> Duration {
    min(self * (1 << min(times, 20)), longest)
  }
}
