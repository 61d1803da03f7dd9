import JSON
import Testing

@testable import KubernetesAPI

@Suite struct `Labels` {
  @Test(arguments: [
    ("10.6.0.0/16", "10-6-0-0-16"), ("fd00::/64", "fd00---64"), ("abcd:1234::/120", "abcd-1234---120"),
    ("::/8", "0---8"), ("::/0", "0---0"), ("::1:0/112", "0--1-0-112"),
    ("1111:2222:3333:4444:5555:6666:7777:8880/124", "1111-2222-3333-4444-5555-6666-7777-8880-124"),
  ])
  func `of a network are legal values`(_ cidr: String, _ label: String) {
    #expect(SpiderAPI.cidrLabelValue(cidr) == label)
    #expect(LabelSyntax.fault(inValue: label) == nil)
  }

  @Test(arguments: [
    "app", "a.b/c", "kubernetes.io/metadata.name", "x-y_z.1", String(repeating: "a", count: 63),
  ])
  func `accept right keys`(_ key: String) {
    #expect(LabelSyntax.fault(inKey: key) == nil)
  }

  @Test(arguments: [
    "", "/", "a/", "/a", "a/b/c", "-a", "a-", "A_b./c", "a b", "é", String(repeating: "a", count: 64),
  ])
  func `refuse wrong keys`(_ key: String) {
    #expect(LabelSyntax.fault(inKey: key) != nil)
  }

  @Test(arguments: [("", true), ("A.b_c-1", true), ("-a", false), ("a.", false), ("a/b", false)])
  func `judge values`(_ value: String, _ isRight: Bool) {
    #expect((LabelSyntax.fault(inValue: value) == nil) == isRight)
  }

  @Test func `are fitted to names that are too long for a value`() {
    let (fits, long) = (String(repeating: "a", count: 63), String(repeating: "a", count: 64))
    #expect(LabelSyntax.fitted("") == "" && LabelSyntax.fitted("web") == "web")
    #expect(LabelSyntax.fitted(fits) == fits)
    #expect(
      LabelSyntax.fitted(long) == String(repeating: "a", count: 46) + "-" + LabelSyntax.digits(of: long))
    #expect(LabelSyntax.fitted(long).utf8.count == 63)
    #expect(LabelSyntax.fitted(long) != LabelSyntax.fitted(long + "a"))
    for end in [".", "-", "_"] {
      let name = String(repeating: "a", count: 45) + String(repeating: end, count: 20) + "z"
      #expect(LabelSyntax.fault(inValue: LabelSyntax.fitted(name)) == nil)
    }
  }

  /// The published values of FNV-1a; a name that changed from version to version would lose its pools.
  @Test(arguments: [
    ("", "cbf29ce484222325"), ("a", "af63dc4c8601ec8c"), ("foobar", "85944171f73967e8"),
  ])
  func `are made of digits that stay the same`(_ text: String, _ digits: String) {
    #expect(LabelSyntax.digits(of: text) == digits)
  }

  @Test func `are made of 16 digits, zeros included`() {
    for number in 0..<200 { #expect(LabelSyntax.digits(of: "\(number)").utf8.count == 16) }
  }

  private func mistakes(_ json: String) throws -> [String] {
    var parser = JSONParser()
    return try parser.parse(Array(json.utf8)) { view in
      LabelSelector(view).mistakes(at: FieldPath("s"), rule: RuleID("test")).map(\.description)
    }
  }

  @Test func `in a right selector have no mistakes`() throws {
    let selector = """
      {"matchLabels":{"app":"web"},"matchExpressions":[{"key":"a","operator":"In","values":["x"]},\
      {"key":"b","operator":"Exists"}]}
      """
    #expect(try mistakes(selector) == [])
  }

  @Test func `in a wrong selector are each told`() throws {
    let selector = """
      {"matchLabels":{"a b":"web","c":"-"},"matchExpressions":[{"key":"","operator":"In","values":[]},\
      {"key":"b","operator":"Exists","values":["x"]},{"key":"b","operator":"Like"}]}
      """
    let paths = try mistakes(selector).map { $0.prefix { $0 != ":" } }
    #expect(
      paths == [
        "s.matchLabels", "s.matchLabels", "s.matchExpressions[0].key", "s.matchExpressions[0].values",
        "s.matchExpressions[1].values", "s.matchExpressions[2].operator",
      ])
  }

  @Test(arguments: [
    ("{}", true),
    (#"{"matchLabels":{"app":"web"}}"#, true),
    (#"{"matchLabels":{"app":"web","tier":"back"}}"#, false),
    (#"{"matchLabels":{"none":""}}"#, false),
    (#"{"matchExpressions":[{"key":"app","operator":"In","values":["db","web"]}]}"#, true),
    (#"{"matchExpressions":[{"key":"app","operator":"In","values":["db"]}]}"#, false),
    (#"{"matchExpressions":[{"key":"none","operator":"In","values":["db"]}]}"#, false),
    (#"{"matchExpressions":[{"key":"app","operator":"In","values":[]}]}"#, false),
    (#"{"matchExpressions":[{"key":"app","operator":"NotIn","values":["db"]}]}"#, true),
    (#"{"matchExpressions":[{"key":"app","operator":"NotIn","values":["web"]}]}"#, false),
    (#"{"matchExpressions":[{"key":"none","operator":"NotIn","values":["web"]}]}"#, true),
    (#"{"matchExpressions":[{"key":"app","operator":"NotIn","values":[]}]}"#, false),
    (#"{"matchExpressions":[{"key":"app","operator":"Exists"}]}"#, true),
    (#"{"matchExpressions":[{"key":"none","operator":"Exists"}]}"#, false),
    (#"{"matchExpressions":[{"key":"app","operator":"DoesNotExist"}]}"#, false),
    (#"{"matchExpressions":[{"key":"none","operator":"DoesNotExist"}]}"#, true),
    (#"{"matchExpressions":[{"key":"app","operator":"Like","values":["web"]}]}"#, false),
    (#"{"matchLabels":{"app":"web"},"matchExpressions":[{"key":"tier","operator":"DoesNotExist"}]}"#, false),
  ])
  func `are selected as Kubernetes selects them`(_ json: String, _ isSelected: Bool) throws {
    var parser = JSONParser()
    let selector = try parser.parse(Array(json.utf8)) { LabelSelector($0) }
    #expect(selector.matches(["app": "web", "tier": "front"]) == isSelected)
  }
}
