/// Base64 (RFC 4648 §4), as kubeconfig files carry certificates.
enum Base64 {
  /// The bytes that `text` stands for; line breaks are passed over. Nil for anything that is not Base64 with its padding.
  static func decode(_ text: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count / 4 * 3)
    var group: UInt32 = 0
    var count = 0
    var padding = 0
    for character in text.utf8 where character != 0x0A && character != 0x0D {
      if character == UInt8(ascii: "=") {
        padding += 1
        group <<= 6
      } else {
        guard padding == 0, let digit = digit(character) else { return nil }
        group = group << 6 | digit
      }
      count += 1
      guard count == 4 else { continue }
      guard padding <= 2 else { return nil }
      for shift in [16, 8, 0].prefix(3 - padding) {
        bytes.append(UInt8(truncatingIfNeeded: group >> UInt32(shift)))
      }
      // Padding ends the text: another group would find `padding` set.
      count = 0
      group = 0
    }
    return count == 0 ? bytes : nil
  }

  private static func digit(_ character: UInt8) -> UInt32? {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - 0x41)
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - 0x61) + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - 0x30) + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}
