/// Text as Go's `fmt` prints it, so that messages read like the API server's own.
public enum GoText {
  /// A value longer than this many bytes is shown by its beginning.
  public static let maximumShown = 200

  /// A string in double quotes, as `%q` prints it, shortened.
  public static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in shortened(text).unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\r": quoted += "\\r"
      case "\t": quoted += "\\t"
      default:
        if isControl(scalar) {
          let hex = String(scalar.value, radix: 16)
          quoted += scalar.value < 0x80 ? "\\x" : "\\u"
          quoted += String(repeating: "0", count: (scalar.value < 0x80 ? 2 : 4) - hex.count) + hex
        } else {
          quoted.unicodeScalars.append(scalar)
        }
      }
    }
    return quoted + "\""
  }

  /// The text, or its beginning and `…` when it is longer than `maximumShown` bytes.
  public static func shortened(_ text: String, to limit: Int = maximumShown) -> String {
    guard text.utf8.count > limit else { return text }
    var kept = String.UnicodeScalarView()
    var bytes = 0
    for scalar in text.unicodeScalars {
      bytes += UTF8.width(scalar)
      if bytes > limit - 3 { break }
      kept.append(scalar)
    }
    return String(kept) + "…"
  }

  /// The text without control characters.
  public static func withoutControls(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isControl) else { return text }
    return String(String.UnicodeScalarView(text.unicodeScalars.filter { !isControl($0) }))
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    // C0, DEL, C1, and the line and paragraph separators, which terminals and logs may break lines at.
    scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || (0x2028...0x2029).contains(scalar.value)
  }
}
