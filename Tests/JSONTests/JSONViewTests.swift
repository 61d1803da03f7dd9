import JSON
import Testing

/// Parses and hands the view to the test.
func withView<Result>(_ text: String, _ body: (JSONView) throws -> Result) throws -> Result {
  var parser = JSONParser()
  return try parser.read(Array(text.utf8), body)
}

struct JSONViewTests {
  @Test func `finds members by key and nothing else`() throws {
    try withView(#"{"kind":"Pod","spec":{"hostNetwork":true,"long-name-over-eight":7},"n":null,"k":[1]}"#) {
      view in
      #expect(view.kind == .object && view.count == 4)
      #expect(view["kind"]?.equals("Pod") == true)
      #expect(view["kind"]?.equals("pod") == false)
      #expect(view["kind"]?.equals("Pods") == false)
      #expect(view["spec"]?["hostNetwork"]?.bool == true)
      #expect(view["spec"]?["long-name-over-eight"]?.int == 7)
      #expect(view["spec"]?.member("long-name-over-eight")?.int == 7)
      #expect(view["spec"]?["long-name-over-eighT"] == nil)
      #expect(view["kin"] == nil && view["kinds"] == nil && view[""] == nil && view["hostNetwork"] == nil)
      #expect(view["n"]?.isNull == true)
      #expect(view["kind"]?["Pod"] == nil && view["k"]?["1"] == nil)
      #expect(view.members.map { $0.key.string ?? "?" } == ["kind", "spec", "n", "k"])
    }
  }

  @Test func `gives elements in order`() throws {
    try withView(#"[1,"two",[3,[4]],{"five":6},7.5,18446744073709551615,null]"#) { view in
      #expect(view.count == 7)
      #expect(view.elements.map(\.kind) == [.number, .string, .array, .object, .number, .number, .null])
      #expect(view.element(0)?.int == 1)
      #expect(view.element(3)?["five"]?.int == 6)
      #expect(view.element(6)?.isNull == true)
      #expect(view.element(7) == nil && view.element(-1) == nil)
      #expect(view.members.map { _ in 0 }.isEmpty)
      #expect(view.element(3)?.elements.map { _ in 0 }.isEmpty == true)
    }
  }

  @Test func `keeps number types apart`() throws {
    try withView(#"[-1,9223372036854775808,1.0,"1",1]"#) { view in
      let elements = Array(view.elements)
      #expect(elements.map(\.int) == [-1, nil, nil, nil, 1])
      #expect(elements.map(\.uint) == [nil, 9_223_372_036_854_775_808, nil, nil, 1])
      #expect(elements.map(\.double) == [-1, 9_223_372_036_854_775_808, 1, nil, 1])
      #expect(elements.map(\.bool) == [nil, nil, nil, nil, nil])
      #expect(elements.map(\.string) == [nil, nil, nil, "1", nil])
    }
  }

  @Test func `treats a NUL as a character like any other`() throws {
    try withView(#"{"a\u0000b":"x\u0000","a":1}"#) { view in
      #expect(view["a"]?.int == 1)
      #expect(view["a\u{0}b"]?.string == "x\u{0}")
      #expect(view.member("a\u{0}b")?.equals("x") == false)
      #expect(view.member("a\u{0}b")?.equals("x\u{0}") == true)
      #expect(view.member("a\u{0}b")?.utf8?.count == 2)
    }
  }

  @Test func `follows a JSON Pointer`() throws {
    try withView(#"{"a":[{"b/c":1},{"m~n":[2]}],"":3,"0":4}"#) { view in
      let at = { (text: String) in JSONPointer(text).flatMap(view.at) }
      #expect(at("")?.kind == .object)
      #expect(at("/a/0/b~1c")?.int == 1)
      #expect(at("/a/1/m~0n/0")?.int == 2)
      #expect(at("/")?.int == 3)
      #expect(at("/0")?.int == 4)
      for missing in ["/a/2", "/a/-", "/a/00", "/a/0/b", "/0/x", "/a/-1", "/a/+0"] {
        #expect(at(missing) == nil)
      }
    }
  }

  @Test func `compares strings of two views`() throws {
    try withView(#"["0123456789","0123456789","0123456780","012345678",1]"#) { view in
      let elements = Array(view.elements)
      #expect(elements[0].equals(elements[1]))
      #expect(!elements[0].equals(elements[2]))
      #expect(!elements[0].equals(elements[3]))
      #expect(!elements[4].equals(elements[4]))
    }
  }
}
