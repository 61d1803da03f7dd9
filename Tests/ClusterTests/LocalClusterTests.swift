import Cluster
import Foundation
import JSON
import KubernetesAPI
import Testing

@Suite(.timeLimit(.minutes(5))) struct `A local cluster on disk` {
  private func names(_ cluster: LocalCluster) async throws -> [String] {
    var names: [String] = []
    _ = try await cluster.list(.spiderIPPool, namespace: nil) { names.append($0.name) }
    return names
  }

  /// The sentence of a refusal to open.
  private func refusal(
    _ directory: String, sourceLocation: SourceLocation = #_sourceLocation
  ) -> LocalClusterError? {
    do throws(LocalClusterError) { _ = try LocalCluster.open(directory: directory) } catch { return error }
    Issue.record("the store was opened", sourceLocation: sourceLocation)
    return nil
  }

  private func database(_ directory: String) -> URL {
    URL(fileURLWithPath: directory).appendingPathComponent(LocalCluster.databaseName)
  }

  @Test func `finds everything again as it was`() async throws {
    try await withDirectory { directory in
      let first = try LocalCluster.open(directory: directory)
      let made = try await first.create(.spiderIPPool, namespace: nil, json: pool("a"))
      let status = try made.changed { $0["status"] = ["totalIPCount": 1] }
      let changed = try await first.updateStatus(.spiderIPPool, namespace: nil, name: "a", json: status)
      _ = try await first.create(.spiderIPPool, namespace: nil, json: pool("b"))
      try await first.delete(.spiderIPPool, namespace: nil, name: "b")
      let web = try await first.create(
        .pod, namespace: "default",
        json: Array(#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web"}}"#.utf8))
      await first.close()

      let second = try LocalCluster.open(directory: directory)
      #expect(try await second.get(.spiderIPPool, namespace: nil, name: "a") == changed)
      #expect(try await second.get(.pod, namespace: "default", name: "web") == web)
      #expect(try await names(second) == ["a"])
      let version = try await second.list(.pod, namespace: nil) { _ in }
      #expect(version == web.resourceVersion)
      let next = try await second.create(.spiderIPPool, namespace: nil, json: pool("c"))
      #expect(UInt64(next.resourceVersion.rawValue) ?? 0 > UInt64(version.rawValue) ?? .max)
      let old = await clusterError {
        try await second.watch(.spiderIPPool, namespace: nil, from: made.resourceVersion) { _ in }
      }
      #expect(old?.label == "gone")
      await second.close()
    }
  }

  @Test func `is there for one at a time`() async throws {
    try await withDirectory { directory in
      let first = try LocalCluster.open(directory: directory)
      let path = database(directory).path
      #expect(refusal(directory)?.description == "\(path) is in use by another process")
      _ = try await first.create(.spiderIPPool, namespace: nil, json: pool("a"))
      #expect(refusal(directory)?.description == "\(path) is in use by another process")
      await first.close()
      let second = try LocalCluster.open(directory: directory)
      #expect(try await names(second) == ["a"])
      await second.close()
    }
  }

  @Test func `leaves alone what is no database, damaged, or another program's`() async throws {
    try await withDirectory { directory in
      let cluster = try LocalCluster.open(directory: directory)
      for number in 0..<200 {
        _ = try await cluster.create(.spiderIPPool, namespace: nil, json: pool("p\(number)"))
      }
      await cluster.close()
      let file = database(directory)
      let good = try Data(contentsOf: file)
      var damaged = good
      for offset in stride(from: 4096, to: damaged.count, by: 64) { damaged[offset] = 0xAA }
      var foreign = good
      foreign[71] ^= 0xFF  // application_id lies at 68...71 of the header
      var newer = good
      newer[63] = 9  // user_version lies at 60...63
      let cases: [(String, Data, String)] = [
        (
          "no database", Data("this is a text, and no database at all, however you read it".utf8),
          "not a database"
        ),
        ("damaged", damaged, ""), ("foreign", foreign, "made by another program"),
        ("newer", newer, "it has format 9, and this program reads 1"),
        ("cut off", good.prefix(good.count / 2), ""),
      ]
      for (what, content, reason) in cases {
        try content.write(to: file)
        let error = refusal(directory)
        guard case .foreign(_, let told) = error else {
          Issue.record("\(what): \(String(describing: error))")
          continue
        }
        #expect(reason.isEmpty || told.contains(reason), "\(what): \(told)")
        #expect(try Data(contentsOf: file) == content, "\(what)")
      }
      try good.write(to: file)
      let again = try LocalCluster.open(directory: directory)
      #expect(try await names(again).count == 200)
      await again.close()
    }
  }

  @Test func `says that there is no such directory`() {
    let error = refusal("/nonexistent/directory")
    guard case .inaccessible = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func `acknowledges nothing that a full disk cannot take`() async throws {
    try await withDirectory { directory in
      var options = LocalCluster.Options()
      options.maximumDatabaseBytes = 256 << 10
      let cluster = try LocalCluster.open(directory: directory, options: options)
      let note = JSONValue.string(String(repeating: "x", count: 8000))
      var acknowledged: [String] = []
      var failure: ClusterError?
      for number in 100..<200 {
        do throws(ClusterError) {
          let json = pool("p\(number)") { $0["spec"]?["note"] = note }
          acknowledged.append(try await cluster.create(.spiderIPPool, namespace: nil, json: json).name)
        } catch {
          failure = error
          break
        }
      }
      #expect(failure?.label == "unavailable")
      #expect(failure?.description.contains("full") == true)
      #expect(acknowledged.count > 10)
      #expect(try await names(cluster) == acknowledged)
      // Room is made, and the store goes on.
      try await cluster.delete(.spiderIPPool, namespace: nil, name: acknowledged.removeFirst())
      acknowledged.append(try await cluster.create(.spiderIPPool, namespace: nil, json: pool("small")).name)
      await cluster.close()
      let again = try LocalCluster.open(directory: directory)
      #expect(try await names(again) == acknowledged)
      await again.close()
    }
  }

  @Test func `takes the writes of many callers at once`() async throws {
    try await withDirectory { directory in
      let cluster = try LocalCluster.open(directory: directory)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<2000 {
          group.addTask {
            _ = try await cluster.create(.spiderIPPool, namespace: nil, json: pool("p\(number)"))
          }
        }
        try await group.waitForAll()
      }
      let version = try await cluster.list(.spiderIPPool, namespace: nil) { _ in }
      #expect(version == "2000")
      await cluster.close()
      let again = try LocalCluster.open(directory: directory)
      #expect(Set(try await names(again)) == Set((0..<2000).map { "p\($0)" }))
      await again.close()
    }
  }

  @Test func `turns writes away when too many wait`() async throws {
    try await withDirectory { directory in
      var options = LocalCluster.Options()
      options.maximumPendingWrites = 0
      let cluster = try LocalCluster.open(directory: directory, options: options)
      let error = await clusterError {
        _ = try await cluster.create(.spiderIPPool, namespace: nil, json: pool("a"))
      }
      #expect(error == .tooManyRequests(retryAfter: nil))
      await cluster.close()
    }
  }
}

@Suite struct `A recorded change` {
  private func change(
    _ operation: RecordedChange.Operation, _ name: String, _ json: [UInt8] = []
  ) -> RecordedChange {
    RecordedChange(operation: operation, type: .spiderIPPool, namespace: nil, name: name, json: json)
  }

  @Test func `keeps the identity that the API server gave`() async throws {
    let cluster = try LocalCluster.inMemory()
    let json = pool("a") {
      $0[metadata: "uid"] = "5a2bb21c-8bf4-4a4b-a5f8-5b0f8f8f0d0e"
      $0[metadata: "creationTimestamp"] = "2026-01-02T03:04:05Z"
    }
    let stored = try await cluster.record(change(.create, "a", json))
    #expect(stored?.uid == "5a2bb21c-8bf4-4a4b-a5f8-5b0f8f8f0d0e")
    #expect(try stored?.value[metadata: "creationTimestamp"] == "2026-01-02T03:04:05Z")
  }

  @Test func `told again changes nothing, and another of the name is refused`() async throws {
    let cluster = try LocalCluster.inMemory()
    let first = try await cluster.record(change(.create, "a", pool("a")))
    #expect(try await cluster.record(change(.create, "a", pool("a"))) == first)
    let error = await clusterError {
      _ = try await cluster.record(change(.create, "a", pool("a", subnet: "10.7.0.0/16")))
    }
    #expect(error?.label == "alreadyExists")
  }

  @Test func `updates whatever version it names, and keeps the status`() async throws {
    let cluster = try LocalCluster.inMemory()
    let made = try await cluster.create(.spiderIPPool, namespace: nil, json: pool("a"))
    let status = try made.changed { $0["status"] = ["totalIPCount": 1] }
    _ = try await cluster.updateStatus(.spiderIPPool, namespace: nil, name: "a", json: status)
    let json = pool("a") {
      $0[metadata: "resourceVersion"] = "4711"
      $0["spec"]?["disable"] = true
    }
    let stored = try await cluster.record(change(.update, "a", json))
    #expect(try stored?.value["spec"]?["disable"] == true)
    #expect(try stored?.value["status"] == ["totalIPCount": 1])
    #expect(stored?.uid == made.uid)
  }

  @Test func `makes what it updates, if that is unknown`() async throws {
    let cluster = try LocalCluster.inMemory()
    _ = try await cluster.record(change(.update, "a", pool("a")))
    #expect(try await cluster.get(.spiderIPPool, namespace: nil, name: "a").name == "a")
  }

  @Test func `deletes, at once or when the finalizers are gone`() async throws {
    let cluster = try LocalCluster.inMemory()
    _ = try await cluster.record(change(.create, "a", pool("a")))
    #expect(try await cluster.record(change(.delete, "a")) == nil)
    #expect(try await cluster.record(change(.delete, "a")) == nil)
    _ = try await cluster.record(change(.create, "b", pool("b") { $0[metadata: "finalizers"] = ["f"] }))
    let terminating = try await cluster.record(change(.delete, "b"))
    #expect(try terminating?.value[metadata: "deletionTimestamp"]?.string != nil)
    #expect(try await cluster.record(change(.update, "b", pool("b"))) == nil)
    #expect(await clusterError { _ = try await cluster.get(.spiderIPPool, namespace: nil, name: "b") } != nil)
  }
}
