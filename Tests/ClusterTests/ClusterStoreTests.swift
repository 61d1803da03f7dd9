import Cluster
import Foundation
import JSON
import KubernetesAPI
import Testing

/// What every store must do as the API server does.
@Suite struct `A cluster store` {
  @Test(arguments: StoreUnderTest.allCases)
  func `gives a new object its identity`(_ kind: StoreUnderTest) async throws {
    try await kind.run { store in
      let made = try await store.create(.spiderIPPool, namespace: nil, json: pool("a"))
      let value = try made.value
      #expect(made.name == "a" && made.namespace == nil)
      #expect(UUID(uuidString: made.uid) != nil && value[metadata: "uid"]?.string == made.uid)
      #expect(value[metadata: "resourceVersion"]?.string == made.resourceVersion.rawValue)
      #expect(value[metadata: "generation"] == 1)
      let created = try #require(value[metadata: "creationTimestamp"]?.string)
      #expect(created.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/) != nil)
      if let expected = kind.creationTimestamp { #expect(.string(created) == expected) }
      #expect(value["spec"]?["subnet"] == "10.6.0.0/16")
      #expect(try await store.get(.spiderIPPool, namespace: nil, name: "a") == made)
    }
  }

  @Test(arguments: StoreUnderTest.allCases)
  func `ignores identity and status that a client writes into a new object`(_ kind: StoreUnderTest)
    async throws
  {
    try await kind.run { store in
      let json = pool("a") {
        $0[metadata: "uid"] = "mine"
        $0[metadata: "managedFields"] = [["manager": "kubectl"]]
        $0["status"] = ["totalIPCount": 7]
      }
      let value = try await store.create(.spiderIPPool, namespace: nil, json: json).value
      #expect(value[metadata: "uid"] != "mine")
      if kind != .apiServer { #expect(value[metadata: "managedFields"] == nil) }
      #expect(value["status"] == nil)
    }
  }

  @Test(arguments: StoreUnderTest.allCases)
  func `raises the resource version with every change of anything`(_ kind: StoreUnderTest) async throws {
    try await kind.run { store in
      var versions: [UInt64] = []
      for name in ["a", "b", "c"] {
        let made = try await store.create(.spiderIPPool, namespace: nil, json: pool(name))
        versions.append(UInt64(made.resourceVersion.rawValue) ?? 0)
      }
      #expect(versions == versions.sorted() && Set(versions).count == 3)
      let listed = try await store.list(.pod, namespace: nil) { _ in }
      #expect(UInt64(listed.rawValue) ?? 0 >= versions.last ?? .max)
    }
  }

  @Test(arguments: StoreUnderTest.allCases)
  func `refuses a name that is taken`(_ kind: StoreUnderTest) async throws {
    try await kind.run { store in
      let first = try await store.create(.spiderIPPool, namespace: nil, json: pool("a"))
      let error = await clusterError {
        _ = try await store.create(.spiderIPPool, namespace: nil, json: pool("a", subnet: "10.7.0.0/16"))
      }
      #expect(
        error == .alreadyExists("spiderippools.spiderpool.spidernet.io \"a\" already exists"))
      #expect(try await store.get(.spiderIPPool, namespace: nil, name: "a") == first)
    }
  }

  @Test(arguments: StoreUnderTest.allCases)
  func `completes generateName`(_ kind: StoreUnderTest) async throws {
    try await kind.run { store in
      let json = pool("x") {
        $0[metadata: "name"] = nil
        $0[metadata: "generateName"] = "auto-"
      }
      let names = [
        try await store.create(.spiderIPPool, namespace: nil, json: json).name,
        try await store.create(.spiderIPPool, namespace: nil, json: json).name,
      ]
      #expect(names.allSatisfy { $0.hasPrefix("auto-") && $0.utf8.count == 10 })
      #expect(names[0] != names[1])
    }
  }

  @Test(arguments: StoreUnderTest.allCases)
  func `refuses what is no such object`(_ kind: StoreUnderTest) async throws {
    var wrong: [(String, [UInt8])] = [
      ("no name", pool("")), ("another kind", pool("a") { $0["kind"] = "SpiderSubnet" }),
      ("no kind", pool("a") { $0["kind"] = nil }), ("a path for a name", pool("a/b")),
    ]
    // The API server answers these as its own failure (500).
    if kind != .apiServer {
      wrong += [
        ("no JSON", Array("{".utf8)), ("no object", Array("[]".utf8)),
        ("a version", pool("a") { $0[metadata: "resourceVersion"] = "1" }),
      ]
    }
    try await kind.run { store in
      for (what, json) in wrong {
        let error = await clusterError {
          _ = try await store.create(.spiderIPPool, namespace: nil, json: json)
        }
        #expect(error?.label == "invalid", "\(what): \(String(describing: error))")
      }
      let left = try await names(of: .spiderIPPool, in: store)
      #expect(left.isEmpty)
    }
  }

  @Test(arguments: StoreUnderTest.allCases)
  func `tells what is not there`(_ kind: StoreUnderTest) async throws {
    try await kind.run { store in
      let errors = [
        await clusterError { _ = try await store.get(.spiderIPPool, namespace: nil, name: "a") },
        await clusterError {
          _ = try await store.update(.spiderIPPool, namespace: nil, name: "a", json: pool("a"))
        },
        await clusterError {
          _ = try await store.updateStatus(.spiderIPPool, namespace: nil, name: "a", json: pool("a"))
        },
        await clusterError { try await store.delete(.spiderIPPool, namespace: nil, name: "a") },
      ]
      for error in errors {
        #expect(error == .notFound("spiderippools.spiderpool.spidernet.io \"a\" not found"))
      }
    }
  }

  @Test(arguments: StoreUnderTest.allCases)
  func `writes under the version that was read, and under no other`(_ kind: StoreUnderTest) async throws {
    try await kind.run { store in
      let first = try await store.create(.spiderIPPool, namespace: nil, json: pool("a"))
      let json = try first.changed { $0["spec"]?["disable"] = true }
      let second = try await store.update(.spiderIPPool, namespace: nil, name: "a", json: json)
      #expect(try second.value["spec"]?["disable"] == true)
      #expect(try second.value[metadata: "generation"] == 2)
      #expect(second.uid == first.uid && second.resourceVersion != first.resourceVersion)

      let stale = await clusterError {
        _ = try await store.update(.spiderIPPool, namespace: nil, name: "a", json: json)
      }
      #expect(stale?.label == "conflict")
      let unconditional = await clusterError {
        _ = try await store.update(.spiderIPPool, namespace: nil, name: "a", json: pool("a"))
      }
      #expect(unconditional?.label == "invalid")
    }
  }

  @Test(arguments: StoreUnderTest.allCases)
  func `refuses a write for another UID`(_ kind: StoreUnderTest) async throws {
    try await kind.run { store in
      let made = try await store.create(.spiderIPPool, namespace: nil, json: pool("a"))
      let other = try made.changed { $0[metadata: "uid"] = "another" }
      let error = await clusterError {
        _ = try await store.update(.spiderIPPool, namespace: nil, name: "a", json: other)
      }
      #expect(error?.label == "conflict")
    }
  }

  @Test(arguments: StoreUnderTest.allCases)
  func `keeps the version when a write changes nothing`(_ kind: StoreUnderTest) async throws {
    try await kind.run { store in
      let made = try await store.create(.spiderIPPool, namespace: nil, json: pool("a"))
      let again = try await store.update(.spiderIPPool, namespace: nil, name: "a", json: made.json)
      #expect(again.resourceVersion == made.resourceVersion)
    }
  }

  @Test(arguments: StoreUnderTest.allCases)
  func `may write what is built in whatever its version`(_ kind: StoreUnderTest) async throws {
    let json = Array(#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"store-test"}}"#.utf8)
    try await kind.run { store in
      try? await store.delete(.configMap, namespace: "default", name: "store-test")
      _ = try await store.create(.configMap, namespace: "default", json: json)
      _ = try await store.update(.configMap, namespace: "default", name: "store-test", json: json)
      try await store.delete(.configMap, namespace: "default", name: "store-test")
    }
  }

  @Test(arguments: StoreUnderTest.allCases)
  func `keeps status and everything else apart`(_ kind: StoreUnderTest) async throws {
    try await kind.run { store in
      let made = try await store.create(.spiderIPPool, namespace: nil, json: pool("a"))
      let both = try made.changed {
        $0["status"] = ["totalIPCount": 7]
        $0["spec"]?["disable"] = true
        $0[metadata: "labels"] = ["a": "b"]
      }
      let status = try await store.updateStatus(.spiderIPPool, namespace: nil, name: "a", json: both)
      #expect(try status.value["status"] == ["totalIPCount": 7])
      #expect(try status.value["spec"] == made.value["spec"])
      #expect(try status.value[metadata: "labels"] == nil)
      #expect(try status.value[metadata: "generation"] == 1)

      let main = try status.changed {
        $0["status"] = ["totalIPCount": 8]
        $0["spec"]?["disable"] = true
      }
      let updated = try await store.update(.spiderIPPool, namespace: nil, name: "a", json: main)
      #expect(try updated.value["status"] == ["totalIPCount": 7])
      #expect(try updated.value["spec"]?["disable"] == true)
      let stale = await clusterError {
        _ = try await store.updateStatus(.spiderIPPool, namespace: nil, name: "a", json: main)
      }
      #expect(stale?.label == "conflict")
    }
  }

  @Test(arguments: StoreUnderTest.allCases)
  func `treats status as part of a type without the subresource`(_ kind: StoreUnderTest) async throws {
    try await kind.run { store in
      let made = try await store.create(
        .spiderEndpoint, namespace: "default", json: object("SpiderEndpoint", "web"))
      #expect(try made.value["status"]?["ownerControllerName"] == "web")
      let json = try made.changed {
        $0["status"]?["ownerControllerName"] = "other"
        $0[metadata: "labels"] = ["a": "b"]
      }
      let whole = try await store.updateStatus(.spiderEndpoint, namespace: "default", name: "web", json: json)
      #expect(try whole.value["status"]?["ownerControllerName"] == "other")
      #expect(try whole.value[metadata: "labels"] == ["a": "b"])
    }
  }

  @Test(arguments: StoreUnderTest.allCases)
  func `keeps namespaces apart and lists in order`(_ kind: StoreUnderTest) async throws {
    func endpoint(_ name: String, _ namespace: String?) -> [UInt8] {
      object("SpiderEndpoint", name, namespace: namespace)
    }
    try await kind.run { store in
      _ = try await store.create(.spiderEndpoint, namespace: "two", json: endpoint("a", nil))
      _ = try await store.create(.spiderEndpoint, namespace: "one", json: endpoint("b", "one"))
      _ = try await store.create(.spiderEndpoint, namespace: "one", json: endpoint("a", "one"))
      #expect(try await names(of: .spiderEndpoint, in: store) == ["one/a", "one/b", "two/a"])
      #expect(try await names(of: .spiderEndpoint, namespace: "two", in: store) == ["two/a"])
      let other = await clusterError {
        _ = try await store.create(.spiderEndpoint, namespace: "two", json: endpoint("c", "one"))
      }
      let none = await clusterError {
        _ = try await store.create(.spiderEndpoint, namespace: nil, json: endpoint("c", nil))
      }
      #expect(other?.label == "invalid")
      if kind != .apiServer { #expect(none?.label == "invalid") }
    }
  }

  @Test(arguments: StoreUnderTest.allCases)
  func `deletes under preconditions`(_ kind: StoreUnderTest) async throws {
    try await kind.run { store in
      let made = try await store.create(.spiderIPPool, namespace: nil, json: pool("a"))
      for wrong in [Preconditions(uid: "another"), Preconditions(resourceVersion: "0")] {
        let error = await clusterError {
          try await store.delete(.spiderIPPool, namespace: nil, name: "a", preconditions: wrong)
        }
        #expect(error?.label == "conflict")
      }
      let right = Preconditions(uid: made.uid, resourceVersion: made.resourceVersion)
      try await store.delete(.spiderIPPool, namespace: nil, name: "a", preconditions: right)
      #expect(try await names(of: .spiderIPPool, in: store).isEmpty)
      let next = try await store.create(.spiderIPPool, namespace: nil, json: pool("a"))
      #expect(next.uid != made.uid)
    }
  }

  @Test(arguments: StoreUnderTest.allCases)
  func `keeps a deleted object until its finalizers are gone`(_ kind: StoreUnderTest) async throws {
    try await kind.run { store in
      let json = pool("a") { $0[metadata: "finalizers"] = ["one", "two"] }
      _ = try await store.create(.spiderIPPool, namespace: nil, json: json)
      try await store.delete(.spiderIPPool, namespace: nil, name: "a")
      let terminating = try await store.get(.spiderIPPool, namespace: nil, name: "a")
      let deleted = try #require(try terminating.value[metadata: "deletionTimestamp"]?.string)
      try await store.delete(.spiderIPPool, namespace: nil, name: "a")
      #expect(try await store.get(.spiderIPPool, namespace: nil, name: "a") == terminating)

      let more = try terminating.changed { $0[metadata: "finalizers"] = ["one", "three"] }
      let refused = await clusterError {
        _ = try await store.update(.spiderIPPool, namespace: nil, name: "a", json: more)
      }
      #expect(refused?.label == "invalid")
      let fewer = try terminating.changed {
        $0[metadata: "finalizers"] = ["one"]
        $0[metadata: "deletionTimestamp"] = nil
      }
      let left = try await store.update(.spiderIPPool, namespace: nil, name: "a", json: fewer)
      #expect(try left.value[metadata: "deletionTimestamp"]?.string == deleted)
      let none = try left.changed { $0[metadata: "finalizers"] = [] }
      _ = try await store.update(.spiderIPPool, namespace: nil, name: "a", json: none)
      #expect(try await names(of: .spiderIPPool, in: store).isEmpty)
    }
  }

  @Test(arguments: StoreUnderTest.allCases)
  func `lets one of many writers under one version win`(_ kind: StoreUnderTest) async throws {
    try await kind.run { store in
      let made = try await store.create(.spiderIPPool, namespace: nil, json: pool("a"))
      let outcomes = await withTaskGroup(of: String.self) { group in
        for writer in 0..<32 {
          group.addTask {
            do throws(ClusterError) {
              let json = pool("a", subnet: "10.\(writer + 100).0.0/16") {
                $0[metadata: "resourceVersion"] = .string(made.resourceVersion.rawValue)
              }
              _ = try await store.update(.spiderIPPool, namespace: nil, name: "a", json: json)
              return "won"
            } catch {
              return error.label
            }
          }
        }
        return await group.reduce(into: [:]) { counts, outcome in counts[outcome, default: 0] += 1 }
      }
      #expect(outcomes == ["won": 1, "conflict": 31])
    }
  }

  private func names(
    of type: ResourceType, namespace: String? = nil, in store: any ClusterStore
  ) async throws -> [String] {
    var names: [String] = []
    _ = try await store.list(type, namespace: namespace) { names.append("\($0.key)") }
    return names
  }
}
