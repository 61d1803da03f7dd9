/// A pattern for names, as Go's `filepath.Match` reads it: `*` any characters, `?` one, `[a-z]` and `[^a-z]` one of a class
/// or not, `\` takes the next character literally. The whole name must match.
struct NamePattern: Sendable, Equatable {
  private enum Token: Sendable, Equatable {
    case many
    case one
    case literal(Unicode.Scalar)
    case oneOf([ClosedRange<Unicode.Scalar>], isNegated: Bool)
  }

  /// Why a text is no pattern; stands behind the text it is about.
  enum Mistake: String, Error {
    case openClass = "has a [ without its ]"
    case emptyClass = "has a class [...] without characters"
    case misplacedDash = "has a - at an end of a class [...]; write \\-"
    case trailingBackslash = "ends in a single \\"
  }

  private let tokens: [Token]
  /// What every matching name starts with.
  let literalPrefix: String

  /// Whether a text is a pattern and not a plain name: `[` counts only when there is a `]`.
  static func isPattern(_ text: String) -> Bool {
    let text = text.utf8
    return text.contains { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") }
      || text.contains(UInt8(ascii: "[")) && text.contains(UInt8(ascii: "]"))
  }

  /// Reads a pattern. All of it must be right, also where a match would never look.
  init(_ text: String) throws(Mistake) {
    var rest = text.unicodeScalars[...]
    var tokens: [Token] = []
    while let scalar = rest.popFirst() {
      switch scalar {
      case "*": if tokens.last != .many { tokens.append(.many) }
      case "?": tokens.append(.one)
      case "[": tokens.append(try Self.readClass(&rest))
      case "\\":
        guard let escaped = rest.popFirst() else { throw .trailingBackslash }
        tokens.append(.literal(escaped))
      default: tokens.append(.literal(scalar))
      }
    }
    self.tokens = tokens
    var prefix = String.UnicodeScalarView()
    for case .literal(let scalar) in tokens.prefix(while: { if case .literal = $0 { true } else { false } }) {
      prefix.append(scalar)
    }
    literalPrefix = String(prefix)
  }

  private static func readClass(_ rest: inout Substring.UnicodeScalarView) throws(Mistake) -> Token {
    var ranges: [ClosedRange<Unicode.Scalar>] = []
    let isNegated = rest.first == "^"
    if isNegated { rest.removeFirst() }
    var isFirst = true
    while isFirst || rest.first != "]" {
      let lower = try readBound(&rest)
      var upper = lower
      if rest.first == "-" {
        rest.removeFirst()
        if rest.first == "]" { throw .misplacedDash }
        upper = try readBound(&rest)
      }
      if lower <= upper { ranges.append(lower...upper) }  // a reversed range is right, and matches nothing
      isFirst = false
    }
    rest.removeFirst()
    return .oneOf(ranges, isNegated: isNegated)
  }

  /// One character of a class. Something must follow it: the class is not over.
  private static func readBound(_ rest: inout Substring.UnicodeScalarView) throws(Mistake) -> Unicode.Scalar {
    guard var scalar = rest.popFirst() else { throw .openClass }
    if scalar == "]" { throw .emptyClass }
    if scalar == "-" { throw .misplacedDash }
    if scalar == "\\" {
      guard let escaped = rest.popFirst() else { throw .openClass }
      scalar = escaped
    }
    if rest.isEmpty { throw .openClass }
    return scalar
  }

  /// Whether the whole name matches. At most the product of both lengths in steps.
  func matches(_ name: String) -> Bool {
    let scalars = name.unicodeScalars
    var (at, token) = (scalars.startIndex, 0)
    // Where to go on after a mismatch: the latest `*` takes one character more.
    var retry: (at: String.Index, token: Int)?
    while at < scalars.endIndex {
      if token < tokens.count, tokens[token] == .many {
        token += 1
        retry = (at, token)
      } else if token < tokens.count, Self.accepts(tokens[token], scalars[at]) {
        at = scalars.index(after: at)
        token += 1
      } else if let last = retry, scalars[last.at] != "/" {
        at = scalars.index(after: last.at)
        token = last.token
        retry = (at, token)
      } else {
        return false
      }
    }
    return tokens[token...].allSatisfy { $0 == .many }
  }

  private static func accepts(_ token: Token, _ scalar: Unicode.Scalar) -> Bool {
    switch token {
    case .many: false
    case .one: scalar != "/"
    case .literal(let expected): scalar == expected
    case .oneOf(let ranges, let isNegated): ranges.contains { $0.contains(scalar) } != isNegated
    }
  }
}
