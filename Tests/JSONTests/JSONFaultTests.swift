import TestSupport
import Testing

@testable import JSON

struct JSONFaultTests {
  static let documents = [
    #"{"kind":"Pod","spec":{"ips":["10.0.0.1","é\u00e9\ud83d\ude00"],"n":[-1,2.5e3,0]},"t":[true,false,null,{},[]]}"#,
    #"[[[1,"\\\"\/\b\f\n\r\t"],{"a":{"b":-0.0}}],18446744073709551615,""]"#,
    #" { "a" : 1e-2 , "b\u0000" : [ ] } "#,
  ]
  static let fragments =
    [
      "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\ud800", "0", "-", ".", "e", "1", "true", "nul", " ",
      "\u{0}",
      "\u{1f}", "99999999999999999999", "1e999", "é",
    ].map { Array($0.utf8) } + [[0x80], [0xC3], [0xED, 0xA0, 0x80], [0xF4, 0x90], [0xFF]]

  /// The fault finder runs only when simdjson has refused a document; where the two disagreed, the place told would be
  /// wrong.
  @Test func `the slow reader refuses exactly what simdjson refuses`() {
    var random = SeededGenerator.announced()
    var parser = JSONParser()
    var refusals = 0
    for _ in 0..<20_000 {
      var bytes = Array((Self.documents.randomElement(using: &random) ?? "").utf8)
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let start = Int.random(in: 0...bytes.count, using: &random)
        let end = min(bytes.count, start + Int.random(in: 0...3, using: &random))
        let fragment = Bool.random(using: &random) ? Self.fragments.randomElement(using: &random) ?? [] : []
        bytes.replaceSubrange(start..<end, with: fragment)
      }
      let fault = bytes.withUnsafeBytes { JSONFaultFinder.firstFault(in: $0, maximumDepth: 512) }
      do throws(JSONError) {
        _ = try parser.parse(bytes) { $0.kind }
        #expect(fault == nil, "\(String(decoding: bytes, as: UTF8.self))")
      } catch {
        if case .duplicateKey = error { continue }
        refusals += 1
        #expect(fault == error, "\(String(decoding: bytes, as: UTF8.self))")
      }
    }
    #expect(refusals > 1000)
  }

  @Test func `keeps no more memory after a large document than after a small one`() throws {
    var parser = JSONParser()
    #expect(parser.heldCapacity == 0)
    _ = try parser.parse(Array("[1]".utf8)) { _ in }
    let small = parser.heldCapacity
    #expect(small > 0 && small <= JSONParser.retainedCapacity)
    let large = Array(("[" + String(repeating: "1,", count: 1_000_000) + "1]").utf8)
    #expect(try parser.parse(large) { $0.count } == 1_000_001)
    #expect(parser.heldCapacity == 0)
    #expect(throws: JSONError.self) { try parser.parse(large.dropLast() + [0x2C]) { _ in } }
    #expect(parser.heldCapacity == 0)
    for _ in 0..<3 { _ = try parser.parse(Array("[1]".utf8)) { _ in } }
    #expect(parser.heldCapacity == small)
  }
}
