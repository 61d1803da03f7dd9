import Cluster
import Foundation
import JSON
import KubernetesAPI
import Synchronization
import TLS
import Testing

@testable import KubernetesClient

/// Against an API server that is there: `Tests/Cluster/start.sh DIR`, then the tests with
/// `SPIDERPOOL_TEST_KUBECONFIG=DIR/kubeconfig` (its neighbour `kubeconfig.client-certificate` is used too).
private let kubeconfig = ProcessInfo.processInfo.environment["SPIDERPOOL_TEST_KUBECONFIG"]

@Suite("A real API server", .enabled(if: kubeconfig != nil), .timeLimit(.minutes(2)), .serialized)
struct RealClusterTests {
  private let run = UUID().uuidString.lowercased().prefix(8)

  private func cluster(_ suffix: String = "") throws -> KubernetesCluster {
    let access = try Kubeconfig(file: try #require(kubeconfig) + suffix).access()
    return try KubernetesCluster(access, userAgent: "spiderpool-webhook/test")
  }

  private func configMap(_ name: String, _ value: String, version: ResourceVersion? = nil) -> [UInt8] {
    var writer = JSONWriter()
    writer.object { writer in
      writer.key("metadata")
      writer.object { writer in
        writer.key("name")
        writer.value("\(run)-\(name)")
        if let version {
          writer.key("resourceVersion")
          writer.value(version.rawValue)
        }
      }
      writer.key("data")
      writer.object { writer in
        writer.key("value")
        writer.value(value)
      }
    }
    return writer.bytes
  }

  /// Does something for each name, a hundred at a time.
  private func forEach(_ names: [String], _ body: @escaping @Sendable (String) async throws -> Void)
    async throws
  {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (index, name) in names.enumerated() {
        if index >= 100 { try await group.next() }
        group.addTask { try await body(name) }
      }
      try await group.waitForAll()
    }
  }

  private func error(_ body: () async throws(ClusterError) -> Void) async -> ClusterError? {
    do throws(ClusterError) {
      try await body()
      return nil
    } catch {
      return error
    }
  }

  @Test func `finds the types of kinds`() async throws {
    let cluster = try cluster()
    defer { cluster.close() }
    for type in [ResourceType.pod, .deployment, .job, .node, .lease] {
      let found = try await cluster.type(apiVersion: type.apiVersion, kind: type.kind)
      #expect(found == type && found?.isNamespaced == type.isNamespaced && found?.hasStatus == type.hasStatus)
    }
    #expect(try await cluster.type(apiVersion: "apps/v1", kind: "CloneSet") == nil)
    #expect(try await cluster.type(apiVersion: "nobody.example/v1", kind: "Deployment") == nil)
  }

  @Test(arguments: ["", ".client-certificate"]) func `creates, reads, updates and deletes`(_ identity: String)
    async throws
  {
    let cluster = try cluster(identity)
    defer { cluster.close() }
    #expect(try await cluster.serverVersion().hasPrefix("v1."))
    let name = "\(run)-a"
    let made = try await cluster.create(.configMap, namespace: "default", json: configMap("a", "é\n\"1\""))
    #expect(made.name == name && made.namespace == "default" && !made.uid.isEmpty)
    let again = await error { () throws(ClusterError) in
      _ = try await cluster.create(.configMap, namespace: "default", json: configMap("a", "2"))
    }
    #expect(again == .alreadyExists("configmaps \"\(name)\" already exists"))

    let read = try await cluster.get(.configMap, namespace: "default", name: name)
    #expect(read.resourceVersion == made.resourceVersion)
    #expect(try JSONValue(parsing: read.json)["data"]?["value"] == .string("é\n\"1\""))

    let json = configMap("a", "2", version: made.resourceVersion)
    let updated = try await cluster.update(.configMap, namespace: "default", name: name, json: json)
    #expect(updated.resourceVersion != made.resourceVersion)
    let conflict = await error { () throws(ClusterError) in
      _ = try await cluster.update(.configMap, namespace: "default", name: name, json: json)
    }
    guard case .conflict(let sentence) = conflict else {
      Issue.record("\(String(describing: conflict))")
      return
    }
    #expect(sentence.contains("the object has been modified"))

    let wrong = await error { () throws(ClusterError) in
      try await cluster.delete(
        .configMap, namespace: "default", name: name, preconditions: Preconditions(uid: "other"))
    }
    guard case .conflict = wrong else {
      Issue.record("\(String(describing: wrong))")
      return
    }
    try await cluster.delete(
      .configMap, namespace: "default", name: name, preconditions: Preconditions(uid: made.uid))
    let gone = await error { () throws(ClusterError) in
      _ = try await cluster.get(.configMap, namespace: "default", name: name)
    }
    #expect(gone == .notFound("configmaps \"\(name)\" not found"))
  }

  @Test func `lists in pages, and watches from there`() async throws {
    let cluster = try cluster()
    defer { cluster.close() }
    let names = (0..<1100).map { "p\($0)" }
    try await forEach(names) { name in
      _ = try await cluster.create(.configMap, namespace: "default", json: configMap(name, "x"))
    }
    var listed: Set<String> = []
    let version = try await cluster.list(.configMap, namespace: "default") { object throws(ClusterError) in
      listed.insert(object.name)
    }
    #expect(names.allSatisfy { listed.contains("\(run)-\($0)") })

    try await forEach(names) { name in
      try await cluster.delete(.configMap, namespace: "default", name: "\(run)-\(name)")
    }
    let deleted = Mutex<Set<String>>([])
    let ended = await error { () throws(ClusterError) in
      try await cluster.watch(.configMap, namespace: "default", from: version) { event throws(ClusterError) in
        guard case .deleted(let object) = event else { return }
        let count = deleted.withLock { deleted in
          deleted.insert(object.name)
          return deleted.count
        }
        if count == names.count { throw ClusterError.cancelled }
      }
    }
    #expect(ended == .cancelled)
    #expect(deleted.withLock { $0 } == Set(names.map { "\(run)-\($0)" }))
  }

  @Test func `tells who is not let in, and what is not there`() async throws {
    var access = try Kubeconfig(file: try #require(kubeconfig)).access()
    access.token = .fixed("wrong")
    let stranger = try KubernetesCluster(access, userAgent: "spiderpool-webhook/test")
    let refused = await error { () throws(ClusterError) in
      _ = try await stranger.get(.namespace, namespace: nil, name: "default")
    }
    #expect(refused == .unauthorized("Unauthorized"))
    let watching = await error { () throws(ClusterError) in
      try await stranger.watch(.namespace, namespace: nil, from: "1") { _ throws(ClusterError) in }
    }
    #expect(watching == .unauthorized("Unauthorized"))
    stranger.close()
  }

  @Test func `a cancelled watch ends at once`() async throws {
    let cluster = try cluster()
    defer { cluster.close() }
    let version = try await cluster.list(.namespace, namespace: nil) { _ throws(ClusterError) in }
    let task = Task {
      await error { () throws(ClusterError) in
        try await cluster.watch(.namespace, namespace: nil, from: version) { _ throws(ClusterError) in }
      }
    }
    _ = try await cluster.get(.namespace, namespace: nil, name: "default")
    task.cancel()
    #expect(await task.value == .cancelled)
  }

  /// `Tests/Cluster/restart-apiserver.sh`, which comes back when the API server does.
  private func restart() throws {
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Cluster/restart-apiserver.sh")
    let directory = URL(fileURLWithPath: try #require(kubeconfig)).deletingLastPathComponent()
    // Foundation's Process would wait for the API server too, which inherits its descriptors.
    try #require(system("bash '\(script.path)' '\(directory.path)'") == 0)
  }

  @Test func `goes on after a restart of the API server`() async throws {
    let cluster = try cluster()
    defer { cluster.close() }
    let before = try await cluster.create(.configMap, namespace: "default", json: configMap("r", "1"))
    let version = try await cluster.list(.configMap, namespace: "default") { _ throws(ClusterError) in }
    let watch = Task {
      await error { () throws(ClusterError) in
        try await cluster.watch(.configMap, namespace: "default", from: version) { _ throws(ClusterError) in }
      }
    }
    try restart()
    // Cut off by the crash.
    guard case .unavailable(let sentence) = await watch.value else {
      Issue.record("the watch survived")
      return
    }
    print("the watch ended: \(sentence)")
    let json = configMap("r", "2", version: before.resourceVersion)
    let after = try await cluster.update(.configMap, namespace: "default", name: before.name, json: json)
    let resumed = await error { () throws(ClusterError) in
      try await cluster.watch(.configMap, namespace: "default", from: version) { event throws(ClusterError) in
        if event.resourceVersion == after.resourceVersion { throw ClusterError.cancelled }
      }
    }
    #expect(resumed == .cancelled, "resumed where it was: \(String(describing: resumed))")
    let ancient = await error { () throws(ClusterError) in
      try await cluster.watch(.configMap, namespace: "default", from: "1") { _ throws(ClusterError) in }
    }
    guard case .gone(let reason) = ancient else {
      Issue.record("\(String(describing: ancient))")
      return
    }
    print("the ancient version: \(reason)")
    try await cluster.delete(.configMap, namespace: "default", name: before.name)
  }
}
