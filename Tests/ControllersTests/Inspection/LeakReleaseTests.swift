import Addressing
import Cluster
import IPAM
import JSON
import KubernetesAPI
import Synchronization
import Testing

@testable import Controllers

@Suite(.timeLimit(.minutes(5))) struct `A release of leaks` {
  private static let leaks = [("10.6.0.2", "default/gone", "u1"), ("10.6.0.3", "default/gone2", "u2")]

  /// A pool with two leaks and an address that is used.
  private func scene() async throws -> InspectionScene {
    let scene = try InspectionScene()
    try await scene.pool("a")
    let uid = try await scene.pod("web")
    try await scene.record("a", Self.leaks + [("10.6.0.4", "default/web", uid)])
    return scene
  }

  /// Releases, and gives a line for each leak: its address and what became of it.
  private func release(
    _ scene: InspectionScene, _ report: CheckReport, _ change: (inout LeakRelease.Options) -> Void = { _ in }
  ) async -> [String] {
    var options = LeakRelease.Options()
    options.now = { 2000 }
    options.sleep = { _ in }
    change(&options)
    var lines: [String] = []
    await LeakRelease(in: scene.store, options: options).run(report) { finding, outcome in
      lines.append("\(finding.address?.description ?? "-"): \(outcome)")
    }
    return lines
  }

  private func records(_ scene: InspectionScene) async throws -> [String] {
    try await scene.stored("a").records.map(\.address.description)
  }

  @Test func `frees the addresses of Pods that are gone, and nothing else`() async throws {
    let scene = try await scene()
    let lines = await release(scene, try await scene.report())
    #expect(lines == ["10.6.0.2: released", "10.6.0.3: released"])
    let pool = try await scene.stored("a")
    #expect(pool.records.map(\.address.description) == ["10.6.0.4"])
    #expect((pool.storedAllocated, pool.storedTotal) == (1, 10))
    #expect(scene.plan.calls(of: .updateStatus) == 1)
  }

  @Test func `leaves no text when the last record goes`() async throws {
    let scene = try InspectionScene()
    try await scene.pool("a")
    try await scene.record("a", [("10.6.0.2", "default/gone", "u1")])
    _ = await release(scene, try await scene.report())
    let value = try JSONValue(
      parsing: try await scene.base.get(.spiderIPPool, namespace: nil, name: "a").json)
    #expect(value["status"] == ["totalIPCount": 10, "allocatedIPCount": 0])
  }

  @Test func `writes nothing in a dry run, and does not wait`() async throws {
    let scene = try await scene()
    let report = try await scene.report(at: 2000)
    let lines = await release(scene, report) {
      $0.isDryRun = true
      $0.sleep = { _ in Issue.record("it waited") }
    }
    #expect(lines == ["10.6.0.2: wouldRelease", "10.6.0.3: wouldRelease"])
    #expect(scene.plan.calls(of: .updateStatus) == 0)
  }

  @Test func `passes over an address that went to another Pod since the report`() async throws {
    let scene = try await scene()
    let report = try await scene.report()
    try await scene.record("a", [("10.6.0.2", "default/new", "u9")])
    #expect(
      await release(scene, report) == [
        "10.6.0.2: passedOver(\"the address is recorded for Pod default/new with the UID u9 now\")",
        "10.6.0.3: passedOver(\"the address is free already\")",
      ])
    #expect(try await records(scene) == ["10.6.0.2"])
  }

  @Test func `passes over a Pod that is there after all, by its name and UID`() async throws {
    let scene = try InspectionScene()
    try await scene.pool("a")
    let uid = try await scene.pod("web")
    try await scene.pod("other")
    try await scene.record("a", [("10.6.0.2", "default/web", uid), ("10.6.0.3", "default/other", "old")])
    let findings = try await scene.stored("a").records.map { record in
      AddressFinding(
        .leak, pool: "a", address: record.address, pod: record.pod, uid: record.uid, resourceVersion: "1",
        detail: "")
    }
    let report = CheckReport(time: 1000, pools: 1, records: 2, pods: 0, findings: findings)
    #expect(
      await release(scene, report) == [
        "10.6.0.2: passedOver(\"Pod default/web is there\")", "10.6.0.3: released",
      ])
    #expect(try await records(scene) == ["10.6.0.2"])
  }

  @Test func `passes over a Pod that its StatefulSet wants back since the report`() async throws {
    let scene = try InspectionScene()
    try await scene.pool("a")
    try await scene.record("a", [("10.6.0.2", "default/db-1", "u1"), ("10.6.0.3", "default/db-2", "u2")])
    let report = try await scene.report()
    #expect(report.findings.count == 2)
    try await scene.set("db", replicas: 2)
    #expect(
      await release(scene, report) == [
        "10.6.0.2: passedOver(\"StatefulSet default/db wants Pod db-1 back\")", "10.6.0.3: released",
      ])
  }

  @Test func `touches no finding but leaks, and each leak once`() async throws {
    let scene = try InspectionScene()
    try await scene.pool("a", ips: ["10.6.0.1"])
    try await scene.record("a", [("10.6.0.2", "default/gone", "u1")], total: 1)
    try await scene.subnet("s", ["a": (["10.6.0.2"], nil), "gone": (["10.6.0.2"], nil)], total: 19)
    let report = try await scene.report()
    #expect(
      report.findings.map(\.kind) == [
        .leak, .outside, .wrongSubnetCount, .wrongEntry, .entryWithoutPool, .sharedAddresses,
        .sharedAddresses,
      ])
    let doubled = CheckReport(
      time: 1000, pools: 1, records: 1, pods: 0, findings: report.findings + report.findings)
    #expect(await release(scene, doubled) == ["10.6.0.2: released"])
  }

  @Test func `decides anew after a conflict`() async throws {
    let scene = try await scene()
    let report = try await scene.report()
    let gate = Gate()
    scene.plan.inject(.hold(gate), into: .updateStatus)
    async let lines = release(scene, report)
    await gate.reached()
    try await scene.record("a", [Self.leaks[0], ("10.6.0.3", "default/new", "u9")])
    gate.open()
    #expect(
      await lines == [
        "10.6.0.2: released",
        "10.6.0.3: passedOver(\"the address is recorded for Pod default/new with the UID u9 now\")",
      ])
    #expect(try await records(scene) == ["10.6.0.3"])
  }

  @Test func `gives up when others write all the time`() async throws {
    let scene = try await scene()
    let report = try await scene.report()
    scene.plan.inject(.fail(.conflict("modified")), into: .updateStatus, times: 3)
    let lines = await release(scene, report) { $0.attempts = 3 }
    #expect(
      lines
        == ["10.6.0.2", "10.6.0.3"].map { "\($0): failed(\"the pool is written by others all the time\")" })
    #expect(try await records(scene).count == 3)
  }

  @Test func `knows that a write was done whose answer was lost`() async throws {
    let scene = try await scene()
    let report = try await scene.report()
    scene.plan.inject(.loseAnswer(.timeout("no answer")), into: .updateStatus)
    #expect(await release(scene, report) == ["10.6.0.2: released", "10.6.0.3: released"])
    #expect(try await records(scene) == ["10.6.0.4"])
  }

  @Test func `releases nothing that it cannot look for`() async throws {
    let scene = try await scene()
    let report = try await scene.report()
    // The pool is read, the first Pod is not.
    scene.plan.inject(.fail(.forbidden("no")), into: .get, skipping: 1)
    #expect(
      await release(scene, report) == [
        "10.6.0.2: failed(\"Pod default/gone could not be looked for: no\")", "10.6.0.3: released",
      ])
    #expect(try await records(scene) == ["10.6.0.2", "10.6.0.4"])
  }

  @Test func `passes over a pool that is gone or unreadable`() async throws {
    let scene = try await scene()
    let report = try await scene.report()
    try await scene.status("a", "{", total: 10, allocated: 3)
    #expect(
      await release(scene, report).first == "10.6.0.2: passedOver(\"the records of the pool cannot be read\")"
    )
    try await scene.base.delete(.spiderIPPool, namespace: nil, name: "a")
    #expect(await release(scene, report).first == "10.6.0.2: passedOver(\"the pool does not exist\")")
  }

  @Test(arguments: [(1000, 2000, 0), (1950, 2000, 15), (2000, 2000, 65), (9999, 2000, 65)])
  func `waits until a Pod that was being created must have been stored`(made: Int64, now: Int64, wait: Int64)
    async throws
  {
    let scene = try await scene()
    let report = try await scene.report(at: made)
    let slept = Mutex<[Duration]>([])
    let lines = await release(scene, report) {
      $0.now = { now }
      $0.sleep = { time in slept.withLock { $0.append(time) } }
    }
    #expect(slept.withLock { $0 } == (wait == 0 ? [] : [.seconds(wait)]))
    #expect(lines == ["10.6.0.2: released", "10.6.0.3: released"])
  }
}
