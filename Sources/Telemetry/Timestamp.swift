internal import Glibc

/// Wall-clock time as log lines carry it.
public enum Timestamp {
  /// Milliseconds since 1970, UTC.
  public static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
  }

  /// Bytes of a time as text.
  static let length = 24

  /// Writes `2026-01-02T03:04:05.678Z` (RFC 3339) to `length` bytes of memory.
  static func write(_ milliseconds: UInt64, to text: UnsafeMutablePointer<UInt8>) {
    let (year, month, day) = civil(daysSince1970: Int(milliseconds / 86_400_000))
    let ofDay = Int(milliseconds % 86_400_000)
    fill(text, 0, digits: 4, year, then: "-")
    fill(text, 5, digits: 2, month, then: "-")
    fill(text, 8, digits: 2, day, then: "T")
    fill(text, 11, digits: 2, ofDay / 3_600_000, then: ":")
    fill(text, 14, digits: 2, ofDay / 60_000 % 60, then: ":")
    fill(text, 17, digits: 2, ofDay / 1000 % 60, then: ".")
    fill(text, 20, digits: 3, ofDay % 1000, then: "Z")
  }

  @inline(__always)
  private static func fill(
    _ text: UnsafeMutablePointer<UInt8>, _ start: Int, digits: Int, _ value: Int,
    then mark: Unicode.Scalar
  ) {
    var rest = value
    for place in stride(from: start + digits - 1, through: start, by: -1) {
      text[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    }
    text[start + digits] = UInt8(ascii: mark)
  }

  /// The proleptic Gregorian date of a day number, counted in years that begin in March so that leap days come last.
  private static func civil(daysSince1970 days: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = days + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }
}
