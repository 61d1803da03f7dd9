import Cluster
import JSON
import KubernetesAPI
import Logging
import Synchronization
import TestSupport
import Testing

/// A world for one reflector: a store that goes wrong by plan, a clock that stands still, and a log of what was told.
private final class Scene: Sendable {
  struct Unreadable: Error {}

  let store: LocalCluster
  let plan = FaultPlan()
  let log = WatchLog()
  let pauses = Mutex<[Duration]>([])
  private let clock = Mutex<UInt64>(1_000)

  init(_ options: LocalCluster.Options = LocalCluster.Options()) throws {
    store = try LocalCluster.inMemory(options: options)
  }

  /// A reflector of pools that tells what it does to the log.
  func reflector() -> Reflector<String> {
    var timing = ReflectorTiming()
    timing.now = { self.clock.withLock { $0 } }
    timing.random = { 0.5 }
    timing.sleep = { pause in self.pauses.withLock { $0.append(pause) } }
    let sink = ReflectorSink<String>(
      reading: { view in
        guard let subnet = view["spec"]?["subnet"]?.string else { throw Unreadable() }
        return "\(view["metadata"]?["name"]?.string ?? "") \(subnet)"
      },
      replaceAll: { self.log.note("all \($0.sorted())") },
      upsert: { self.log.note("upsert \($0)") },
      remove: { self.log.note("remove \($0)") })
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    return Reflector(
      store: FaultInjectingStore(store, plan: plan), type: .spiderIPPool, sink: sink, timing: timing,
      logger: logger)
  }

  func advance(_ nanoseconds: UInt64) { clock.withLock { $0 += nanoseconds } }

  func create(_ name: String) async throws {
    _ = try await store.create(.spiderIPPool, namespace: nil, json: pool(name))
  }
}

@Suite(.timeLimit(.minutes(5))) struct `A reflector` {
  /// Runs a reflector while `body` looks at it.
  private func running(
    _ scene: Scene, _ body: (Reflector<String>) async throws -> Void
  ) async throws {
    let reflector = scene.reflector()
    #expect(reflector.status.state == .idle)
    let task = Task { await reflector.run() }
    try await body(reflector)
    task.cancel()
    await task.value
    #expect(reflector.status.state == .stopped)
  }

  @Test func `lists, then follows every change`() async throws {
    let scene = try Scene()
    try await scene.create("a")
    try await running(scene) { reflector in
      await reflector.synced()
      try await scene.create("b")
      try await scene.store.delete(.spiderIPPool, namespace: nil, name: "a")
      #expect(
        await scene.log.wait(for: 3)
          == [#"all ["a 10.6.0.0/16"]"#, "upsert b 10.6.0.0/16", "remove a"])
      #expect(reflector.status.isSynced && reflector.status.lists == 1)
      #expect(reflector.status.state == .watching)
    }
  }

  @Test func `goes on from the last version when a watch is dropped`() async throws {
    let scene = try Scene()
    try await running(scene) { reflector in
      await reflector.synced()
      try await scene.create("a")
      _ = await scene.log.wait(for: 2)
      scene.plan.dropWatches(.unavailable("connection reset"))
      try await scene.create("b")
      #expect(
        await scene.log.wait(for: 3) == ["all []", "upsert a 10.6.0.0/16", "upsert b 10.6.0.0/16"])
      #expect(reflector.status.lists == 1)
      #expect(reflector.status.failures == 1)
      #expect(reflector.status.lastFailure == .unavailable("connection reset"))
    }
  }

  @Test func `takes the end of a watch in good order for no failure`() async throws {
    let scene = try Scene()
    try await running(scene) { reflector in
      try await scene.create("a")
      await reflector.synced()
      try await scene.create("b")
      while !scene.log.all.contains("upsert b 10.6.0.0/16") {
        _ = await scene.log.wait(for: scene.log.all.count + 1)
      }
      scene.advance(60_000_000_000)
      scene.plan.dropWatches()
      try await scene.create("c")
      while !scene.log.all.contains("upsert c 10.6.0.0/16") {
        _ = await scene.log.wait(for: scene.log.all.count + 1)
      }
      #expect(reflector.status.lists == 1 && reflector.status.failures == 0)
      #expect(scene.pauses.withLock { $0 }.isEmpty)
    }
  }

  @Test func `lists again when the watch is gone`() async throws {
    let scene = try Scene()
    scene.plan.inject(.fail(.gone("too old")), into: .watch, skipping: 1)
    try await running(scene) { reflector in
      await reflector.synced()
      try await scene.create("a")
      _ = await scene.log.wait(for: 2)
      try await scene.store.delete(.spiderIPPool, namespace: nil, name: "a")
      _ = await scene.log.wait(for: 3)
      scene.plan.dropWatches(.unavailable("reset"))
      #expect(await scene.log.wait(for: 4).last == "all []")
      #expect(reflector.status.lists == 2 && reflector.status.gones == 1)
    }
  }

  @Test func `pauses longer with every failure in a row, and starts anew after a good time`() async throws {
    let scene = try Scene()
    scene.plan.inject(.fail(.unavailable("down")), into: .list, times: 10)
    try await running(scene) { reflector in
      await reflector.synced()
      let pauses = scene.pauses.withLock { $0 }
      // Half sure and half of the random half.
      let whole = [200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]
      #expect(pauses == whole.map { .milliseconds($0) * 3 / 4 })
      #expect(reflector.status.failures == 10)

      try await scene.create("a")
      _ = await scene.log.wait(for: 2)
      scene.advance(60_000_000_000)
      scene.plan.dropWatches(.unavailable("down"))
      try await scene.create("b")
      _ = await scene.log.wait(for: 3)
      #expect(scene.pauses.withLock { $0.last } == .milliseconds(150))
    }
  }

  @Test func `leaves out what it cannot read, and goes on`() async throws {
    let scene = try Scene()
    try await scene.create("a")
    let unreadable = pool("bad") { $0["spec"] = [:] }
    _ = try await scene.store.create(.spiderIPPool, namespace: nil, json: unreadable)
    try await running(scene) { reflector in
      await reflector.synced()
      try await scene.store.change("a") { $0["spec"] = [:] }
      try await scene.create("b")
      // The pool that became unreadable is neither removed nor replaced.
      #expect(
        await scene.log.wait(for: 2) == [#"all ["a 10.6.0.0/16"]"#, "upsert b 10.6.0.0/16"])
      #expect(reflector.status.decodeFailures == 2)
    }
  }

  @Test func `tells when the store was last heard of`() async throws {
    let scene = try Scene()
    try await running(scene) { reflector in
      await reflector.synced()
      scene.advance(5_000)
      try await scene.create("a")
      _ = await scene.log.wait(for: 2)
      scene.plan.dropWatches(.unavailable("reset"))
      try await scene.create("b")
      _ = await scene.log.wait(for: 3)
      #expect(reflector.status.lastHeard == 6_000)
    }
  }

  @Test func `is told by nobody that it is synced before it is`() async throws {
    let scene = try Scene()
    let gate = Gate()
    scene.plan.inject(.hold(gate), into: .list)
    try await running(scene) { reflector in
      await gate.reached()
      #expect(reflector.status.state == .listing && !reflector.status.isSynced)
      let waiting = Task { await reflector.synced() }
      waiting.cancel()
      await waiting.value
      #expect(!reflector.status.isSynced)
      gate.open()
      await reflector.synced()
      #expect(reflector.status.isSynced)
    }
  }

  @Test func `agrees with the store after random changes and faults`() async throws {
    var options = LocalCluster.Options()
    options.historyChanges = 64
    let seed = UInt64.random(in: 0 ... .max)
    print("seed \(seed)")
    var random = SeededGenerator(seed: seed)
    let scene = try Scene(options)
    let seen = Mutex<[String: String]>([:])
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    var timing = ReflectorTiming()
    timing.sleep = { _ in await Task.yield() }
    let sink = ReflectorSink<[String]>(
      reading: { view in
        let metadata = view["metadata"]
        return [metadata?["name"]?.string ?? "", metadata?["resourceVersion"]?.string ?? ""]
      },
      replaceAll: { all in
        seen.withLock { seen in seen = Dictionary(uniqueKeysWithValues: all.map { ($0[0], $0[1]) }) }
      },
      upsert: { pair in seen.withLock { $0[pair[0]] = pair[1] } },
      remove: { key in seen.withLock { $0[key.name] = nil } })
    let reflector = Reflector(
      store: FaultInjectingStore(scene.store, plan: scene.plan), type: .spiderIPPool, sink: sink,
      timing: timing,
      logger: logger)
    let task = Task { await reflector.run() }
    for step in 0..<3000 {
      let name = "p\(UInt64.random(in: 0..<30, using: &random))"
      switch UInt64.random(in: 0..<10, using: &random) {
      case 0..<4: _ = try? await scene.store.create(.spiderIPPool, namespace: nil, json: pool(name))
      case 4..<7: try? await scene.store.delete(.spiderIPPool, namespace: nil, name: name)
      case 7:
        _ = try? await scene.store.change(name) { $0["spec"]?["subnet"] = .string("step \(step)") }
      case 8: scene.plan.dropWatches(.unavailable("dropped"))
      default: scene.plan.inject(.fail(.timeout("slow")), into: [.list, .watch, .event][step % 3])
      }
      if step.isMultiple(of: 16) { await Task.yield() }
    }
    let last = try await scene.store.create(.spiderIPPool, namespace: nil, json: pool("last"))
    while seen.withLock({ $0["last"] }) != last.resourceVersion.rawValue { await Task.yield() }
    task.cancel()
    await task.value
    var expected: [String: String] = [:]
    _ = try await scene.store.list(.spiderIPPool, namespace: nil) {
      expected[$0.name] = $0.resourceVersion.rawValue
    }
    #expect(seen.withLock { $0 } == expected, "seed \(seed)")
  }
}
