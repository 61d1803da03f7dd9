import Admission
import Cluster
import Controllers
import KubernetesAPI
import Logging
import Testing

@Suite struct DirectoryFeedTests {
  private func pool(_ name: String, ips: String, version: ResourceVersion = "") -> [UInt8] {
    Array(
      """
      {"apiVersion":"spiderpool.spidernet.io/v2beta1","kind":"SpiderIPPool",\
      "metadata":{"name":"\(name)","resourceVersion":"\(version)"},\
      "spec":{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["\(ips)"]}}
      """.utf8)
  }

  private func isFree(_ replica: Replica, _ ips: String) -> Bool {
    guard let claim = replica.review("probe", ips: ips).claim else { return false }
    replica.directory.withdraw(claim)
    return true
  }

  @Test func `fills a directory once from a store`() async throws {
    let store = try LocalCluster.inMemory()
    _ = try await store.create(.spiderIPPool, namespace: nil, json: pool("a", ips: "10.6.0.1"))
    let replica = Replica(store)
    try await DirectoryFeed.fill(replica.directory, from: store)
    #expect(replica.directory.isSynced)
    #expect(!isFree(replica, "10.6.0.1"))
    #expect(isFree(replica, "10.6.0.2"))
  }

  @Test func `follows creation, change and deletion`() async throws {
    let store = try LocalCluster.inMemory()
    let replica = Replica(store)
    let feed = DirectoryFeed(replica.directory, from: store, logger: Logger(label: "test"))
    let running = Task { await feed.run() }
    await feed.synced()
    #expect(feed.statuses.allSatisfy { $0.status.isSynced })

    let made = try await store.create(.spiderIPPool, namespace: nil, json: pool("a", ips: "10.6.0.1"))
    await until { !isFree(replica, "10.6.0.1") }
    let json = pool("a", ips: "10.6.0.2", version: made.resourceVersion)
    _ = try await store.update(.spiderIPPool, namespace: nil, name: "a", json: json)
    await until { isFree(replica, "10.6.0.1") }
    #expect(!isFree(replica, "10.6.0.2"))
    try await store.delete(.spiderIPPool, namespace: nil, name: "a")
    await until { isFree(replica, "10.6.0.2") }
    running.cancel()
    await running.value
  }

  /// Waits for what other tasks bring about; a test that waits in vain ends by the runner's time limit.
  private func until(_ condition: () -> Bool) async {
    while !condition() { await Task.yield() }
  }
}
