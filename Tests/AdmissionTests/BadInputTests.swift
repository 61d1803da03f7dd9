import JSON
import KubernetesAPI
import Testing

@testable import Admission

@Suite struct `What is no review` {
  /// The `Status` in the body.
  private func status(_ body: [UInt8], _ world: World = World()) throws -> (http: Int, status: Status) {
    let outcome = world.answer(body, .validate)
    #expect(outcome.decision.verdict == .bad && outcome.decision.code == outcome.httpStatus)
    var parser = JSONParser()
    return (outcome.httpStatus, try #require(try parser.parse(outcome.body) { Status($0) }))
  }

  static let head = #"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1""#

  @Test(arguments: [
    ("", "the body is not an acceptable JSON document: "),
    ("hello", "the body is not an acceptable JSON document: "),
    (#"{"kind":"AdmissionReview","apiVer"#, "the body is not an acceptable JSON document: "),
    (#"\#(head),"request":{"uid":"a","uid":"b"}}"#, "the body is not an acceptable JSON document: "),
    (
      String(repeating: "[", count: 600) + String(repeating: "]", count: 600),
      "the body is not an acceptable JSON document: "
    ),
    ("[]", #"the body is not an AdmissionReview: kind must be "AdmissionReview""#),
    ("null", #"the body is not an AdmissionReview: kind must be "AdmissionReview""#),
    (
      #"{"kind":"Pod","apiVersion":"v1"}"#,
      #"the body is not an AdmissionReview: kind must be "AdmissionReview""#
    ),
    (
      #"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1beta1","request":{"uid":"a"}}"#,
      #"apiVersion "admission.k8s.io/v1beta1" is not served: send "admission.k8s.io/v1""#
    ),
    (
      #"{"kind":"AdmissionReview","request":{"uid":"a"}}"#,
      #"apiVersion "" is not served: send "admission.k8s.io/v1""#
    ),
    (#"\#(head)}"#, "the AdmissionReview holds no request object"),
    (#"\#(head),"request":null}"#, "the AdmissionReview holds no request object"),
    (#"\#(head),"request":[]}"#, "the AdmissionReview holds no request object"),
    (#"\#(head),"request":{}}"#, "request.uid is missing: it must be a string that is not empty"),
    (#"\#(head),"request":{"uid":""}}"#, "request.uid is missing: it must be a string that is not empty"),
    (#"\#(head),"request":{"uid":7}}"#, "request.uid is missing: it must be a string that is not empty"),
  ])
  func `gets 400 and a sentence`(_ body: String, _ sentence: String) throws {
    let (http, status) = try status(Array(body.utf8))
    #expect(http == 400 && status.code == 400 && status.reason == "BadRequest")
    #expect(status.message.hasPrefix(sentence))
    if !sentence.hasSuffix(": ") { #expect(status.message == sentence) }
  }

  @Test func `that is not UTF-8 gets 400`() throws {
    let body = Array(#"{"kind":""#.utf8) + [0xFF, 0xFE] + Array(#""}"#.utf8)
    #expect(try status(body).http == 400)
  }

  @Test func `that is too large gets 413`() throws {
    let (http, status) = try status([UInt8](repeating: UInt8(ascii: " "), count: (7 << 20) + 1))
    #expect(http == 413 && status.reason == "RequestEntityTooLarge")
  }

  @Test func `cut off anywhere gets 400`() throws {
    let whole = try Fixtures.review("v1.36/validate-spiderippool-create")
    for length in stride(from: 0, to: whole.count - 1, by: 37) {
      #expect(World().answer(Array(whole[..<length]), .validate).httpStatus == 400)
    }
  }

  @Test(arguments: [
    (#""operation":"PATCH","object":{}"#, "request.operation must be CREATE, UPDATE, DELETE or CONNECT"),
    (#""object":{}"#, "request.operation must be CREATE, UPDATE, DELETE or CONNECT"),
    (#""operation":"CREATE""#, "request.object is missing: CREATE needs one"),
    (#""operation":"UPDATE","oldObject":{}"#, "request.object is missing: UPDATE needs one"),
    (#""operation":"UPDATE","object":{},"oldObject":null"#, "request.oldObject is missing: UPDATE needs one"),
  ])
  func `but names itself is answered under its name`(_ members: String, _ sentence: String) throws {
    let kind = #""kind":{"group":"spiderpool.spidernet.io","version":"v2beta1","kind":"SpiderIPPool"}"#
    let outcome = World().answer(#"\#(Self.head),"request":{"uid":"abc",\#(kind),\#(members)}}"#, .validate)
    #expect(outcome.httpStatus == 200)
    let answer = Answer(outcome)
    #expect(answer.isAllowed == false && answer.status?.code == 400 && answer.status?.message == sentence)
    #expect(try JSONValue(parsing: outcome.body).at("response", "uid") == .string("abc"))
  }

  @Test(arguments: [
    ("", "v1", "ConfigMap", ""), ("spiderpool.spidernet.io", "v2beta1", "SpiderEndpoint", ""),
    ("spiderpool.spidernet.io", "v2beta1", "SpiderIPPool", "status"), ("apps", "v1", "Deployment", "scale"),
    ("apps", "v1", "Deployment", ""), ("example.com", "v1", "Thing", ""), ("", "v1", "Pod", "binding"),
  ])
  func `of a kind without rules is allowed, and says that it was not judged`(
    _ group: String, _ version: String, _ kind: String, _ subResource: String
  ) {
    for phase in Phase.allCases {
      let answer = Answer(
        World().answer(
          """
          \(Self.head),"request":{"uid":"abc","kind":{"group":"\(group)","version":"\(version)","kind":"\(kind)"},\
          "subResource":"\(subResource)","operation":"CREATE","object":{"spec":{"subnet":"x"}}}}
          """, phase))
      #expect(answer.isAllowed && answer.audit == ["decision": "not-judged"])
      #expect(answer.outcome.decision.verdict == .notJudged)
    }
  }

  @Test func `keeps the parser fit for the next review`() throws {
    var parser = JSONParser()
    let reviewer = World().reviewer
    let good = try Fixtures.review("v1.36/mutate-spiderippool-create")
    for _ in 0..<3 {
      for (body, http) in [(Array("{".utf8), 400), (good, 200)] {
        let outcome = reviewer.review(body, parser: &parser, phase: .mutate, now: 0)
        #expect(outcome.httpStatus == http)
      }
    }
  }

  @Test func `tells the log what it can`() throws {
    let decision = World().answer(try Fixtures.review("v1.36/validate-pod-of-cloneset-create"), .validate)
      .decision
    #expect(decision.user == "admin" && decision.namespace == "default" && decision.kindName == "Pod")
    #expect(decision.group == "" && decision.name.hasPrefix("custom-kruise-cloneset-"))
    #expect(decision.operation == .create && decision.kind == .pod && decision.phase == .validate)
    let bad = World().answer("{", .mutate).decision
    #expect(bad.uid == "" && bad.user == "" && bad.name == "")
  }
}
