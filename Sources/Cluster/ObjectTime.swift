/// Time as objects carry it: RFC 3339, in UTC.
public enum ObjectTime {
  /// `2026-01-02T03:04:05Z`, of seconds since 1970: Kubernetes' `Time`.
  public static func text(seconds: Int64) -> String { "\(prefix(seconds))Z" }

  /// `2026-01-02T03:04:05.678901Z`, of microseconds since 1970: Kubernetes' `MicroTime`, which has six digits always.
  public static func text(microseconds: Int64) -> String {
    let (seconds, rest) = divided(microseconds, by: 1_000_000)
    return "\(prefix(seconds)).\(padded(rest, to: 6))Z"
  }

  private static func prefix(_ seconds: Int64) -> String {
    let (days, rest) = divided(seconds, by: 86_400)
    let (year, month, day) = civil(days)
    let time = "\(padded(rest / 3600, to: 2)):\(padded(rest / 60 % 60, to: 2)):\(padded(rest % 60, to: 2))"
    return "\(padded(year, to: 4))-\(padded(month, to: 2))-\(padded(day, to: 2))T\(time)"
  }

  private static func padded(_ number: Int64, to width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  /// Rounded down, so that what is left is never negative.
  private static func divided(_ number: Int64, by divisor: Int64) -> (quotient: Int64, rest: Int64) {
    let (quotient, rest) = number.quotientAndRemainder(dividingBy: divisor)
    return rest < 0 ? (quotient - 1, rest + divisor) : (quotient, rest)
  }

  /// The Gregorian date of a day since 1970: years are counted from March, so that leap days come last.
  private static func civil(_ day: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = day + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let ofEra = shifted - era * 146_097
    let yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
    let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let march = (5 * ofYear + 2) / 153
    let month = march < 10 ? march + 3 : march - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, ofYear - (153 * march + 2) / 5 + 1)
  }
}
