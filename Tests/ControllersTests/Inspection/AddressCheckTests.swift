import Addressing
import Cluster
import JSON
import Testing

@testable import Controllers

@Suite(.timeLimit(.minutes(5))) struct `A check of addresses` {
  @Test func `finds nothing where records and Pods agree`() async throws {
    let scene = try InspectionScene()
    try await scene.pool("a")
    try await scene.pool("empty", ips: [])
    let uid = try await scene.pod("web", allocation: InspectionScene.allocation("10.6.0.2", of: "a"))
    try await scene.record("a", [("10.6.0.2", "default/web", uid)])
    #expect(try await scene.findings().isEmpty)
    let report = try await scene.report()
    #expect((report.pools, report.records, report.pods) == (2, 1, 1))
  }

  @Test func `finds records of Pods that are gone or were replaced`() async throws {
    let scene = try InspectionScene()
    try await scene.pool("a")
    try await scene.pod("web")
    try await scene.record("a", [("10.6.0.10", "default/gone", "u1"), ("10.6.0.9", "default/web", "u2")])
    #expect(try await scene.findings() == ["leak a 10.6.0.9 default/web", "leak a 10.6.0.10 default/gone"])
  }

  @Test func `lets a StatefulSet's Pods come back, and no others of its name`() async throws {
    let scene = try InspectionScene()
    try await scene.pool("a")
    try await scene.set("db", replicas: 2)
    try await scene.record(
      "a",
      [
        ("10.6.0.1", "default/db-0", "u0"), ("10.6.0.2", "default/db-1", "u1"),
        ("10.6.0.3", "default/db-2", "u2"),
        ("10.6.0.4", "other/db-0", "u3"), ("10.6.0.5", "default/db", "u4"),
      ])
    #expect(
      try await scene.findings() == [
        "leak a 10.6.0.3 default/db-2", "leak a 10.6.0.4 other/db-0", "leak a 10.6.0.5 default/db",
      ])
  }

  @Test func `does not call the address of a Pod that has ended a leak`() async throws {
    let scene = try InspectionScene()
    try await scene.pool("a")
    let uid = try await scene.pod("job", phase: "Succeeded")
    try await scene.record("a", [("10.6.0.2", "default/job", uid)])
    #expect(try await scene.findings().isEmpty)
  }

  @Test func `finds an address with two records, in two pools of one network or in one status`() async throws
  {
    let scene = try InspectionScene()
    try await scene.pool("a")
    try await scene.pool("b", ips: ["10.6.0.2-10.6.0.11"])
    try await scene.pool("v6", subnet: "fd00::/64", ips: ["fd00::1-fd00::a"])
    let uid = try await scene.pod("web")
    try await scene.record("a", [("10.6.0.2", "default/web", uid)])
    try await scene.record("b", [("10.6.0.2", "default/web", uid), ("10.6.0.3", "default/web", uid)])
    let record = "{\"pod\":\"default/web\",\"podUid\":\"\(uid)\"}"
    try await scene.status("v6", "{\"fd00::1\":\(record),\"fd00:0::1\":\(record)}", total: 10, allocated: 2)
    #expect(
      try await scene.findings() == [
        "duplicate-record a 10.6.0.2 default/web", "duplicate-record b 10.6.0.2 default/web",
        "duplicate-record v6 fd00::1 default/web", "duplicate-record v6 fd00::1 default/web",
      ])
  }

  @Test func `finds two live Pods that were told the same address`() async throws {
    let scene = try InspectionScene()
    try await scene.pool("a")
    let told = InspectionScene.allocation("10.6.0.2", of: "a")
    let uid = try await scene.pod("web", allocation: told)
    try await scene.pod("web2", allocation: told)
    try await scene.pod("done", allocation: told, phase: "Succeeded")
    try await scene.record("a", [("10.6.0.2", "default/web", uid)])
    #expect(
      try await scene.findings() == [
        "unrecorded a 10.6.0.2 default/web2", "duplicate-allocation a 10.6.0.2 default/web",
        "duplicate-allocation a 10.6.0.2 default/web2",
      ])
  }

  @Test func `finds Pods whose addresses are not recorded for them`() async throws {
    let scene = try InspectionScene()
    try await scene.pool("a")
    try await scene.pod("web", allocation: InspectionScene.allocation("10.6.0.2", of: "a"))
    try await scene.pod("lost", allocation: InspectionScene.allocation("10.7.0.2", of: "none"))
    try await scene.pod("torn", allocation: "[{\"interface\":\"eth0\"}]")
    let findings = AddressCheck.findings(in: try await ClusterSnapshot(of: scene.store))
    #expect(
      findings.map(\.short) == [
        "unreadable-allocation - - default/torn", "unrecorded a 10.6.0.2 default/web",
        "unrecorded none 10.7.0.2 default/lost",
      ])
    #expect(
      findings.map(\.detail).suffix(2) == [
        "Pod default/web uses the address, and it is not recorded",
        "Pod default/lost uses the address, and the pool does not exist",
      ])
  }

  @Test func `finds records of addresses that the pool does not have`() async throws {
    let scene = try InspectionScene()
    try await scene.pool("a", spec: ["excludeIPs": ["10.6.0.4"]])
    let uid = try await scene.pod("web")
    try await scene.record(
      "a",
      [("10.6.0.3", "default/web", uid), ("10.6.0.4", "default/web", uid), ("10.7.0.1", "default/web", uid)],
      total: 9)
    #expect(
      try await scene.findings() == ["outside a 10.6.0.4 default/web", "outside a 10.7.0.1 default/web"])
  }

  @Test func `finds a status that cannot be read, and says nothing else of what it may hold`() async throws {
    let scene = try InspectionScene()
    try await scene.pool("a")
    try await scene.pod("web", allocation: InspectionScene.allocation("10.6.0.2", of: "a"))
    try await scene.status("a", "{\"10.6.0.2\":", total: 3, allocated: 3)
    #expect(try await scene.findings() == ["unreadable-status a - -"])
  }

  @Test func `finds counts that are wrong, and none where there is nothing to count`() async throws {
    let scene = try InspectionScene()
    try await scene.pool("a")
    try await scene.pool("new")
    let uid = try await scene.pod("web")
    try await scene.record("a", [("10.6.0.2", "default/web", uid)], total: 11, allocated: 2)
    let findings = AddressCheck.findings(in: try await ClusterSnapshot(of: scene.store))
    #expect(
      findings.map(\.detail) == [
        "status.totalIPCount is 11, and the pool has 10 addresses",
        "status.allocatedIPCount is 2, and 1 addresses are recorded",
      ])
  }

  @Test func `tells only what is still wrong at the second look`() async throws {
    let scene = try InspectionScene()
    try await scene.pool("a")
    try await scene.record("a", [("10.6.0.2", "default/gone", "u1"), ("10.6.0.3", "default/going", "u2")])
    let report = try await CheckReport.make(of: scene.store, settling: .seconds(5), now: { 7 }) { pause in
      #expect(pause == .seconds(5))
      await #expect(throws: Never.self) {
        try await scene.record("a", [("10.6.0.2", "default/gone", "u1"), ("10.6.0.4", "default/new", "u3")])
      }
    }
    #expect(report.findings.map(\.short) == ["leak a 10.6.0.2 default/gone"])
    #expect(report.findings.first?.resourceVersion == (try await scene.stored("a").resourceVersion))
    #expect((report.time, report.records) == (7, 2))
  }

  @Test func `fails when the cluster is out of reach`() async throws {
    let scene = try InspectionScene()
    scene.plan.inject(.fail(.unavailable("no connection")), into: .list)
    await #expect(throws: ClusterError.unavailable("no connection")) { try await scene.report() }
  }
}
