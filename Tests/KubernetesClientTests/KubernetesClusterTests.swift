import Cluster
import Foundation
import HTTP
import KubernetesAPI
import Synchronization
import TLS
import Testing

@testable import KubernetesClient

@Suite(.timeLimit(.minutes(5))) struct KubernetesClusterTests {
  private let pools = "/base/apis/spiderpool.spidernet.io/v2beta1/spiderippools"

  /// Runs `body` with a cluster whose API server answers like that.
  private func with(
    token: BearerToken = .fixed("t"), options: KubernetesCluster.Options = .init(),
    _ answer: @escaping FakeAPIServer.Answer,
    _ body: (KubernetesCluster, FakeAPIServer) async throws -> Void
  ) async throws {
    let api = try await FakeAPIServer(token: token, answer)
    let cluster = try KubernetesCluster(api.access, userAgent: "spiderpool-webhook/test", options: options)
    try await body(cluster, api)
    cluster.close()
    await api.stop()
  }

  private func failure(_ body: () async throws(ClusterError) -> Void) async -> ClusterError? {
    do throws(ClusterError) {
      try await body()
      return nil
    } catch {
      return error
    }
  }

  private func names(_ cluster: KubernetesCluster) async throws(ClusterError) -> ([String], ResourceVersion) {
    var names: [String] = []
    let version = try await cluster.list(.spiderIPPool, namespace: nil) { object throws(ClusterError) in
      names.append(object.name)
    }
    return (names, version)
  }

  @Test func `finds the type of a kind by discovery`() async throws {
    let path = "/base/apis/apps.kruise.io/v1alpha1"
    try await with { question, _ in
      question.line == "GET \(path)"
        ? json(
          #"{"kind":"APIResourceList","groupVersion":"apps.kruise.io/v1alpha1","resources":["#
            + #"{"name":"clonesets/scale","kind":"CloneSet","namespaced":true},"#
            + #"{"name":"clonesets","kind":"CloneSet","namespaced":true},"#
            + #"{"name":"clonesets/status","kind":"CloneSet","namespaced":true}]}"#)
        : HTTPResponse(status: 404, body: [])
    } _: { cluster, api in
      let type = try await cluster.type(apiVersion: "apps.kruise.io/v1alpha1", kind: "CloneSet")
      #expect(type?.plural == "clonesets" && type?.group == "apps.kruise.io" && type?.version == "v1alpha1")
      #expect(type?.isNamespaced == true && type?.hasStatus == true)
      #expect(type?.hasScale == true)
      #expect(try await cluster.type(apiVersion: "apps.kruise.io/v1alpha1", kind: "Clone") == nil)
      #expect(try await cluster.type(apiVersion: "v2", kind: "CloneSet") == nil)
      #expect(try await cluster.type(apiVersion: "../x/v1", kind: "CloneSet") == nil)
      #expect(try await cluster.type(apiVersion: "", kind: "CloneSet") == nil)
      #expect(try await cluster.type(apiVersion: "é/v1", kind: "CloneSet") == nil)
      #expect(
        api.asked.map(\.line) == [
          "GET \(path)", "GET \(path)", "GET /base/apis/apps.kruise.io", "GET /base/api/v2",
          "GET /base/apis/%C3%A9/v1", "GET /base/apis/%C3%A9",
        ])
    }
  }

  @Test func `finds a kind that has moved to another version of its group`() async throws {
    try await with { question, _ in
      switch question.line {
      case "GET /base/apis/example.com":
        json(
          #"{"kind":"APIGroup","name":"example.com","versions":[{"groupVersion":"example.com/v2"},"#
            + #"{"groupVersion":"example.com/v1"}]}"#)
      case "GET /base/apis/example.com/v2":
        json(
          #"{"groupVersion":"example.com/v2","resources":[{"name":"things","kind":"Thing","namespaced":false}]}"#
        )
      default: HTTPResponse(status: 404, body: [])
      }
    } _: { cluster, _ in
      let type = try await cluster.type(apiVersion: "example.com/v1", kind: "Thing")
      #expect(type?.version == "v2" && type?.isNamespaced == false && type?.hasScale == false)
      #expect(try await cluster.type(apiVersion: "example.com/v1", kind: "Other") == nil)
    }
  }

  @Test func `lists page by page`() async throws {
    try await with { question, _ in
      question.line.contains("continue=two")
        ? json(#"{"metadata":{"resourceVersion":"9"},"items":[\#(pool("c", 3))]}"#)
        : json(
          #"{"metadata":{"resourceVersion":"9","continue":"two"},"items":[\#(pool("a", 1)),\#(pool("b", 2))]}"#
        )
    } _: { cluster, api in
      let (found, version) = try await names(cluster)
      #expect(found == ["a", "b", "c"])
      #expect(version == "9")
      #expect(api.asked.map(\.line) == ["GET \(pools)?limit=500", "GET \(pools)?limit=500&continue=two"])
      #expect(api.asked.allSatisfy { $0.token == "Bearer t" })
    }
  }

  @Test func `a list whose next page has expired is gone`() async throws {
    try await with { _, number in
      number == 0
        ? json(#"{"metadata":{"resourceVersion":"9","continue":"two"},"items":[]}"#)
        : refusal(410, "Expired", "The provided continue parameter is too old")
    } _: { cluster, _ in
      let error = await failure { () throws(ClusterError) in _ = try await names(cluster) }
      #expect(error == .gone("The provided continue parameter is too old"))
    }
  }

  @Test func `what onItem throws ends the list`() async throws {
    try await with { _, _ in
      json(#"{"metadata":{"resourceVersion":"9","continue":"two"},"items":[\#(pool("a", 1))]}"#)
    } _: { cluster, api in
      let error = await failure { () throws(ClusterError) in
        _ = try await cluster.list(.spiderIPPool, namespace: nil) { _ throws(ClusterError) in throw .cancelled
        }
      }
      #expect(error == .cancelled)
      #expect(api.asked.count == 1)
    }
  }

  @Test func `watches, event by event, until the API server ends it`() async throws {
    // Large enough to come in several frames, whose ends fall into the middle of lines.
    let padding = String(repeating: "x", count: 50_000)
    let lines = (0..<20).map { number in
      let pool = pool("p\(number)", number).dropLast()
      return #"{"type":"ADDED","object":\#(pool),"spec":{"x":"\#(padding)"}}}"#
    }
    let bookmark =
      #"{"type":"BOOKMARK","object":{"kind":"SpiderIPPool","metadata":{"resourceVersion":"99"}}}"#
    try await with { _, _ in
      json((lines + [bookmark]).joined(separator: "\n") + "\n")
    } _: { cluster, api in
      let seen = Mutex<[ResourceVersion]>([])
      try await cluster.watch(.spiderIPPool, namespace: nil, from: "5") { event throws(ClusterError) in
        seen.withLock { $0.append(event.resourceVersion) }
      }
      #expect(seen.withLock { $0 } == ((0..<20).map { ResourceVersion(rawValue: "\($0)") } + ["99"]))
      let line = try #require(api.asked.first?.line)
      #expect(
        line.hasPrefix("GET \(pools)?watch=true&allowWatchBookmarks=true&resourceVersion=5&timeoutSeconds="))
    }
  }

  @Test(arguments: [
    (
      json(#"{"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old"}}"# + "\n"),
      ClusterError.gone("too old")
    ),
    (refusal(410, "Expired", "too old"), .gone("too old")),
    (refusal(403, "Forbidden", "no"), .forbidden("no")),
  ]) func `a watch fails as the API server says`(_ answer: HTTPResponse, _ expected: ClusterError)
    async throws
  {
    try await with { _, _ in
      answer
    } _: { cluster, _ in
      let error = await failure { () throws(ClusterError) in
        try await cluster.watch(.spiderIPPool, namespace: nil, from: "5") { _ throws(ClusterError) in }
      }
      #expect(error == expected)
    }
  }

  @Test func `a watch cut off in the middle of an event, or with one that is too long, fails`() async throws {
    var options = KubernetesCluster.Options()
    options.maximumEventBytes = 1000
    try await with(options: options) { _, number in
      json(number == 0 ? #"{"type":"ADD"# : String(repeating: "x", count: 2000))
    } _: { cluster, _ in
      for expected in ["ended in the middle of an event", "longer than 1000 bytes"] {
        let error = await failure { () throws(ClusterError) in
          try await cluster.watch(.spiderIPPool, namespace: nil, from: "5") { _ throws(ClusterError) in }
        }
        #expect(error?.description.contains(expected) == true)
      }
    }
  }

  @Test func `what onEvent throws ends the watch`() async throws {
    try await with { _, _ in
      json(#"{"type":"ADDED","object":\#(pool("a", 1))}"# + "\n")
    } _: { cluster, _ in
      let error = await failure { () throws(ClusterError) in
        try await cluster.watch(.spiderIPPool, namespace: nil, from: "5") { _ throws(ClusterError) in
          throw .conflict("enough")
        }
      }
      #expect(error == .conflict("enough"))
    }
  }

  @Test func `reads the token again when it is not accepted, once`() async throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("token-\(UUID().uuidString)")
    try Data("old".utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    try await with(token: .file(file.path, fallback: nil)) { question, _ in
      if question.token == "Bearer new" { return json(pool("a", 1)) }
      // The kubelet replaces the file between the two.
      do { try Data("new".utf8).write(to: file) } catch { return nil }
      return refusal(401, "Unauthorized", "Unauthorized")
    } _: { cluster, api in
      let found = try await cluster.get(.spiderIPPool, namespace: nil, name: "a")
      #expect(found.name == "a")
      #expect(api.asked.map(\.token) == ["Bearer old", "Bearer new"])
    }
    try await with(token: .file(file.path, fallback: nil)) { _, _ in
      refusal(401, "Unauthorized", "Unauthorized")
    } _: { cluster, api in
      let error = await failure { () throws(ClusterError) in
        _ = try await cluster.get(.spiderIPPool, namespace: nil, name: "a")
      }
      #expect(error == .unauthorized("Unauthorized"))
      #expect(api.asked.count == 1)
    }
  }

  @Test func `creates, updates and deletes`() async throws {
    try await with { _, number in
      json(pool("a", number))
    } _: { cluster, api in
      let body = Array("{}".utf8)
      #expect(try await cluster.create(.spiderIPPool, namespace: nil, json: body).resourceVersion == "0")
      #expect(
        try await cluster.update(.spiderIPPool, namespace: nil, name: "a", json: body).resourceVersion == "1")
      #expect(
        try await cluster.updateStatus(.spiderIPPool, namespace: nil, name: "a", json: body).resourceVersion
          == "2")
      try await cluster.delete(.spiderIPPool, namespace: nil, name: "a")
      // It has no status of its own.
      _ = try await cluster.updateStatus(.spiderReservedIP, namespace: nil, name: "r", json: body)
      #expect(
        api.asked.map(\.line) == [
          "POST \(pools)", "PUT \(pools)/a", "PUT \(pools)/a/status", "DELETE \(pools)/a",
          "PUT /base/apis/spiderpool.spidernet.io/v2beta1/spiderreservedips/r",
        ])
    }
  }

  @Test func `patches, and tells a conflict`() async throws {
    try await with { _, number in
      number == 0 ? json(pool("a", 8)) : refusal(409, "Conflict", "the object has been modified")
    } _: { cluster, api in
      let patch = Array(#"{"metadata":{"resourceVersion":"7"},"spec":{"disable":true}}"#.utf8)
      let patched = try await cluster.patch(.spiderIPPool, namespace: nil, name: "a", mergePatch: patch)
      #expect(patched.resourceVersion == "8")
      let error = await failure { () throws(ClusterError) in
        _ = try await cluster.patch(.spiderIPPool, namespace: nil, name: "a", mergePatch: patch)
      }
      #expect(error == .conflict("the object has been modified"))
      #expect(api.asked.map(\.line) == ["PATCH \(pools)/a", "PATCH \(pools)/a"])
      #expect(api.asked.first?.contentType == "application/merge-patch+json")
      #expect(api.asked.first?.body == String(decoding: patch, as: UTF8.self))
    }
  }

  @Test func `tells when to come back, and does not come back by itself`() async throws {
    try await with { _, _ in
      json("", status: 429, retryAfter: 2)
    } _: { cluster, api in
      let error = await failure { () throws(ClusterError) in
        _ = try await cluster.get(.spiderIPPool, namespace: nil, name: "a")
      }
      #expect(error == .tooManyRequests(retryAfter: .seconds(2)))
      #expect(api.asked.count == 1)
    }
  }

  @Test func `does not wait longer than it was told to`() async throws {
    var options = KubernetesCluster.Options()
    options.requestTimeout = .milliseconds(50)
    try await with(options: options) { _, _ in
      nil
    } _: { cluster, _ in
      let error = await failure { () throws(ClusterError) in
        _ = try await cluster.get(.spiderIPPool, namespace: nil, name: "a")
      }
      guard case .timeout = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
  }

  @Test func `says where it cannot reach the API server`() async throws {
    let api = try await FakeAPIServer { _, _ in nil }
    await api.stop()
    let cluster = try KubernetesCluster(api.access, userAgent: "spiderpool-webhook/test")
    let error = await failure { () throws(ClusterError) in
      _ = try await cluster.get(.spiderIPPool, namespace: nil, name: "a")
    }
    let sentence =
      "GET /apis/spiderpool.spidernet.io/v2beta1/spiderippools/a at \(api.access.server) failed: cannot connect"
    #expect(error?.description.hasPrefix(sentence) == true, "\(String(describing: error))")
  }
}
