import TestSupport
import Testing

@testable import IPAM

@Suite struct `Patterns of names` {
  /// The cases follow the description of Go's `filepath.Match`, escapes and classes included.
  @Test(arguments: [
    ("*", "", true), ("*", "web", true), ("web", "web", true), ("web", "web1", false), ("web*", "web", true),
    ("web-*", "web-a", true), ("*-a", "web-a", true), ("*-a", "web-b", false), ("w*b", "web", true),
    ("*e*e*", "tee", true), ("*e*e*", "tea", false), ("*a*b", "aab", true), ("a*b*c", "abbbc", true),
    ("a*b*c", "abbb", false), ("we?", "web", true), ("we?", "we", false), ("we??", "web", false),
    ("?", "é", true),
    ("[a-c]x", "bx", true), ("[a-c]x", "dx", false), ("[^a-c]x", "dx", true), ("[^a-c]x", "ax", false),
    ("[abc]", "c", true), ("[a-cx-z]", "y", true), ("[c-a]", "b", false), ("[^c-a]", "b", true),
    ("[\\]a]", "]", true), ("[\\-x]", "-", true), ("[x\\-]", "z", false), ("a]b", "a]b", true),
    ("\\*", "*", true), ("\\*", "a", false), ("\\a", "a", true), ("*", "a/b", false), ("a?b", "a/b", false),
    ("", "", true), ("", "a", false), ("**", "web", true), ("[*]", "*", true), ("[?]", "a", false),
  ])
  func `match as in Go`(_ pattern: String, _ name: String, _ isMatch: Bool) throws {
    #expect(try NamePattern(pattern).matches(name) == isMatch)
  }

  @Test(arguments: [
    ("[", NamePattern.Mistake.openClass), ("[a", .openClass), ("a*[", .openClass), ("[]", .emptyClass),
    ("[]a]", .emptyClass), ("[^]", .emptyClass), ("[-]", .misplacedDash), ("[-x]", .misplacedDash),
    ("[x-]", .misplacedDash), ("[a-", .openClass), ("[a-b", .openClass), ("[\\", .openClass),
    ("[a\\", .openClass),
    ("\\", .trailingBackslash), ("*\\", .trailingBackslash), ("[^", .openClass),
  ])
  func `that are wrong are told`(_ pattern: String, _ mistake: NamePattern.Mistake) {
    #expect(throws: mistake) { try NamePattern(pattern) }
  }

  @Test(arguments: [
    ("web", false), ("w*", true), ("w?", true), ("[a]", true), ("[a", false), ("a]", false), ("a\\b", false),
    ("]a[", true),
  ])
  func `are told from plain names`(_ text: String, _ isPattern: Bool) {
    #expect(NamePattern.isPattern(text) == isPattern)
  }

  @Test(arguments: [("web-*", "web-"), ("*", ""), ("w\\*b[c]", "w*b"), ("web", "web")])
  func `know how each name starts`(_ pattern: String, _ prefix: String) throws {
    #expect(try NamePattern(pattern).literalPrefix == prefix)
  }

  @Test func `take time in proportion to their length, not more`() throws {
    let pattern = try NamePattern(String(repeating: "a*", count: 100) + "b")
    #expect(!pattern.matches(String(repeating: "a", count: 253)))
  }
}

@Suite struct `Suggestions of names` {
  @Test(arguments: [
    ("", "", 0), ("a", "", 1), ("web", "web", 0), ("web", "wbe", 2), ("web", "wb", 1), ("web", "wweb", 1),
    ("web", "xyz", 3), ("abcdef", "abcfed", 2), ("abcdef", "badcfe", 3), ("kitten", "sitting", 3),
  ])
  func `count differences up to a limit`(_ a: String, _ b: String, _ distance: Int) {
    #expect(NameSuggestion.distance(Array(a.utf8), Array(b.utf8), limit: 2) == distance)
    #expect(NameSuggestion.distance(Array(b.utf8), Array(a.utf8), limit: 2) == distance)
  }

  @Test func `agree with the whole table of differences`() {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SeededGenerator(seed: seed)
    for _ in 0..<2000 {
      let a = (0..<Int.random(in: 0...6, using: &random)).map { _ in UInt8.random(in: 97...99, using: &random)
      }
      let b = (0..<Int.random(in: 0...6, using: &random)).map { _ in UInt8.random(in: 97...99, using: &random)
      }
      let limit = Int.random(in: 0...4, using: &random)
      #expect(
        NameSuggestion.distance(a, b, limit: limit) == min(Self.distance(a[...], b[...]), limit + 1),
        "seed \(seed), \(a), \(b), \(limit)")
    }
  }

  private static func distance(_ a: ArraySlice<UInt8>, _ b: ArraySlice<UInt8>) -> Int {
    guard let first = a.first, let second = b.first else { return a.count + b.count }
    if first == second { return distance(a.dropFirst(), b.dropFirst()) }
    return 1
      + min(
        distance(a.dropFirst(), b), distance(a, b.dropFirst()), distance(a.dropFirst(), b.dropFirst()))
  }

  @Test func `prefer the nearest, and list names otherwise`() {
    let names = ["db-pool", "web-pool", "web-pool2"]
    #expect(NameSuggestion.closest(to: "web-pol", among: names) == ["web-pool"])
    #expect(
      NameSuggestion.text(for: "web-pool3", among: names, what: "IPv4 pool")
        == "did you mean web-pool or web-pool2?")
    #expect(
      NameSuggestion.text(for: "x", among: names + ["z"], what: "IPv4 pool")
        == "the IPv4 pools are db-pool, web-pool, web-pool2 and 1 more")
    #expect(NameSuggestion.text(for: "x", among: [], what: "IPv4 pool") == "there is no IPv4 pool yet")
  }
}
