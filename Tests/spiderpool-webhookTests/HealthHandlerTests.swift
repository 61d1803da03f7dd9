import HTTP
import Testing

@testable import spiderpool_webhook

@Suite struct HealthHandlerTests {
  private func answer(_ path: String, query: String = "", readiness: [String: String?]) throws -> (
    Int, String
  ) {
    let conditions = Conditions()
    for (name, failure) in readiness.sorted(by: { $0.key < $1.key }) {
      conditions.readiness.add(name) { failure }
    }
    conditions.liveness.add("ping") { nil }
    let handler = HealthHandler(liveness: conditions.liveness, readiness: conditions.readiness)
    let request = HTTPRequest(method: .get, path: path, query: query)
    // Outside of the macro, which would evaluate the responder.
    let answered = handler.handle(request, { () -> Responder in preconditionFailure("answered at once") }())
    let response = try #require(answered)
    return (response.status, String(decoding: response.body, as: UTF8.self))
  }

  @Test func `is ready when all conditions hold`() throws {
    #expect(try answer("/readyz", readiness: ["a": nil]) == (200, "ok\n"))
    #expect(
      try answer("/readyz", query: "verbose", readiness: ["a": nil]) == (
        200, "[+]a ok\nreadyz check passed\n"
      ))
  }

  @Test(arguments: ["/readyz", "/v1/runtime/readiness"])
  func `says what it is not ready for`(path: String) throws {
    let expected = "[+]a ok\n[-]b failed: not yet\nreadyz check failed\n"
    #expect(try answer(path, readiness: ["a": nil, "b": "not yet"]) == (503, expected))
  }

  @Test(arguments: ["/livez", "/healthz", "/startupz", "/v1/runtime/liveness", "/v1/runtime/startup"])
  func `lives whether it is ready or not`(path: String) throws {
    #expect(try answer(path, readiness: ["a": "not yet"]) == (200, "ok\n"))
  }

  @Test func `knows no other path`() throws {
    #expect(try answer("/metrics", readiness: [:]).0 == 404)
  }
}
