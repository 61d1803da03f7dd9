import Cluster
import JSON
import KubernetesAPI
import Synchronization
import Testing

/// What a watch told, as short texts.
final class WatchLog: Sendable {
  private let entries = Mutex<[String]>([])
  private let arrivals: AsyncStream<Void>
  private let arrived: AsyncStream<Void>.Continuation

  init() { (arrivals, arrived) = AsyncStream.makeStream() }

  func note(_ event: WatchEvent) {
    let text =
      switch event {
      case .added(let object): "added \(object.key)"
      case .modified(let object): "modified \(object.key)"
      case .deleted(let object): "deleted \(object.key)"
      case .bookmark: "bookmark"
      }
    note(text)
  }

  func note(_ text: String) {
    entries.withLock { $0.append(text) }
    arrived.yield()
  }

  var all: [String] { entries.withLock { $0 } }

  /// What there is once there are so many.
  func wait(for count: Int) async -> [String] {
    var iterator = arrivals.makeAsyncIterator()
    while all.count < count, await iterator.next() != nil {}
    return all
  }
}

@Suite(.timeLimit(.minutes(5))) struct `A watch` {
  /// Watches while `body` runs, and gives what ended the watch.
  private func watching(
    _ store: any ClusterStore, _ type: ResourceType = .spiderIPPool, namespace: String? = nil,
    from version: ResourceVersion,
    onEvent: @escaping @Sendable (WatchEvent) async throws(ClusterError) -> Void,
    _ body: () async throws -> Void
  ) async throws -> ClusterError? {
    let watch = Task { () -> ClusterError? in
      do throws(ClusterError) {
        try await store.watch(type, namespace: namespace, from: version, onEvent: onEvent)
        return nil
      } catch {
        return error
      }
    }
    try await body()
    watch.cancel()
    return await watch.value
  }

  @Test(arguments: StoreUnderTest.allCases)
  func `tells every change after the list, in order`(_ kind: StoreUnderTest) async throws {
    try await kind.run { store in
      _ = try await store.create(.spiderIPPool, namespace: nil, json: pool("before"))
      let version = try await store.list(.spiderIPPool, namespace: nil) { _ in }
      let log = WatchLog()
      let end = try await watching(store, from: version, onEvent: { event in log.note(event) }) {
        let made = try await store.create(.spiderIPPool, namespace: nil, json: pool("a"))
        let status = try made.changed { $0["status"] = ["totalIPCount": 1] }
        _ = try await store.updateStatus(.spiderIPPool, namespace: nil, name: "a", json: status)
        _ = try await store.create(
          .spiderSubnet, namespace: nil, json: object("SpiderSubnet", "s"))
        try await store.delete(.spiderIPPool, namespace: nil, name: "a")
        #expect(await log.wait(for: 3) == ["added a", "modified a", "deleted a"])
      }
      #expect(end == .cancelled)
    }
  }

  @Test(arguments: StoreUnderTest.allCases)
  func `resumes from any version that is remembered`(_ kind: StoreUnderTest) async throws {
    try await kind.run { store in
      var made: [ClusterObject] = []
      for name in ["a", "b", "c"] {
        made.append(try await store.create(.spiderIPPool, namespace: nil, json: pool(name)))
      }
      for position in 0..<3 {
        let log = WatchLog()
        let version = made[position].resourceVersion
        _ = try await watching(store, from: version, onEvent: { event in log.note(event) }) {
          made.append(try await store.create(.spiderIPPool, namespace: nil, json: pool("d\(position)")))
          let expected = made.dropFirst(position + 1).map { "added \($0.name)" }
          #expect(await log.wait(for: expected.count) == expected)
        }
      }
    }
  }

  @Test(arguments: StoreUnderTest.allCases)
  func `carries the version of a deletion`(_ kind: StoreUnderTest) async throws {
    try await kind.run { store in
      let made = try await store.create(.spiderIPPool, namespace: nil, json: pool("a"))
      try await store.delete(.spiderIPPool, namespace: nil, name: "a")
      let version = try await store.list(.spiderIPPool, namespace: nil) { _ in }
      let seen = Mutex<[WatchEvent]>([])
      let log = WatchLog()
      _ = try await watching(
        store, from: made.resourceVersion,
        onEvent: { event in
          seen.withLock { $0.append(event) }
          log.note(event)
        }
      ) { _ = await log.wait(for: 1) }
      guard case .deleted(let object) = seen.withLock({ $0.first }) else {
        Issue.record("no deletion was told")
        return
      }
      #expect(object.resourceVersion == version && object.resourceVersion != made.resourceVersion)
      #expect(try object.value[metadata: "resourceVersion"]?.string == version.rawValue)
    }
  }

  @Test func `tells one namespace apart from others`() async throws {
    try await StoreUnderTest.memory.run { store in
      let log = WatchLog()
      let json = object("SpiderEndpoint", "e")
      _ = try await watching(store, .spiderEndpoint, namespace: "two", from: "0", onEvent: { log.note($0) }) {
        _ = try await store.create(.spiderEndpoint, namespace: "one", json: json)
        _ = try await store.create(.spiderEndpoint, namespace: "two", json: json)
        #expect(await log.wait(for: 1) == ["added two/e"])
      }
    }
  }

  @Test func `is gone when its version is forgotten or unknown`() async throws {
    var options = LocalCluster.Options()
    options.historyChanges = 4
    try await StoreUnderTest.memory.run(options) { store in
      for number in 1...6 {
        _ = try await store.create(.spiderIPPool, namespace: nil, json: pool("p\(number)"))
      }
      for version in ["0", "1", "7", "99"] as [ResourceVersion] {
        let error = await clusterError {
          try await store.watch(.spiderIPPool, namespace: nil, from: version) { _ in }
        }
        #expect(error?.label == "gone", "\(version)")
      }
      let log = WatchLog()
      _ = try await watching(store, from: "2", onEvent: { event in log.note(event) }) {
        #expect(await log.wait(for: 4) == ["added p3", "added p4", "added p5", "added p6"])
      }
    }
  }

  @Test func `forgets by bytes as well`() async throws {
    var options = LocalCluster.Options()
    options.historyBytes = 10_000
    try await StoreUnderTest.memory.run(options) { store in
      let text = JSONValue.string(String(repeating: "x", count: 1000))
      for number in 1...40 {
        _ = try await store.create(
          .spiderIPPool, namespace: nil, json: pool("p\(number)") { $0["spec"]?["note"] = text })
      }
      let error = await clusterError {
        try await store.watch(.spiderIPPool, namespace: nil, from: "20") { _ in }
      }
      #expect(error?.label == "gone")
      let log = WatchLog()
      _ = try await watching(store, from: "24", onEvent: { event in log.note(event) }) {
        #expect(await log.wait(for: 16).count == 16)
      }
    }
  }

  @Test func `waits with the next event until the last one was dealt with`() async throws {
    try await StoreUnderTest.memory.run { store in
      let gate = Gate()
      let log = WatchLog()
      let plan = FaultPlan()
      plan.inject(.hold(gate), into: .event, skipping: 1)
      let held = FaultInjectingStore(store, plan: plan)
      _ = try await watching(held, from: "0", onEvent: { event in log.note(event) }) {
        for name in ["a", "b", "c", "d"] {
          _ = try await store.create(.spiderIPPool, namespace: nil, json: pool(name))
        }
        await gate.reached()
        #expect(log.all == ["added a"])
        #expect(plan.calls(of: .event) == 2)
        gate.open()
        #expect(await log.wait(for: 4) == ["added a", "added b", "added c", "added d"])
      }
    }
  }

  @Test func `is gone when it falls behind the history`() async throws {
    var options = LocalCluster.Options()
    options.historyChanges = 8
    try await StoreUnderTest.memory.run(options) { store in
      let gate = Gate()
      let plan = FaultPlan()
      plan.inject(.hold(gate), into: .event)
      let held = FaultInjectingStore(store, plan: plan)
      async let end = clusterError { try await held.watch(.spiderIPPool, namespace: nil, from: "0") { _ in } }
      _ = try await store.create(.spiderIPPool, namespace: nil, json: pool("first"))
      await gate.reached()
      for number in 1...20 {
        _ = try await store.create(.spiderIPPool, namespace: nil, json: pool("p\(number)"))
      }
      gate.open()
      #expect(await end?.label == "gone")
    }
  }

  @Test func `of something quiet is told a bookmark`() async throws {
    try await StoreUnderTest.memory.run { store in
      let log = WatchLog()
      _ = try await watching(store, .spiderSubnet, from: "0", onEvent: { event in log.note(event) }) {
        for number in 1...600 {
          _ = try await store.create(.spiderIPPool, namespace: nil, json: pool("p\(number)"))
        }
        #expect(await log.wait(for: 1).allSatisfy { $0 == "bookmark" })
      }
    }
  }

  @Test func `ends with the error its consumer throws`() async throws {
    try await StoreUnderTest.memory.run { store in
      _ = try await store.create(.spiderIPPool, namespace: nil, json: pool("a"))
      let error = await clusterError {
        try await store.watch(.spiderIPPool, namespace: nil, from: "0") { _ throws(ClusterError) in
          throw .timeout("enough")
        }
      }
      #expect(error == .timeout("enough"))
    }
  }

  @Test(arguments: StoreUnderTest.allCases)
  func `ends when the store closes`(_ kind: StoreUnderTest) async throws {
    try await kind.run { store in
      guard let local = store as? LocalCluster else { return }
      let log = WatchLog()
      async let end = clusterError {
        try await local.watch(.spiderIPPool, namespace: nil, from: "0") { event in log.note(event) }
      }
      _ = try await local.create(.spiderIPPool, namespace: nil, json: pool("a"))
      _ = await log.wait(for: 1)
      await local.close()
      #expect(await end?.label == "unavailable")
      let write = await clusterError {
        _ = try await local.create(.spiderIPPool, namespace: nil, json: pool("b"))
      }
      #expect(write?.label == "unavailable")
    }
  }
}
