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
