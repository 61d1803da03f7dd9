import JSON
import Testing

/// Parses and gives the document back as the writer writes it, or the error.
func reread(_ text: String) -> Result<String, JSONError> { reread(Array(text.utf8)) }

func reread(_ bytes: [UInt8], maximumDepth: Int = 512) -> Result<String, JSONError> {
  var parser = JSONParser(maximumDepth: maximumDepth)
  do throws(JSONError) {
    return .success(
      try parser.parse(bytes) { view in
        var writer = JSONWriter()
        writer.value(view)
        return String(decoding: writer.bytes, as: UTF8.self)
      })
  } catch {
    return .failure(error)
  }
}

struct JSONParserTests {
  static let accepted: [(String, String)] = [
    ("null", "null"), ("true", "true"), (" false\n", "false"), ("0", "0"), ("-0", "0"), ("-1", "-1"),
    ("9223372036854775807", "9223372036854775807"), ("-9223372036854775808", "-9223372036854775808"),
    ("9223372036854775808", "9223372036854775808"), ("18446744073709551615", "18446744073709551615"),
    ("1.5", "1.5"), ("1.0", "1.0"), ("1e3", "1000.0"), ("1E-2", "0.01"), ("-0.0", "-0.0"), ("1e-999", "0.0"),
    (#""""#, #""""#), (#""a\u0000b""#, #""a\u0000b""#), (#""\ud83d\ude00""#, #""😀""#),
    (#""\/\b\f\n\r\t\"\\""#, #""/\b\f\n\r\t\"\\""#), ("\"\u{7f}é€😀\"", "\"\u{7f}é€😀\""),
    ("[]", "[]"), ("{}", "{}"), ("[ 1 , [ ] , { } ]", "[1,[],{}]"),
    (#"{ "a" : { "b" : [ 1 , 2.5 , null ] } , "" : "" }"#, #"{"a":{"b":[1,2.5,null]},"":""}"#),
    (#"{"a\u0000":1,"a":2,"a\u0000b":3}"#, #"{"a\u0000":1,"a":2,"a\u0000b":3}"#),
    ("\t\r\n [1]\t\r\n ", "[1]"), ("{\"\u{e9}\":1,\"e\u{301}\":2}", "{\"\u{e9}\":1,\"e\u{301}\":2}"),
  ]

  @Test(arguments: accepted)
  func `reads a well-formed document`(text: String, written: String) {
    #expect(reread(text) == .success(written))
  }

  static let refused: [(String, JSONError)] = [
    ("", .empty), (" \n\t\r ", .empty), ("[", .truncated), ("{", .truncated), ("[1", .truncated),
    ("[1,", .truncated), (#"{"a""#, .truncated), (#"{"a":"#, .truncated), (#"{"a":1"#, .truncated),
    (#"{"a":1,"#, .truncated), ("\"abc", .truncated), ("\"abc\\", .truncated), (#""\u12"#, .truncated),
    ("-", .truncated), ("1.", .truncated), ("1e", .truncated), ("1e+", .truncated), ("nul", .truncated),
    ("[1,]", .syntax(at: 3)), (#"{"a":1,}"#, .syntax(at: 7)), ("[,1]", .syntax(at: 1)),
    ("[1 2]", .syntax(at: 3)),
    ("{a:1}", .syntax(at: 1)), ("{1:1}", .syntax(at: 1)), (#"{"a" 1}"#, .syntax(at: 5)),
    (#"{"a":1 "b":2}"#, .syntax(at: 7)), (#"{"a",1}"#, .syntax(at: 4)), ("{]", .syntax(at: 1)),
    ("[}", .syntax(at: 1)), ("[1}", .syntax(at: 2)), ("]", .syntax(at: 0)), ("1 2", .syntax(at: 2)),
    ("{} x", .syntax(at: 3)), ("[1]]", .syntax(at: 3)), ("01", .syntax(at: 1)), ("-01", .syntax(at: 2)),
    ("+1", .syntax(at: 0)), (".5", .syntax(at: 0)), ("1.e1", .syntax(at: 2)), ("0x10", .syntax(at: 1)),
    ("1e1.5", .syntax(at: 3)), ("-a", .syntax(at: 1)), ("NaN", .syntax(at: 0)), ("Infinity", .syntax(at: 0)),
    ("nulL", .syntax(at: 3)), ("trueX", .syntax(at: 4)), ("falsefalse", .syntax(at: 5)),
    ("True", .syntax(at: 0)),
    ("'a'", .syntax(at: 0)), ("\"\u{1}\"", .syntax(at: 1)), ("\"a\nb\"", .syntax(at: 2)),
    (#""\x41""#, .syntax(at: 2)), (#""\u00G0""#, .syntax(at: 5)), (#""\U0041""#, .syntax(at: 2)),
    ("// c\n1", .syntax(at: 0)), ("[1/* */]", .syntax(at: 2)), ("\u{feff}{}", .syntax(at: 0)),
    ("\u{a0}1", .syntax(at: 0)), ("[1]\u{0}", .syntax(at: 3)), ("[\u{0}]", .syntax(at: 1)),
    (#""\ud800""#, .loneSurrogate(at: 1)), (#""x\ud800\u0041""#, .loneSurrogate(at: 2)),
    (#""\udc00""#, .loneSurrogate(at: 1)), (#""\udc00\ud800""#, .loneSurrogate(at: 1)),
    (#""\ud800\ud800\udc00""#, .loneSurrogate(at: 1)), (#"{"\udfff":1}"#, .loneSurrogate(at: 2)),
    ("1e999", .numberOutOfRange(at: 0)), ("[1,-1e400]", .numberOutOfRange(at: 3)),
    ("18446744073709551616", .numberOutOfRange(at: 0)), ("-9223372036854775809", .numberOutOfRange(at: 0)),
    ("[123456789012345678901234567890]", .numberOutOfRange(at: 1)),
  ]

  @Test(arguments: refused)
  func `refuses a malformed document and says where`(text: String, error: JSONError) {
    #expect(reread(text) == .failure(error))
  }

  static let notUTF8: [([UInt8], Int)] = [
    ([0xFF], 0), ([0x80], 0), ([0xC0, 0x80], 0), ([0xC1, 0xBF], 0), ([0xE0, 0x80, 0x80], 0),
    ([0xED, 0xA0, 0x80], 0), ([0xF4, 0x90, 0x80, 0x80], 0), ([0xF5, 0x80, 0x80, 0x80], 0), ([0xC3], 0),
    ([0x61, 0xE2, 0x82], 1), ([0xC3, 0xA9, 0xC3, 0x28], 2), ([0xF0, 0x80, 0x80, 0x80], 0),
  ]

  @Test(arguments: notUTF8)
  func `refuses strings that are not UTF-8`(content: [UInt8], offset: Int) {
    #expect(reread([0x22] + content + [0x22]) == .failure(.invalidUTF8(at: offset + 1)))
  }

  static let duplicates: [(String, String)] = [
    (#"{"a":1,"a":2}"#, "/a"), (#"{"a":1,"b":{"c":[0,{"x/y":1,"~":2,"x/y":3}]}}"#, "/b/c/1/x~1y"),
    (#"{"":1,"":1}"#, "/"), (#"{"a":1,"\u0061":2}"#, "/a"), (#"[[],[{"k":{},"k":[]}]]"#, "/1/0/k"),
    (#"{"spec":{"subnet":"1","subnet":"2"}}"#, "/spec/subnet"),
    (#"{"a\u0000":1,"b":2,"a\u0000":3}"#, "/a\u{0}"),
    (#"{"0123456789abcdef":1,"0123456789abcdef":2}"#, "/0123456789abcdef"),
  ]

  @Test(arguments: duplicates)
  func `refuses a key twice in one object and points to it`(text: String, pointer: String) {
    #expect(reread(text) == .failure(.duplicateKey(pointer: pointer)))
  }

  @Test(arguments: [2, 15, 16, 17, 18, 63, 64, 65, 1000])
  func `finds a repeated key wherever the two stand in an object of any size`(count: Int) {
    for second in Set([1, count / 2, count - 1]) where second > 0 {
      for first in Set([0, second / 2, second - 1]) where first < second {
        var keys = (0..<count).map { "spec.ipam/key-\($0)" }
        let document = { (keys: [String]) in "{" + keys.map { "\"\($0)\":0" }.joined(separator: ",") + "}" }
        #expect(reread(document(keys)) == .success(document(keys)))
        keys[second] = keys[first]
        #expect(reread(document(keys)) == .failure(.duplicateKey(pointer: "/spec.ipam~1key-\(first)")))
      }
    }
  }

  // Pairwise it would be 5 * 10^9 comparisons.
  @Test(.timeLimit(.minutes(5)))
  func `reads an object of a hundred thousand keys without comparing each with each`() throws {
    let keys = (0..<100_000).map { "\"prefix-same-\($0)-suffix-same\":0" }.joined(separator: ",")
    var parser = JSONParser()
    #expect(try parser.parse(Array("{\(keys)}".utf8)) { $0.count } == 100_000)
  }

  @Test func `accepts the depth limit and refuses one level more`() {
    let nested = { (depth: Int) in
      String(repeating: "[", count: depth) + "1" + String(repeating: "]", count: depth)
    }
    #expect(reread(nested(512)) == .success(nested(512)))
    #expect(reread(nested(513)) == .failure(.tooDeep(limit: 512)))
    #expect(reread(Array(#"{"a":{"b":1}}"#.utf8), maximumDepth: 1) == .failure(.tooDeep(limit: 1)))
    #expect(reread(Array(#"{"a":{}}"#.utf8), maximumDepth: 1) == .success(#"{"a":{}}"#))
  }

  @Test func `answers seven megabytes of opening brackets with the depth error`() {
    #expect(reread([UInt8](repeating: 0x5B, count: 7 << 20)) == .failure(.tooDeep(limit: 512)))
  }

  @Test func `refuses one byte more than the size limit before looking at it`() {
    var parser = JSONParser(maximumBytes: 4)
    #expect((try? parser.parse(Array("1234".utf8)) { $0.int }) == 1234)
    #expect(throws: JSONError.tooLarge(limit: 4)) { try parser.parse(Array("12345".utf8)) { $0.int } }
  }

  @Test func `reads on after an error and after a large document`() throws {
    var parser = JSONParser()
    let large = Array(("[" + String(repeating: "123456,", count: 200_000) + "0]").utf8)
    for _ in 0..<3 {
      #expect(try parser.parse(large) { $0.count } == 200_001)
      #expect(throws: JSONError.syntax(at: 1)) { try parser.parse(Array("[,]".utf8)) { _ in } }
      #expect(try parser.parse(Array(#"{"a":"b"}"#.utf8)) { $0["a"]?.string } == "b")
      #expect(throws: JSONError.duplicateKey(pointer: "/a")) {
        try parser.parse(Array(#"{"a":0,"a":0}"#.utf8)) { _ in }
      }
    }
  }

  @Test func `passes on what the reader throws`() {
    struct Stop: Error {}
    var parser = JSONParser()
    #expect(throws: Stop.self) { try parser.read(Array("{}".utf8)) { _ in throw Stop() } }
    #expect(throws: JSONError.empty) { try parser.read([]) { _ in } }
  }
}
