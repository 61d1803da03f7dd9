import JSON
import Testing

struct JSONValueTests {
  @Test func `keeps the order of keys and the value of everything`() throws {
    let text = #"{"z":[1,-2,18446744073709551615,2.5,"\u0000é",true,false,null,[],{}],"a":{"c":1,"b":2}}"#
    #expect(try JSONValue(parsing: text).description == text)
  }

  @Test func `compares objects irrespective of the order of keys`() throws {
    let a = try JSONValue(parsing: #"{"a":1,"b":{"c":[1,2],"d":null}}"#)
    #expect(try a == JSONValue(parsing: #"{"b":{"d":null,"c":[1,2]},"a":1}"#))
    #expect(try a != JSONValue(parsing: #"{"b":{"d":null,"c":[2,1]},"a":1}"#))
    #expect(try a != JSONValue(parsing: #"{"b":{"c":[1,2]},"a":1}"#))
    #expect(try a != JSONValue(parsing: #"{"b":{"d":false,"c":[1,2]},"a":1}"#))
  }

  @Test func `compares numbers as numbers and texts byte by byte`() {
    #expect(JSONValue.int(1) == .double(1))
    #expect(JSONValue.uint(1) == .int(1))
    #expect(JSONValue.uint(.max) != .int(-1))
    #expect(JSONValue.int(.max) != .double(9_223_372_036_854_775_808))
    #expect(JSONValue.double(0.5) != .int(0))
    #expect(JSONValue.int(1) != .bool(true) && JSONValue.int(0) != .null && JSONValue.string("1") != .int(1))
    #expect(JSONValue.string("\u{e9}") != .string("e\u{301}"))
  }

  @Test(arguments: [3, 16, 17, 40])
  func `finds, replaces, adds and takes out members of small and large objects`(count: Int) {
    var object = JSONObject()
    for number in 0..<count { object["key\(number)"] = .int(Int64(number)) }
    object["key1"] = "one"
    #expect(object.count == count)
    #expect(object.keys == (0..<count).map { "key\($0)" })
    #expect(object["key1"] == "one" && object["key\(count)"] == nil)
    object["key0"] = nil
    #expect(object["key0"] == nil && object.count == count - 1)
    #expect((1..<count).allSatisfy { object["key\($0)"] != nil })
    object["key0"] = true
    #expect(object.keys.last == "key0" && object["key\(count - 1)"] != nil)
  }

  @Test func `keeps keys apart that Unicode calls equivalent`() {
    var object = JSONObject([(key: "\u{e9}", value: 1), (key: "e\u{301}", value: 2)])
    #expect(object.count == 2 && object["\u{e9}"] == 1 && object["e\u{301}"] == 2)
    for number in 0..<20 { object["\(number)"] = .int(0) }
    #expect(object["\u{e9}"] == 1 && object["e\u{301}"] == 2)
  }

  @Test func `reads and writes by key and by place`() throws {
    var value: JSONValue = ["spec": ["ips": ["a", "b"], "n": 1.5, "on": true]]
    #expect(value["spec"]?["ips"]?.array?.count == 2)
    #expect(value.at(try #require(JSONPointer("/spec/ips/1"))) == "b")
    #expect(value.at(try #require(JSONPointer("/spec/ips/2"))) == nil)
    #expect(value.at(try #require(JSONPointer("/spec/n/0"))) == nil)
    value["status"] = ["x": 1]
    value["spec"]?["n"] = nil
    #expect(value.description == #"{"spec":{"ips":["a","b"],"on":true},"status":{"x":1}}"#)
    value["status"]?["x"]?["y"] = 2
    #expect(value["status"]?["x"]?["y"]?.int == 2)
  }

  @Test func `reads pointers strictly and writes them back`() {
    for text in ["", "/", "/a", "/a/0/b", "/~0~1/~01", "//", "/é"] {
      #expect(JSONPointer(text)?.description == text)
    }
    #expect(JSONPointer("/~0~1/~01")?.tokens == ["~/", "~1"])
    for text in ["a", "a/b", "/~", "/~2", "/a~"] { #expect(JSONPointer(text) == nil) }
  }
}
