import Cluster
import HTTP
import KubernetesAPI
import Testing

@testable import KubernetesClient

@Suite struct KubernetesRequestTests {
  @Test func `lists a cluster-scoped type of a group, page by page`() {
    let first = KubernetesRequest.list(.spiderIPPool, namespace: nil)
    #expect(first.method == .get)
    #expect(first.path == "/apis/spiderpool.spidernet.io/v2beta1/spiderippools")
    #expect(first.query == "limit=500")
    #expect(
      KubernetesRequest.list(.pod, namespace: nil, continuing: "a+b/=").query
        == "limit=500&continue=a%2Bb%2F%3D")
  }

  @Test func `lists all namespaces or one`() {
    #expect(KubernetesRequest.list(.pod, namespace: nil).path == "/api/v1/pods")
    #expect(KubernetesRequest.list(.pod, namespace: "a").path == "/api/v1/namespaces/a/pods")
  }

  @Test func `watches with bookmarks`() {
    let request = KubernetesRequest.watch(.pod, namespace: nil, from: "17", seconds: 300)
    #expect(request.path == "/api/v1/pods")
    #expect(request.query == "watch=true&allowWatchBookmarks=true&resourceVersion=17&timeoutSeconds=300")
  }

  @Test func `asks for metadata alone where nothing else is wanted`() {
    let accept = { (request: KubernetesRequest) in
      request.http(base: "", token: nil, userAgent: "t").headers.first("accept")
    }
    #expect(accept(.list(.pod, namespace: nil)) == "application/json")
    #expect(
      accept(.list(ResourceType.pod.metadataOnly, namespace: nil))
        == "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1, application/json")
    #expect(
      accept(.watch(ResourceType.pod.metadataOnly, namespace: nil, from: "1", seconds: 3))
        == "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1, application/json")
    #expect(
      accept(.get(ResourceType.pod.metadataOnly, namespace: nil, name: "p")) == "application/json")
  }

  @Test func `names one object, and its status`() {
    let path = "/apis/coordination.k8s.io/v1/namespaces/n/leases/l"
    #expect(KubernetesRequest.get(.lease, namespace: "n", name: "l").path == path)
    #expect(KubernetesRequest.update(.lease, namespace: "n", name: "l", json: []).path == path)
    #expect(KubernetesRequest.scale(.lease, namespace: "n", name: "l").path == path + "/scale")
    let status = KubernetesRequest.updateStatus(.spiderIPPool, namespace: nil, name: "p", json: [1])
    #expect(status.path == "/apis/spiderpool.spidernet.io/v2beta1/spiderippools/p/status")
    #expect(status.method == .put)
    #expect(status.body == [1])
  }

  @Test func `patches by merging`() {
    let request = KubernetesRequest.patch(
      .spiderIPPool, namespace: nil, name: "p", mergePatch: Array(#"{"spec":null}"#.utf8))
    #expect(request.method == .patch)
    #expect(request.path == "/apis/spiderpool.spidernet.io/v2beta1/spiderippools/p")
    #expect(String(decoding: request.body, as: UTF8.self) == #"{"spec":null}"#)
    let sent = request.http(base: "", token: nil, userAgent: "t")
    #expect(sent.headers.first("content-type") == "application/merge-patch+json")
  }

  @Test func `a name cannot leave its place in the path`() {
    #expect(
      KubernetesRequest.get(.pod, namespace: "a/b", name: "../x?y").path
        == "/api/v1/namespaces/a%2Fb/pods/..%2Fx%3Fy")
  }

  @Test func `deletes with preconditions`() {
    let preconditions = Preconditions(uid: "u", resourceVersion: "5")
    let request = KubernetesRequest.delete(
      .spiderIPPool, namespace: nil, name: "p", preconditions: preconditions)
    #expect(request.method == .delete)
    let expected =
      #"{"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":"u","resourceVersion":"5"}}"#
    #expect(String(decoding: request.body, as: UTF8.self) == expected)
    let bare = KubernetesRequest.delete(
      .spiderIPPool, namespace: nil, name: "p", preconditions: Preconditions())
    #expect(String(decoding: bare.body, as: UTF8.self) == #"{"kind":"DeleteOptions","apiVersion":"v1"}"#)
  }

  @Test func `carries the server's path, the token and the program's name`() {
    let request = KubernetesRequest.create(.configMap, namespace: "n", json: Array("{}".utf8))
      .http(base: "/k8s", token: "t", userAgent: "spiderpool-webhook/1.0")
    #expect(request.method == .post)
    #expect(request.path == "/k8s/api/v1/namespaces/n/configmaps")
    let fields = request.headers.fields.map { "\($0.name): \($0.value)" }
    #expect(
      fields == [
        "accept: application/json", "user-agent: spiderpool-webhook/1.0", "authorization: Bearer t",
        "content-type: application/json",
      ])
  }
}

@Suite struct LineSplitterTests {
  private func lines(_ pieces: [String], limit: Int = 100) throws(ClusterError) -> [String] {
    var splitter = LineSplitter(maximumBytes: limit)
    var found: [String] = []
    for piece in pieces {
      for line in try splitter.lines(adding: Array(piece.utf8)) {
        found.append(String(decoding: line, as: UTF8.self))
      }
    }
    #expect(splitter.isInsideLine == (pieces.joined().last.map { $0 != "\n" } ?? false))
    return found
  }

  @Test func `cuts at line feeds, wherever the pieces begin and end`() throws {
    let text = "first\n\nsecond line\r\nthird\nrest"
    let expected = ["first", "second line\r", "third"]
    #expect(try lines([text]) == expected)
    #expect(try lines(text.map { String($0) }.flatMap { $0 == "\r\n" ? ["\r", "\n"] : [$0] }) == expected)
    for cut in text.utf8.indices {
      let pieces = [text.utf8[..<cut], text.utf8[cut...]].map { String(decoding: $0, as: UTF8.self) }
      #expect(try lines(pieces) == expected)
    }
  }

  @Test func `refuses a line that is too long, before its end has come`() {
    #expect(throws: ClusterError.self) { try lines(["12345", "6"], limit: 5) }
    #expect(throws: ClusterError.self) { try lines(["123456\n"], limit: 5) }
    #expect(throws: Never.self) { try lines(["12345\n12345\n", "12345", "\n"], limit: 5) }
  }
}

@Suite struct AnswerReaderTests {
  private func event(_ text: String) throws(ClusterError) -> WatchEvent? {
    var reader = AnswerReader()
    return try reader.event(Array(text.utf8), .pod)
  }

  private func failure(_ status: Int, _ body: String, retryAfter: String? = nil) -> ClusterError {
    var reader = AnswerReader()
    return reader.failure(status: status, retryAfter: retryAfter, body: Array(body.utf8), asking: "GET /x")
  }

  @Test func `reads a page, and puts the kind into items that lack it`() throws {
    var reader = AnswerReader()
    let text = """
      {"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"9","continue":"next"},
       "items":[{"metadata":{"name":"a","namespace":"n","uid":"u","resourceVersion":"7"},"spec":{"x":[1,"é"]}}]}
      """
    var next: String?
    var items: [ClusterObject] = []
    let version = try reader.page(Array(text.utf8)) {
      next = $0
    } onItem: { view in
      items += ClusterObject(view, .pod).map { [$0] } ?? []
    }
    #expect(version == "9")
    #expect(next == "next")
    let object = try #require(items.first)
    #expect(
      object.name == "a" && object.namespace == "n" && object.uid == "u" && object.resourceVersion == "7")
    #expect(
      String(decoding: object.json, as: UTF8.self)
        == #"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"n","uid":"u","resourceVersion":"7"},"#
        + #""spec":{"x":[1,"é"]}}"#)
  }

  @Test func `the last page says so, and may have no items`() throws {
    var reader = AnswerReader()
    var next: String?
    let version = try reader.page(
      Array(#"{"metadata":{"resourceVersion":"9","continue":""},"items":null}"#.utf8)
    ) {
      next = $0
    } onItem: { _ in
      Issue.record("there is no item")
    }
    #expect(version == "9")
    #expect(next == nil)
  }

  @Test func `reads events`() throws {
    let json = #"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","uid":"u","resourceVersion":"7"}}"#
    let object = ClusterObject(
      name: "a", namespace: nil, uid: "u", resourceVersion: "7", json: Array(json.utf8))
    #expect(try event(#"{"type":"ADDED","object":\#(json)}"#) == .added(object))
    #expect(try event(#"{"type":"MODIFIED","object":\#(json)}"#) == .modified(object))
    #expect(try event(#"{"type":"DELETED","object":\#(json)}"#) == .deleted(object))
    #expect(try event(#"{"type":"BOOKMARK","object":\#(json)}"#) == .bookmark("7"))
    #expect(try event(#"{"type":"SOMETHING","object":\#(json)}"#) == nil)
  }

  @Test func `an ERROR event is thrown, 410 as gone`() {
    let gone =
      #"{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}"#
    #expect(throws: ClusterError.gone("too old")) { try event(gone) }
    let other = #"{"type":"ERROR","object":{"kind":"Status","code":500,"message":"broken"}}"#
    #expect(throws: ClusterError.unavailable("broken")) { try event(other) }
  }

  @Test(arguments: ["", "{", "[]", #"{"type":"ADDED"}"#, #"{"type":"ADDED","object":{"metadata":{}}}"#])
  func `refuses what is no event`(_ text: String) {
    let error = #expect(throws: ClusterError.self) { try event(text) }
    guard case .malformed = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func `keeps a Status's message, and tells its kind`() {
    func status(_ code: Int, _ reason: String) -> ClusterError {
      failure(code, #"{"kind":"Status","code":\#(code),"reason":"\#(reason)","message":"m"}"#)
    }
    #expect(status(401, "Unauthorized") == .unauthorized("m"))
    #expect(status(403, "Forbidden") == .forbidden("m"))
    #expect(status(404, "NotFound") == .notFound("m"))
    #expect(status(409, "AlreadyExists") == .alreadyExists("m"))
    #expect(status(409, "Conflict") == .conflict("m"))
    #expect(status(410, "Expired") == .gone("m"))
    #expect(status(422, "Invalid") == .invalid("m"))
    #expect(status(429, "TooManyRequests") == .tooManyRequests(retryAfter: nil))
    #expect(status(500, "InternalError") == .unavailable("m"))
    #expect(status(504, "Timeout") == .timeout("m"))
  }

  @Test func `tells when to come back`() {
    #expect(failure(429, "", retryAfter: "3") == .tooManyRequests(retryAfter: .seconds(3)))
    let body = #"{"kind":"Status","code":429,"details":{"retryAfterSeconds":7}}"#
    #expect(failure(429, body) == .tooManyRequests(retryAfter: .seconds(7)))
  }

  @Test func `makes a sentence of an answer that is no Status`() {
    #expect(failure(502, "<html>") == .unavailable("GET /x was answered 502"))
    #expect(failure(404, #"{"a":1}"#) == .notFound("GET /x was answered 404"))
    #expect(failure(302, "") == .malformed("GET /x was answered 302"))
  }
}
