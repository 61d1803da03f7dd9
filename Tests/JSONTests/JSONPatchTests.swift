import JSON
import Testing

struct JSONPatchTests {
  @Test func `writes operations as RFC 6902 has them`() throws {
    var patch = JSONPatch()
    #expect(patch.isEmpty && patch.bytes == Array("[]".utf8))
    patch.add("/metadata/labels", "app/na~me\"", "x")
    patch.add("/spec/ipVersion") { $0.value(4) }
    patch.add("/metadata/finalizers", at: nil) { $0.value("f") }
    patch.add("/spec/ips", at: 0) { $0.array { $0.value("a") } }
    patch.replace("/spec/gateway", nil, "10.6.0.1")
    patch.remove("/spec/vlan")
    patch.remove("/metadata/annotations", "a/b")
    patch.add(at: JSONPointer(tokens: ["x\n", "/"])) { $0.null() }
    #expect(!patch.isEmpty)
    let expected = """
      [{"op":"add","path":"/metadata/labels/app~1na~0me\\"","value":"x"},\
      {"op":"add","path":"/spec/ipVersion","value":4},\
      {"op":"add","path":"/metadata/finalizers/-","value":"f"},\
      {"op":"add","path":"/spec/ips/0","value":["a"]},\
      {"op":"replace","path":"/spec/gateway","value":"10.6.0.1"},\
      {"op":"remove","path":"/spec/vlan"},\
      {"op":"remove","path":"/metadata/annotations/a~1b"},\
      {"op":"add","path":"/x\\n/~1","value":null}]
      """
    #expect(String(decoding: patch.bytes, as: UTF8.self) == expected)
    #expect(try JSONValue(parsing: patch.bytes).array?.count == 8)
    patch.reset()
    #expect(patch.isEmpty)
  }

  @Test func `does to a document what it says`() throws {
    var patch = JSONPatch()
    patch.add("/metadata/labels", "a/b", "c")
    patch.add("/spec/ips", at: nil) { $0.value("3") }
    patch.replace("/spec/ips/0", nil, "1")
    patch.remove("/spec/gone")
    let before: JSONValue = ["metadata": ["labels": [:]], "spec": ["ips": ["0", "2"], "gone": true]]
    let after: JSONValue = ["metadata": ["labels": ["a/b": "c"]], "spec": ["ips": ["1", "2", "3"]]]
    #expect(try patch.apply(to: before) == after)
  }

  /// Document, patch, result (nil: must fail). Most are the examples of RFC 6902, appendix A, in other words.
  static let applied: [(String, String, String?)] = [
    (#"{"a":1}"#, #"[{"op":"add","path":"/b","value":2}]"#, #"{"a":1,"b":2}"#),
    (#"{"a":[1,3]}"#, #"[{"op":"add","path":"/a/1","value":2}]"#, #"{"a":[1,2,3]}"#),
    (#"{"a":[1]}"#, #"[{"op":"add","path":"/a/-","value":[2]}]"#, #"{"a":[1,[2]]}"#),
    (#"{"a":[1]}"#, #"[{"op":"add","path":"/a/2","value":2}]"#, nil),
    (#"{"a":[1]}"#, #"[{"op":"add","path":"/a/01","value":2}]"#, nil),
    (#"{"a":1}"#, #"[{"op":"add","path":"/b/c","value":2}]"#, nil),
    (#"{"a":1}"#, #"[{"op":"add","path":"/a/c","value":2}]"#, nil),
    (#"{"a":1}"#, #"[{"op":"add","path":"","value":[]}]"#, "[]"),
    (#"{"a":1}"#, #"[{"op":"add","path":"/a","value":null}]"#, #"{"a":null}"#),
    (#"{"a":1}"#, #"[{"op":"add","path":"/b"}]"#, nil),
    (#"{"a":1,"b":2}"#, #"[{"op":"remove","path":"/b"}]"#, #"{"a":1}"#),
    (#"{"a":[1,2,3]}"#, #"[{"op":"remove","path":"/a/1"}]"#, #"{"a":[1,3]}"#),
    (#"{"a":[1]}"#, #"[{"op":"remove","path":"/a/1"}]"#, nil),
    (#"{"a":[1]}"#, #"[{"op":"remove","path":"/a/-"}]"#, nil),
    (#"{"a":1}"#, #"[{"op":"remove","path":"/b"}]"#, nil),
    (#"{"a":1,"b":2}"#, #"[{"op":"replace","path":"/a","value":{"c":3}}]"#, #"{"a":{"c":3},"b":2}"#),
    (#"{"a":1}"#, #"[{"op":"replace","path":"/b","value":2}]"#, nil),
    (#"{"a":{"b":1},"c":{}}"#, #"[{"op":"move","from":"/a/b","path":"/c/d"}]"#, #"{"a":{},"c":{"d":1}}"#),
    (#"{"a":[1,2,3]}"#, #"[{"op":"move","from":"/a/0","path":"/a/2"}]"#, #"{"a":[2,3,1]}"#),
    (#"{"a":{"b":1}}"#, #"[{"op":"move","from":"/a","path":"/a/b"}]"#, nil),
    (#"{"a":1}"#, #"[{"op":"move","from":"/a","path":"/a"}]"#, #"{"a":1}"#),
    (#"{"a":{"b":1}}"#, #"[{"op":"copy","from":"/a","path":"/a/c"}]"#, #"{"a":{"b":1,"c":{"b":1}}}"#),
    (#"{"a":1}"#, #"[{"op":"copy","from":"/b","path":"/c"}]"#, nil),
    (#"{"a":[1,{"b":2}]}"#, #"[{"op":"test","path":"/a","value":[1.0,{"b":2}]}]"#, #"{"a":[1,{"b":2}]}"#),
    (#"{"a":1}"#, #"[{"op":"test","path":"/a","value":"1"}]"#, nil),
    (#"{"/":1,"~1":2}"#, #"[{"op":"test","path":"/~01","value":2}]"#, #"{"/":1,"~1":2}"#),
    (#"{"a":1}"#, #"[{"op":"frob","path":"/a"}]"#, nil), (#"{"a":1}"#, #"[{"path":"/a"}]"#, nil),
    (#"{"a":1}"#, #"{"op":"remove","path":"/a"}"#, nil), (#"{"a":1}"#, #"[{"op":"remove","path":"a"}]"#, nil),
  ]

  @Test(arguments: applied)
  func `applies a patch or refuses it`(document: String, patch: String, result: String?) throws {
    let (document, patch) = (try JSONValue(parsing: document), try JSONValue(parsing: patch))
    if let result {
      #expect(try JSONPatch.apply(patch, to: document) == JSONValue(parsing: result))
    } else {
      #expect(throws: JSONPatchError.self) { try JSONPatch.apply(patch, to: document) }
    }
  }

  @Test func `says which operation failed and where`() throws {
    let patch = try JSONValue(
      parsing: #"[{"op":"add","path":"/a","value":1},{"op":"test","path":"/a","value":2}]"#)
    #expect(throws: JSONPatchError.testFailed("/a", operation: 1)) { try JSONPatch.apply(patch, to: [:]) }
    let missing = try JSONValue(parsing: #"[{"op":"remove","path":"/x/y"}]"#)
    #expect(throws: JSONPatchError.noSuchPlace("/x/y", operation: 0)) {
      try JSONPatch.apply(missing, to: [:])
    }
  }

  /// Target, patch, result: the test cases of RFC 7396, appendix A, in part.
  static let merged: [(String, String, String)] = [
    (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#), (#"{"a":"b"}"#, #"{"b":"c"}"#, #"{"a":"b","b":"c"}"#),
    (#"{"a":"b"}"#, #"{"a":null}"#, "{}"), (#"{"a":["b"]}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
    (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#),
    (#"{"a":"foo"}"#, "null", "null"),
    (#"{"e":null}"#, #"{"a":1}"#, #"{"e":null,"a":1}"#), ("[1,2]", #"{"a":"b","c":null}"#, #"{"a":"b"}"#),
    ("{}", #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}}}"#),
  ]

  @Test(arguments: merged)
  func `lays a merge patch over a document`(target: String, patch: String, result: String) throws {
    var value = try JSONValue(parsing: target)
    value.merge(try JSONValue(parsing: patch))
    #expect(try value == JSONValue(parsing: result))
  }
}
