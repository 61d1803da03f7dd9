import Cluster
import JSON
import KubernetesAPI
import Testing

/// What every store must make of a merge patch, as the API server does.
@Suite struct `A merge patch` {
  private func patch(_ pool: String, _ patch: JSONValue, in store: any ClusterStore) async throws
    -> ClusterObject
  {
    try await store.patch(.spiderIPPool, namespace: nil, name: pool, mergePatch: patch.bytes)
  }

  @Test(arguments: StoreUnderTest.allCases)
  func `changes what it names and nothing else`(_ kind: StoreUnderTest) async throws {
    try await kind.run { store in
      let made = try await store.create(
        .spiderIPPool, namespace: nil,
        json: pool("a") {
          $0["spec"]?["gateway"] = "10.6.0.1"
          $0[metadata: "labels"] = ["kept": "1", "gone": "2"]
        })
      let patched = try await patch(
        "a",
        ["metadata": ["labels": ["gone": .null, "new": "3"]], "spec": ["gateway": .null, "disable": true]],
        in: store)
      let value = try patched.value
      #expect(value["spec"]?["disable"] == true && value["spec"]?["subnet"] == "10.6.0.0/16")
      #expect(value["spec"]?["gateway"] == nil)
      #expect(value[metadata: "labels"] == ["kept": "1", "new": "3"])
      #expect(value[metadata: "generation"] == 2)
      #expect(patched.uid == made.uid && patched.resourceVersion != made.resourceVersion)
      #expect(try await store.get(.spiderIPPool, namespace: nil, name: "a") == patched)
    }
  }

  @Test(arguments: StoreUnderTest.allCases)
  func `is conditional only on a version that it names`(_ kind: StoreUnderTest) async throws {
    try await kind.run { store in
      let made = try await store.create(.spiderIPPool, namespace: nil, json: pool("a"))
      func disabling(_ disable: Bool, at version: ResourceVersion) -> JSONValue {
        [
          "metadata": ["resourceVersion": .string(version.rawValue)], "spec": ["disable": .bool(disable)],
        ]
      }
      let first = try await patch("a", disabling(true, at: made.resourceVersion), in: store)
      let stale = await clusterError {
        _ = try await patch("a", disabling(false, at: made.resourceVersion), in: store)
      }
      #expect(stale?.label == "conflict")
      #expect(try await store.get(.spiderIPPool, namespace: nil, name: "a") == first)
      let whatever = try await patch("a", ["spec": ["disable": false]], in: store)
      #expect(try whatever.value["spec"]?["disable"] == false)
    }
  }

  @Test(arguments: StoreUnderTest.allCases)
  func `keeps the version when it changes nothing`(_ kind: StoreUnderTest) async throws {
    try await kind.run { store in
      let made = try await store.create(.spiderIPPool, namespace: nil, json: pool("a"))
      let same = try await patch("a", ["spec": ["subnet": "10.6.0.0/16", "gateway": .null]], in: store)
      #expect(same.resourceVersion == made.resourceVersion)
    }
  }

  @Test(arguments: StoreUnderTest.allCases)
  func `leaves a status with a subresource alone, and writes any other`(_ kind: StoreUnderTest) async throws {
    try await kind.run { store in
      let made = try await store.create(.spiderIPPool, namespace: nil, json: pool("a"))
      let json = try made.changed { $0["status"] = ["totalIPCount": 7] }
      let status = try await store.updateStatus(.spiderIPPool, namespace: nil, name: "a", json: json)
      let patched = try await patch("a", ["status": ["totalIPCount": 8]], in: store)
      #expect(patched.resourceVersion == status.resourceVersion)
      #expect(try patched.value["status"] == ["totalIPCount": 7])

      _ = try await store.create(
        .spiderEndpoint, namespace: "default", json: object("SpiderEndpoint", "web"))
      let change: JSONValue = ["status": ["ownerControllerName": "other"]]
      let endpoint = try await store.patch(
        .spiderEndpoint, namespace: "default", name: "web", mergePatch: change.bytes)
      #expect(try endpoint.value["status"]?["ownerControllerName"] == "other")
      #expect(try endpoint.value["status"]?["ownerControllerType"] == "Pod")
    }
  }

  @Test(arguments: StoreUnderTest.allCases)
  func `can take the last finalizer of an object being deleted`(_ kind: StoreUnderTest) async throws {
    try await kind.run { store in
      let json = pool("a") { $0[metadata: "finalizers"] = ["one"] }
      _ = try await store.create(.spiderIPPool, namespace: nil, json: json)
      try await store.delete(.spiderIPPool, namespace: nil, name: "a")
      _ = try await patch("a", ["metadata": ["finalizers": .null]], in: store)
      let gone = await clusterError {
        _ = try await store.get(.spiderIPPool, namespace: nil, name: "a")
      }
      #expect(gone?.label == "notFound")
    }
  }

  @Test(arguments: StoreUnderTest.allCases)
  func `is refused where there is no object, and when it is none`(_ kind: StoreUnderTest) async throws {
    try await kind.run { store in
      let missing = await clusterError { _ = try await patch("a", ["spec": [:]], in: store) }
      #expect(missing?.label == "notFound")
      let made = try await store.create(.spiderIPPool, namespace: nil, json: pool("a"))
      let other: [JSONValue] = [
        ["metadata": ["name": "b"]], ["metadata": ["uid": "other"]], ["kind": "SpiderSubnet"],
      ]
      for wrong in other + [[], "text"] {
        let refused = await clusterError { _ = try await patch("a", wrong, in: store) }
        // The API server takes a bare string for a mistake of its own.
        let label = kind == .apiServer && wrong == "text" ? "unavailable" : "invalid"
        #expect(refused?.label == label, "\(wrong)")
      }
      #expect(try await store.get(.spiderIPPool, namespace: nil, name: "a") == made)
    }
  }

  @Test func `can be made to go wrong by plan`() async throws {
    let plan = FaultPlan()
    let store = FaultInjectingStore(try LocalCluster.inMemory(), plan: plan)
    let made = try await store.create(.spiderIPPool, namespace: nil, json: pool("a"))
    plan.inject(.fail(.unavailable("no connection")), into: .patch)
    plan.inject(.loseAnswer(.timeout("no answer")), into: .patch)
    let failed = await clusterError { _ = try await patch("a", ["spec": ["disable": true]], in: store) }
    #expect(failed == .unavailable("no connection"))
    #expect(try await store.get(.spiderIPPool, namespace: nil, name: "a") == made)
    let lost = await clusterError { _ = try await patch("a", ["spec": ["disable": true]], in: store) }
    #expect(lost == .timeout("no answer"))
    let changed = try await store.get(.spiderIPPool, namespace: nil, name: "a")
    #expect(try changed.value["spec"]?["disable"] == true)
    #expect(plan.calls(of: .patch) == 2 && plan.calls(of: .update) == 0)
  }
}
