import Cluster
import Foundation
import HTTP
import JSON
import KubernetesAPI
import Testing

@testable import spiderpool_webhook

@Suite struct WebhookHandlerTests {
  private func answer(
    _ method: HTTPMethod = .post, _ path: String = "/validate", type: String? = "application/json",
    body: [UInt8] = []
  ) throws -> HTTPResponse {
    let handler = WebhookHandler(service: ServedReviews.service())
    let headers = HTTPHeaders(type.map { [("content-type", $0)] } ?? [])
    let request = HTTPRequest(method: method, path: path, headers: headers, body: body)
    // Outside of the macro, which would evaluate the responder.
    let answered = handler.handle(request, { () -> Responder in preconditionFailure("answered at once") }())
    return try #require(answered)
  }

  private func message(_ response: HTTPResponse) throws -> String {
    var parser = JSONParser()
    return try parser.parse(response.body) { view in
      #expect(view["kind"]?.string == "Status")
      #expect(view["code"]?.int == Int64(response.status))
      return view["message"]?.string ?? ""
    }
  }

  @Test(arguments: Recorded.names)
  func `answers recorded reviews as written down`(name: String) throws {
    let response = try answer(.post, Recorded.path(name), body: try Recorded.review(name))
    #expect(response.status == 200)
    #expect(String(decoding: response.body, as: UTF8.self) + "\n" == (try Recorded.answer(name)))
  }

  @Test func `says what is served where a path is unknown`() throws {
    let response = try answer(.post, "/other")
    #expect(response.status == 404)
    #expect(try message(response).contains("/mutate and /validate"))
  }

  @Test(arguments: [HTTPMethod.get, .put, .delete, .other("PURGE")])
  func `takes reviews by POST alone`(method: HTTPMethod) throws {
    let response = try answer(method)
    #expect(response.status == 405)
    #expect(response.extraHeaders.contains { $0 == ("allow", "POST") })
  }

  @Test(arguments: [nil, "text/plain", "application/jsonx", "application/yaml", ""])
  func `takes JSON alone`(type: String?) throws {
    #expect(try answer(type: type).status == 415)
  }

  @Test(arguments: ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=utf-8"])
  func `takes JSON however it is written`(type: String) throws {
    let name = "v1.20/validate-pod-create"
    #expect(try answer(.post, "/validate", type: type, body: try Recorded.review(name)).status == 200)
  }

  @Test(arguments: [
    ("", "no JSON value"), ("nonsense", "offset 1"), (#"{"kind":"AdmissionReview""#, "ends in the middle"),
    (#"{"kind":"AdmissionReview","kind":"AdmissionReview"}"#, "kind"),
    (#"{"kind":"Pod","apiVersion":"v1"}"#, "AdmissionReview"),
    (#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1beta1"}"#, "admission.k8s.io/v1"),
    (#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}"#, "request"),
    (#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{}}"#, "uid"),
    (String(repeating: "[", count: 600) + String(repeating: "]", count: 600), "512"),
  ])
  func `answers what is no review with 400 and a sentence`(body: String, word: String) throws {
    let response = try answer(.post, "/mutate", body: Array(body.utf8))
    #expect(response.status == 400)
    #expect(try message(response).contains(word))
  }

  @Test func `refuses bytes that are no UTF-8`() throws {
    let body = Array(#"{"kind":""#.utf8) + [0xFF, 0xFE] + Array(#""}"#.utf8)
    #expect(try answer(.post, "/mutate", body: body).status == 400)
  }
}

@Suite struct `Reviews over TLS` {
  @Test(arguments: [HTTPVersion.http1_1, .http2])
  func `are answered as written down`(version: HTTPVersion) async throws {
    let served = try await ServedReviews(version)
    for name in Recorded.names {
      let answer = try await served.post(Recorded.path(name), query: "timeout=10s", try Recorded.review(name))
      #expect(answer.status == 200, "\(name)")
      #expect(answer.text + "\n" == (try Recorded.answer(name)), "\(name)")
    }
    await served.stop()
  }

  @Test func `are answered before their time is over, though the cluster is not`() async throws {
    let plan = FaultPlan()
    let gate = Gate()
    plan.inject(.hold(gate), into: .get)
    let store = FaultInjectingStore(try LocalCluster.inMemory(), plan: plan)
    let served = try await ServedReviews(store: store)
    let review = try Recorded.review("v1.20/validate-spiderippool-create")
    let answer = try await served.post("/validate", query: "timeout=200ms", review)
    #expect(answer.status == 200)
    #expect(answer.text.contains(#""allowed":false"#) && answer.text.contains("within the time"))
    gate.open()
    await served.stop()
  }

  @Test func `that widen a pool are answered once the replicas agree`() async throws {
    let store = try LocalCluster.inMemory()
    let served = try await ServedReviews(store: store)
    let answer = try await served.post(
      "/validate", try Recorded.review("v1.20/validate-spiderippool-create"))
    #expect(answer.text.contains(#""allowed":true"#))
    let lease = try await store.get(
      .lease, namespace: "spiderpool", name: "spiderpool-webhook-claims")
    #expect(String(decoding: lease.json, as: UTF8.self).contains("custom-ipv4-ippool"))
    await served.stop()
  }
}
