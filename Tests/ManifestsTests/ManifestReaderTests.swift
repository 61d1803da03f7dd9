import Foundation
import JSON
import Manifests
import Testing

/// What a text says, document by document.
func read(
  _ text: String, _ file: String = "f.yaml", limits: ManifestReader.Limits = ManifestReader.Limits()
) throws(ManifestError) -> [JSONValue] {
  var values: [JSONValue] = []
  let reader = ManifestReader(limits: limits)
  try reader.read(bytes: Array(text.utf8), file: file) { document throws(ManifestError) in
    values.append(document.value)
  }
  return values
}

/// Why a text cannot be read; "read" if it can.
func failure(
  _ text: String, _ file: String = "f.yaml", limits: ManifestReader.Limits = ManifestReader.Limits()
) -> String {
  do throws(ManifestError) {
    _ = try read(text, file, limits: limits)
    return "read"
  } catch {
    return error.description
  }
}

@Suite struct `A manifest` {
  @Test(arguments: [
    ("text", "\"text\""), ("two words", "\"two words\""), ("'5'", "\"5\""), ("\"true\"", "\"true\""),
    ("true", "true"), ("True", "true"), ("yes", "true"), ("on", "true"), ("y", "true"),
    ("no", "false"), ("OFF", "false"), ("n", "false"), ("FALSE", "false"), ("yEs", "\"yEs\""),
    ("~", "null"), ("null", "null"), ("Null", "null"), ("nULL", "\"nULL\""), ("", "null"),
    ("0", "0"), ("-0", "0"), ("+7", "7"), ("-12", "-12"), ("1_000", "1000"),
    ("0x1F", "31"), ("0o17", "15"), ("017", "15"), ("0b101", "5"), ("-0b101", "-5"), ("-0x10", "-16"),
    ("9223372036854775807", "9223372036854775807"), ("-9223372036854775808", "-9223372036854775808"),
    ("18446744073709551615", "18446744073709551615"), ("18446744073709551616", "1.8446744073709552e+19"),
    ("08", "8"), ("1.5", "1.5"), (".5", "0.5"), ("5.", "5"), ("1e3", "1000"), ("-1.5E-2", "-0.015"),
    ("1.2.3", "\"1.2.3\""), ("10.6.0.1", "\"10.6.0.1\""), ("10.6.0.0/16", "\"10.6.0.0/16\""),
    ("fd00::1", "\"fd00::1\""), ("1:30", "\"1:30\""), ("2026-01-02", "\"2026-01-02\""),
    ("2026-01-02T03:04:05Z", "\"2026-01-02T03:04:05Z\""), ("--5", "\"--5\""), ("+-5", "\"+-5\""),
    ("0x", "\"0x\""),
    ("+", "\"+\""), (".", "\".\""), ("e5", "\"e5\""), ("1e", "\"1e\""), ("\"+5\"", "\"+5\""), ("+5", "5"),
    ("!!str 5", "\"5\""), ("!!int 5", "5"), ("!!float 5", "5"), ("!!bool yes", "true"), ("! 5", "\"5\""),
    ("|\n  a\n  b\n", "\"a\\nb\\n\""), (">-\n  a\n  b\n", "\"a b\""), ("[1, a, [], {}]", "[1,\"a\",[],{}]"),
    ("{a: 1, 'b': [2]}", "{\"a\":1,\"b\":[2]}"),
    ("{1: a, true: b, 1.5: c}", "{\"1\":\"a\",\"true\":\"b\",\"1.5\":\"c\"}"),
  ])
  func `means what kubectl takes it for`(_ written: String, _ json: String) throws {
    let value = try #require(try read("k: \(written)\n").first?["k"])
    #expect(value.description == json)
  }

  @Test func `holds any number of documents, empty ones aside`() throws {
    let text = """
      # a comment
      ---
      ---
      a: 1
      --- # and more
      a: 2
      ...
      ---
      null
      ---
      {"a": 3}
      """
    #expect(try read(text) == [["a": 1], ["a": 2], ["a": 3]])
    #expect(try read("").isEmpty)
    #expect(try read("# nothing\n").isEmpty)
    #expect(try read("null", "f.json").isEmpty)
    #expect(try read("\u{FEFF}a: 1\r\nb: 2\r\n") == [["a": 1, "b": 2]])
  }

  @Test func `is taken apart if it is a list`() throws {
    let text = """
      apiVersion: v1
      kind: List
      items:
      - {kind: A, metadata: {name: one}}
      - apiVersion: v1
        kind: PodList
        items:
        - {metadata: {name: two}}
      - kind: List
        items: []
      """
    let expected: [JSONValue] = [
      ["kind": "A", "metadata": ["name": "one"]],
      ["metadata": ["name": "two"], "kind": "Pod", "apiVersion": "v1"],
    ]
    #expect(try read(text) == expected)
    let crd: JSONValue = ["kind": "WaitingList", "spec": ["a": 1], "items": [1]]
    #expect(try read(crd.description, "f.json") == [crd])
  }

  @Test func `follows aliases and merge keys`() throws {
    let text = """
      base: &base {a: 1, b: 2}
      other: &other {b: 3, c: 4}
      one: {<<: *base, b: 5}
      two:
        <<: [*base, *other]
        d: *base
      """
    let value = try #require(try read(text).first)
    #expect(value["one"] == ["b": 5, "a": 1])
    #expect(value["two"] == ["a": 1, "b": 2, "c": 4, "d": ["a": 1, "b": 2]])
  }

  @Test(arguments: [
    ("a: 1\nb: [\n", "f.yaml:3:1: did not find expected node content while parsing a flow node"),
    (
      "a: 1\n\tb: 2\n",
      "f.yaml:2:1: found a tab character that violates indentation while scanning a plain scalar"
    ),
    ("a: *none\n", "f.yaml:1:4: found undefined alias"),
    ("a: 1\nb: 2\na: 3\n", "f.yaml:1:1: the key a is there twice"),
    ("a: {0x1: 1, 1: 2}\n", "f.yaml:1:13: the key 1 is there twice"),
    ("a: .nan\n", "f.yaml:1:4: .nan is no number that JSON has"),
    ("a: !!int x\n", "f.yaml:1:4: x does not fit the tag tag:yaml.org,2002:int"),
    ("a: !mine x\n", "f.yaml:1:4: x does not fit the tag !mine"),
    ("a: !mine [x]\n", "f.yaml:1:4: the tag !mine is not understood"),
    ("{[1]: 2}\n", "f.yaml:1:2: a key must be a scalar"),
    ("~: 2\n", "f.yaml:1:1: a key must not be empty or null"),
    ("a: {<<: 5}\n", "f.yaml:1:9: only a mapping can be merged"),
    ("a: 1\n---\nb: {\n", "f.yaml:4:1: did not find expected node content while parsing a flow node"),
  ])
  func `tells where YAML is wrong`(_ text: String, _ message: String) {
    #expect(failure(text) == message)
  }

  @Test(arguments: [
    ("{\n  \"a\": 1,\n  \"b\": x\n}", "f.json:3:8: unexpected byte at offset 19"),
    ("{\"é\": tru}", "f.json:1:10: unexpected byte at offset 10"),
    ("{\n \"a\": {\"b\": 1,\n  \"b\": 2}}", "f.json:3:8: the key /a/b is there twice"),
    ("{\"a\":", "f.json:1:6: the document ends in the middle of a value"),
    ("", "f.json: there is no JSON value"),
  ])
  func `tells where JSON is wrong`(_ text: String, _ message: String) {
    #expect(failure(text, "f.json") == message)
  }

  @Test func `that is not UTF-8 is refused`() {
    let error = #expect(throws: ManifestError.self) {
      try ManifestReader().read(bytes: [0x61, 0x3A, 0x20, 0xFF], file: "f.yaml") { _ in }
    }
    #expect(error?.description == "f.yaml: the text is not UTF-8")
  }
}

@Suite struct `The limits of a manifest` {
  @Test func `keep nested aliases from growing`() {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1..<12 {
      let below = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
      text += "a\(level): &a\(level) [\(below)]\n"
    }
    var limits = ManifestReader.Limits()
    limits.values = 100_000
    #expect(
      failure(text, limits: limits).hasSuffix("the document grows too large where its aliases are followed"))
  }

  @Test func `keep nesting from the stack`() {
    for (levels, message) in [
      (511, "read"), (520, "f.yaml:1:516: more than 512 levels of nesting"),
      (100_000, "f.yaml: "),
    ] {
      let text = "k: " + String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
      let found = failure(text)
      #expect(found.hasPrefix(message) || (levels == 100_000 && found != "read"), "\(levels): \(found)")
      let json = failure(
        String(repeating: "[", count: levels) + String(repeating: "]", count: levels), "f.json")
      #expect((json == "read") == (levels < 512), "\(json)")
    }
  }

  @Test func `keep a file from the memory`() {
    var limits = ManifestReader.Limits()
    limits.fileBytes = 100
    #expect(failure(String(repeating: "#", count: 100), limits: limits) == "read")
    #expect(
      failure(String(repeating: "#", count: 101), limits: limits)
        == "f.yaml: the file has more than 100 bytes")
  }
}

@Suite struct `Positions in a manifest` {
  private func documents(_ text: String, _ file: String) throws -> [ManifestDocument] {
    var documents: [ManifestDocument] = []
    try ManifestReader(keepsPositions: true).read(bytes: Array(text.utf8), file: file) {
      document throws(ManifestError) in
      documents.append(document)
    }
    return documents
  }

  private func place(_ pointer: String, _ document: ManifestDocument) throws -> String {
    let position = document.positions.position(of: try #require(JSONPointer(pointer)))
    return "\(position.line):\(position.column)"
  }

  @Test func `name the value, or the key of what is below it`() throws {
    let text = """
      # pools
      ---
      kind: SpiderIPPool
      spec:
        subnet: 10.6.0.0/16
        ips:
        - 10.6.0.1
        - "10.6.0.2"
        é: {gateway: 10.6.0.1}
      """
    let document = try #require(try documents(text, "f.yaml").first)
    #expect(document.line == 3 && document.column == 1)
    let expected = [
      ("", "3:1"), ("/kind", "3:7"), ("/spec", "4:1"), ("/spec/subnet", "5:11"), ("/spec/ips", "6:3"),
      ("/spec/ips/0", "7:5"), ("/spec/ips/1", "8:5"), ("/spec/é/gateway", "9:16"),
      ("/spec/ips/7", "6:3"), ("/spec/gateway", "4:1"), ("/status/x", "3:1"),
    ]
    for (pointer, position) in expected { #expect(try place(pointer, document) == position, "\(pointer)") }
  }

  @Test func `in JSON are the same`() throws {
    let text = """
      {
        "kind": "List",
        "items": [
          {"kind": "A\\"", "spec": {"é": "ü", "n": 12, "a~b/c": [true, {"x": null}]}}
        ]
      }
      """
    let document = try #require(try documents(text, "f.json").first)
    let expected = [
      ("", "4:5"), ("/kind", "4:14"), ("/spec", "4:21"), ("/spec/é", "4:35"), ("/spec/n", "4:45"),
      ("/spec/a~0b~1c", "4:49"), ("/spec/a~0b~1c/0", "4:59"), ("/spec/a~0b~1c/1/x", "4:71"),
      ("/spec/none", "4:21"),
    ]
    for (pointer, position) in expected { #expect(try place(pointer, document) == position, "\(pointer)") }
  }

  @Test func `of list items begin at the item`() throws {
    let text = """
      kind: List
      items:
      - kind: A
        spec: {x: 1}
      - kind: B
        spec: {x: 2}
      """
    let found = try documents(text, "f.yaml")
    #expect(found.map(\.line) == [3, 5])
    #expect(try place("/spec/x", found[1]) == "6:13")
    #expect(try place("/none", found[1]) == "5:3")
  }

  @Test func `are the document's alone when they are not kept`() throws {
    var documents: [ManifestDocument] = []
    try ManifestReader().read(bytes: Array("\n\na:\n  b: 1\n".utf8), file: "f.yaml") {
      document throws(ManifestError) in
      documents.append(document)
    }
    #expect(try place("/a/b", try #require(documents.first)) == "3:1")
  }
}

@Suite struct `Manifest files` {
  private func withFiles(_ files: [String: String], _ body: (String) throws -> Void) throws {
    let root = FileManager.default.temporaryDirectory.appendingPathComponent("manifests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: root) }
    for (name, text) in files {
      let file = root.appendingPathComponent(name)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
    }
    try body(root.path)
  }

  private func names(_ paths: [String]) throws -> [String] {
    try ManifestReader().read(paths).map { $0.value["name"]?.string ?? "?" }
  }

  @Test func `are found at any depth, by name, hidden ones and others aside`() throws {
    let files = [
      "b.yaml": "name: b", "a/z/deep.yml": "name: deep", "a/x.json": "{\"name\":\"x\"}", "README.md": "# [",
      "c.txt": "[",
      ".git/x.yaml": "[", ".hidden.yaml": "[",
    ]
    try withFiles(files) { root in
      #expect(try names([root]) == ["x", "deep", "b"])
      #expect(try names([root + "/b.yaml", root + "/a/"]) == ["b", "x", "deep"])
      try Data("name: any".utf8).write(to: URL(fileURLWithPath: root + "/named"))
      #expect(try names([root + "/named"]) == ["any"])
    }
  }

  @Test func `are found through links, without going round in circles`() throws {
    try withFiles(["..data/pool.yaml": "name: pool", "sub/x.yaml": "name: x"]) { root in
      let files = FileManager.default
      try files.createSymbolicLink(atPath: root + "/pool.yaml", withDestinationPath: "..data/pool.yaml")
      try files.createSymbolicLink(atPath: root + "/sub/loop", withDestinationPath: "..")
      #expect(try names([root]) == ["pool", "x"])
    }
  }

  @Test func `that are not there or cannot be read are told`() throws {
    try withFiles([:]) { root in
      try FileManager.default.createSymbolicLink(atPath: root + "/gone.yaml", withDestinationPath: "nowhere")
      for path in [root, root + "/gone.yaml", "/nonexistent"] {
        let error = #expect(throws: ManifestError.self) { try ManifestReader().read([path]) }
        #expect(error?.message == "there is no such file or folder")
      }
    }
  }
}
