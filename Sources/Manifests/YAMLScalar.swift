internal import JSON
internal import Yams

/// What a YAML scalar means, by the rules `kubectl` uses (YAML 1.1 with 1.2's octal numbers; dates stay text).
enum YAMLScalar {
  private static let words: [String: JSONValue] = {
    var words: [String: JSONValue] = [:]
    for word in ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"] {
      words[word] = true
    }
    for word in ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"] {
      words[word] = false
    }
    for word in ["", "~", "null", "Null", "NULL"] { words[word] = .null }
    for word in [".nan", ".NaN", ".NAN"] { words[word] = .double(.nan) }
    for word in [".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"] { words[word] = .double(.infinity) }
    for word in ["-.inf", "-.Inf", "-.INF"] { words[word] = .double(-.infinity) }
    return words
  }()

  /// The value of a scalar without quotes and tag.
  static func value(ofPlain text: String) -> JSONValue {
    guard let first = text.utf8.first else { return .null }
    switch first {
    case 0x30...0x39, UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
      return words[text] ?? number(text) ?? .string(text)
    case UInt8(ascii: "~"), UInt8(ascii: "y"), UInt8(ascii: "Y"), UInt8(ascii: "n"), UInt8(ascii: "N"),
      UInt8(ascii: "t"), UInt8(ascii: "T"), UInt8(ascii: "f"), UInt8(ascii: "F"), UInt8(ascii: "o"),
      UInt8(ascii: "O"):
      return words[text] ?? .string(text)
    default: return .string(text)
    }
  }

  /// The value of a scalar with an explicit tag; nil if the text does not fit the tag, or the tag is not understood.
  static func value(of text: String, tag: String) -> JSONValue? {
    let plain = value(ofPlain: text)
    switch (tag, plain) {
    case (Tag.Name.bool.rawValue, .bool), (Tag.Name.null.rawValue, .null), (Tag.Name.int.rawValue, .int),
      (Tag.Name.int.rawValue, .uint), (Tag.Name.float.rawValue, .double):
      return plain
    case (Tag.Name.float.rawValue, .int): return plain
    case (Tag.Name.timestamp.rawValue, _): return .string(text)
    default: return nil
    }
  }

  private static func number(_ text: String) -> JSONValue? {
    let plain = text.contains("_") ? text.filter { $0 != "_" } : text
    if let integer = integer(plain) { return integer }
    guard isDecimal(plain), let number = Double(plain) else { return nil }
    // As JSON has no other way to write it: 4.0 is 4.
    return Int64(exactly: number).map(JSONValue.int) ?? .double(number)
  }

  private static func integer(_ text: String) -> JSONValue? {
    var digits = Substring(text)
    var isNegative = false
    if let sign = digits.first, sign == "-" || sign == "+" {
      isNegative = sign == "-"
      digits.removeFirst()
    }
    var radix = 10
    if digits.hasPrefix("0"), digits.utf8.count > 1 {
      let prefixes: [(String, Int)] = [("0x", 16), ("0X", 16), ("0o", 8), ("0O", 8), ("0b", 2), ("0B", 2)]
      let prefix = prefixes.first { digits.hasPrefix($0.0) }
      radix = prefix?.1 ?? 8
      digits = digits.dropFirst(prefix == nil ? 1 : 2)
    }
    // A second sign is not a digit, though Swift's conversion would take it for one.
    guard let first = digits.first, first != "-", first != "+", let magnitude = UInt64(digits, radix: radix)
    else {
      return nil
    }
    if isNegative { return negated(magnitude).map(JSONValue.int) }
    return Int64(exactly: magnitude).map(JSONValue.int) ?? .uint(magnitude)
  }

  private static func negated(_ magnitude: UInt64) -> Int64? {
    magnitude <= UInt64(Int64.max) + 1 ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil
  }

  /// `[-+]? (digits? '.' digits | digits '.'?) ([eE] [-+]? digits)?`
  private static func isDecimal(_ text: String) -> Bool {
    var rest = Substring(text).utf8
    func digits() -> Int {
      let before = rest.count
      rest = rest.drop { 0x30...0x39 ~= $0 }
      return before - rest.count
    }
    func skip(_ allowed: UInt8...) -> Bool {
      guard let first = rest.first, allowed.contains(first) else { return false }
      rest.removeFirst()
      return true
    }
    _ = skip(UInt8(ascii: "-"), UInt8(ascii: "+"))
    let whole = digits()
    let fraction = skip(UInt8(ascii: ".")) ? digits() : 0
    guard whole + fraction > 0 else { return false }
    if skip(UInt8(ascii: "e"), UInt8(ascii: "E")) {
      _ = skip(UInt8(ascii: "-"), UInt8(ascii: "+"))
      guard digits() > 0 else { return false }
    }
    return rest.isEmpty
  }
}
