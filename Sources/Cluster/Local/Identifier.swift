/// Names that a server makes up.
enum Identifier {
  /// A version 4 UUID in lower case.
  static func uid(using random: inout some RandomNumberGenerator) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(36)
    var bits: UInt64 = 0
    for position in 0..<32 {
      if position % 16 == 0 { bits = random.next() }
      if [8, 12, 16, 20].contains(position) { text.append(UInt8(ascii: "-")) }
      var digit = Int(bits & 0xf)
      bits >>= 4
      if position == 12 { digit = 4 }
      if position == 16 { digit = 8 | digit & 3 }
      text.append(digits[digit])
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// What completes a `generateName`: five characters that make no words.
  static func suffix(using random: inout some RandomNumberGenerator) -> String {
    let alphabet = Array("bcdfghjklmnpqrstvwxz2456789")
    return String((0..<5).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &random)] })
  }
}

/// Time as objects carry it.
enum Timestamp {
  /// RFC 3339 in UTC, of seconds since 1970.
  static func text(_ seconds: Int64) -> String {
    let days = Int64((Double(seconds) / 86_400).rounded(.down))
    let rest = seconds - days * 86_400
    let (year, month, day) = civil(days)
    func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let yearText = String(repeating: "0", count: max(0, 4 - String(year).count)) + String(year)
    return
      "\(yearText)-\(two(month))-\(two(day))T\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60))Z"
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
