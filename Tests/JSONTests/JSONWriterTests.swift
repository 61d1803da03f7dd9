import JSON
import Testing

struct JSONWriterTests {
  func written(_ body: (inout JSONWriter) -> Void) -> String {
    var writer = JSONWriter()
    body(&writer)
    return String(decoding: writer.finish(), as: UTF8.self)
  }

  @Test func `writes each kind of value, with commas where they belong`() {
    let text = written { writer in
      writer.object { writer in
        writer.key("a")
        writer.array { writer in
          writer.value(1)
          writer.value(-20)
          writer.value(UInt64.max)
          writer.value(Int64.min)
          writer.value(0.5)
          writer.value(true)
          writer.value(false)
          writer.null()
          writer.value("s" as StaticString)
          writer.value("t")
          writer.value("uvw".dropFirst())
          writer.value(utf8: [0x78])
          writer.object { _ in }
          writer.array { _ in }
          writer.raw("{\"r\":0}")
          writer.raw(Array("[0]".utf8))
        }
        writer.key("b" as String)
        writer.value(.infinity)
        writer.key("c")
        writer.object { writer in
          writer.key("d")
          writer.null()
        }
      }
    }
    #expect(
      text == """
        {"a":[1,-20,18446744073709551615,-9223372036854775808,0.5,true,false,null,"s","t","vw","x",{},[],{"r":0},[0]],\
        "b":null,"c":{"d":null}}
        """)
  }

  @Test(arguments: [0, 9, 10, 99, 100, 1_234_567_890, Int64.max])
  func `writes integers of any length`(number: Int64) {
    #expect(written { $0.value(number) } == "\(number)")
    #expect(written { $0.value(-number) } == "\(-number)")
  }

  @Test func `escapes what must be escaped at any place of a text, and nothing else`() throws {
    let texts = (0..<0x80).map { String(Unicode.Scalar(UInt8($0))) } + ["é", "\u{2028}", "😀", "\u{ff}"]
    for text in texts {
      for before in 0..<10 {
        let whole = String(repeating: "x", count: before) + text + "yz\(text)\(text)0123456789"
        let json = written { $0.value(whole) }
        #expect(try JSONValue(parsing: json).string == whole)
        let isEscaped = text < " " || text == "\"" || text == "\\"
        #expect(json.contains("\\") == isEscaped)
      }
    }
    #expect(written { $0.value("\u{1}\u{1f}\u{8}\u{c}\n\r\t\"\\/") } == #""\u0001\u001f\b\f\n\r\t\"\\/""#)
  }

  @Test func `escapes keys as it does values`() {
    let text = written { writer in
      writer.object { writer in
        writer.key("a\"b" as StaticString)
        writer.value(1)
        writer.key("c\nd" as String)
        writer.value(2)
      }
    }
    #expect(text == #"{"a\"b":1,"c\nd":2}"#)
  }

  @Test func `starts anew after the document was handed over or forgotten`() {
    var writer = JSONWriter(reserving: 4)
    writer.value("a longer text than was reserved")
    #expect(writer.count == writer.bytes.count)
    writer.reset()
    writer.value(1)
    #expect(writer.finish() == Array("1".utf8))
    writer.value(2)
    #expect(writer.bytes == Array("2".utf8))
  }

  static let base64: [(String, String)] = [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
    ("foobar", "Zm9vYmFy"), ("\u{0}", "AA=="), ("\u{7f}>?~", "fz4/fg=="),
  ]

  @Test(arguments: base64)
  func `writes bytes in base64`(content: String, encoded: String) {
    #expect(written { $0.base64(Array(content.utf8)) } == "\"\(encoded)\"")
  }

  @Test func `uses the whole alphabet of base64`() {
    let all: [UInt8] = (0..<16).flatMap { group -> [UInt8] in
      let (a, b, c, d) = (group * 4, group * 4 + 1, group * 4 + 2, group * 4 + 3)
      return [UInt8(a << 2 | b >> 4), UInt8((b & 15) << 4 | c >> 2), UInt8((c & 3) << 6 | d)]
    }
    #expect(
      written { $0.base64(all) } == "\"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/\"")
  }
}
