/// What a label's key and value may look like (Kubernetes documentation, "Labels and Selectors").
public enum LabelSyntax {
  /// The longest value of a label, in characters.
  public static let maximumLength = 63

  /// What is wrong with a key, or nil: `prefix/name` or `name`, the prefix a DNS subdomain.
  public static func fault(inKey key: String) -> String? {
    let parts = key.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count <= 2, let name = parts.last else {
      return "a label key has at most one /, between a DNS subdomain and a name"
    }
    if parts.count == 2, !isSubdomain(parts[0].utf8) {
      return
        "the part before / must be a DNS subdomain: lower-case letters, digits, - and ., at most 253 characters"
    }
    guard (1...63).contains(name.utf8.count) else { return "the name of a label key has 1 to 63 characters" }
    return isName(name.utf8)
      ? nil
      : "the name of a label key consists of letters, digits, -, _ and ., with a letter or digit at both ends"
  }

  /// What is wrong with a value, or nil; the empty value is right.
  public static func fault(inValue value: String) -> String? {
    guard value.utf8.count <= maximumLength else {
      return "a label value has at most \(maximumLength) characters"
    }
    return value.isEmpty || isName(value.utf8)
      ? nil : "a label value consists of letters, digits, -, _ and ., with a letter or digit at both ends"
  }

  /// A name of an object as a label value: the name itself, or, when it is too long for one, its beginning and 16 digits that
  /// are made of the whole (FNV-1a).
  public static func fitted(_ name: String) -> String {
    guard name.utf8.count > maximumLength else { return name }
    return "\(name.prefix(46))-\(digits(of: name))"
  }

  /// 16 hexadecimal digits made of a text, the same everywhere (FNV-1a, 64 bits).
  public static func digits(of text: String) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.utf8.count) + digits
  }

  private static func isName(_ bytes: Substring.UTF8View) -> Bool {
    isName(bytes, first: bytes.first, last: bytes.last)
  }
  private static func isName(_ bytes: String.UTF8View) -> Bool {
    isName(bytes, first: bytes.first, last: bytes.last)
  }

  private static func isName(_ bytes: some Sequence<UInt8>, first: UInt8?, last: UInt8?) -> Bool {
    guard let first, let last, isAlphanumeric(first), isAlphanumeric(last) else { return false }
    return bytes.allSatisfy {
      isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".")
    }
  }

  private static func isSubdomain(_ bytes: Substring.UTF8View) -> Bool {
    guard (1...253).contains(bytes.count) else { return false }
    return bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
      guard let first = label.first, let last = label.last, isLower(first), isLower(last) else {
        return false
      }
      return label.allSatisfy { isLower($0) || $0 == UInt8(ascii: "-") }
    }
  }

  private static func isLower(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
      || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    isLower(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
  }
}
