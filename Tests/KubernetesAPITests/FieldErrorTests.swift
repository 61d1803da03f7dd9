import Testing

@testable import KubernetesAPI

@Suite struct `Field errors` {
  private let path = FieldPath.spec.child("ips").index(0)
  private let rule = RuleID("test")

  @Test func `read as the API machinery writes them`() {
    let error = FieldError(.invalid, path, .string("10.7.0.1"), "must be inside 10.6.0.0/16", rule: rule)
    #expect(error.description == #"spec.ips[0]: Invalid value: "10.7.0.1": must be inside 10.6.0.0/16"#)
  }

  @Test func `show numbers bare, and null as null`() {
    let number = FieldError(.notSupported, path, .other("5"), #"supported values: "4", "6""#, rule: rule)
    #expect(number.message == #"Unsupported value: 5: supported values: "4", "6""#)
    #expect(FieldError(.invalid, path, .null, "", rule: rule).message == #"Invalid value: "null""#)
  }

  @Test func `show no value of what is forbidden or missing`() {
    #expect(FieldError(.forbidden, path, .string("x"), "no", rule: rule).message == "Forbidden: no")
    #expect(
      FieldError(.required, path, .string("x"), "write it", rule: rule).message == "Required value: write it")
    #expect(FieldError(.internalError, path, .none, "why", rule: rule).message == "Internal error: why")
  }

  @Test func `quote as Go does`() {
    #expect(GoText.quoted("a\"b\\c\n\t\u{1}\u{7F}é") == #""a\"b\\c\n\t\x01\x7fé""#)
    #expect(GoText.quoted("\u{2028}") == #""\u2028""#)
  }

  @Test func `shorten long values`() {
    let text = GoText.quoted(String(repeating: "é", count: 1000))
    #expect(text.utf8.count <= GoText.maximumShown + 2)
    #expect(text.hasSuffix("é…\""))
  }

  @Test func `paths name fields, positions and keys`() {
    #expect(FieldPath.metadata.child("annotations").key("a/b").description == "metadata.annotations[a/b]")
  }
}
