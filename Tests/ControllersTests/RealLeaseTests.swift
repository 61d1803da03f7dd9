import Cluster
import Foundation
import JSON
import KubernetesAPI
import KubernetesClient
import Logging
import Testing

@testable import Controllers

/// Against the API server that `SPIDERPOOL_TEST_KUBECONFIG` names: what it alone can say is whether it takes what is written.
private let kubeconfig = ProcessInfo.processInfo.environment["SPIDERPOOL_TEST_KUBECONFIG"]

@Suite("Leases and Events of a real API server", .enabled(if: kubeconfig != nil), .timeLimit(.minutes(2)))
struct RealLeaseTests {
  private let name = "test-\(UUID().uuidString.lowercased().prefix(8))"
  private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  private func cluster() throws -> KubernetesCluster {
    try KubernetesCluster(
      Kubeconfig(file: try #require(kubeconfig)).access(), userAgent: "spiderpool-webhook/test")
  }

  /// Runs an elector while `body` looks at it, from when it has the lease on.
  private func leading(
    _ store: KubernetesCluster, _ identity: String, _ body: (LeaseElector) async throws -> Void
  ) async throws {
    var timing = LeaseTiming()
    timing.renewPeriod = .milliseconds(50)
    let elector = LeaseElector(
      store: store, namespace: "default", name: name, identity: identity, timing: timing, logger: logger)
    let (begun, begin) = AsyncStream<Void>.makeStream()
    let running = Task {
      await elector.run {
        begin.yield()
        // Until it is cancelled, which is the only error.
        _ = try? await Task.sleep(for: .seconds(3600))
      }
    }
    for await _ in begun { break }
    try await body(elector)
    running.cancel()
    await running.value
    #expect(elector.status.losses == 0 && elector.status.releases == 1)
  }

  private func spec(_ store: KubernetesCluster) async throws -> JSONValue? {
    let lease = try await store.get(.lease, namespace: "default", name: name)
    return try JSONValue(parsing: lease.json)["spec"]
  }

  @Test func `a lease is had, renewed, given back and had by the next one`() async throws {
    let store = try cluster()
    defer { store.close() }
    try await leading(store, "a") { elector in
      while elector.status.renewals < 3 { await Task.yield() }
      let spec = try await spec(store)
      #expect(spec?["holderIdentity"] == "a" && spec?["leaseTransitions"] == 0)
      #expect(spec?["renewTime"]?.string?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z/) != nil)
    }
    let released = try await spec(store)
    #expect(released?["holderIdentity"] == "")
    try await leading(store, "b") { elector in
      let spec = try await spec(store)
      #expect(elector.isLeader && spec?["leaseTransitions"] == 1)
    }
    try await store.delete(.lease, namespace: "default", name: name)
  }

  @Test func `an event is written, and counted up`() async throws {
    let store = try cluster()
    defer { store.close() }
    let recorder = EventRecorder(store: store, logger: logger)
    let running = Task { await recorder.run() }
    let object = ObjectReference(
      apiVersion: "spiderpool.spidernet.io/v2beta1", kind: "SpiderIPPool", namespace: nil, name: name, uid: ""
    )
    for count in 1...3 {
      recorder.record(.warning, reason: "PoolExhausted", message: "no free address", about: object)
      while recorder.status.created + recorder.status.counted + recorder.status.failures < count {
        await Task.yield()
      }
    }
    running.cancel()
    await running.value
    #expect(recorder.status.failures == 0 && recorder.status.created == 1, "\(recorder.status)")
    var counts: [Int64?] = []
    _ = try await store.list(.event, namespace: "default") { event throws(ClusterError) in
      guard event.name.hasPrefix(name) else { return }
      counts.append((try? JSONValue(parsing: event.json))?["count"]?.int)
    }
    #expect(counts == [3])
  }
}
