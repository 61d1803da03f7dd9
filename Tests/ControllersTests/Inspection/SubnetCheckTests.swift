import Cluster
import JSON
import KubernetesAPI
import Testing

@testable import Controllers

@Suite(.timeLimit(.minutes(5))) struct `A check of subnets` {
  private static let owned: JSONValue = ["ipam.spidernet.io/owner-spider-subnet": "s"]
  private static let web = "apps_v1_Deployment_default_web"

  @Test func `finds nothing where subnets, pools and applications agree`() async throws {
    let scene = try InspectionScene()
    try await scene.subnet(
      "s",
      [
        "auto": (["10.6.0.2-10.6.0.4"], Self.web),
        "gateway": (["10.6.0.5-10.6.0.6"], nil), "spiderpool": (["10.6.0.7-10.6.0.8"], nil),
        "wide": (["10.6.0.20"], nil),
      ])
    try await scene.subnet("new", network: "10.7.0.0/16", ips: [], total: nil)
    try await scene.automaticPool("auto", uid: try await scene.workload("web"))
    try await scene.pool(
      "gateway", ips: ["10.6.0.5-10.6.0.7"], spec: ["gateway": "10.6.0.7"], labels: Self.owned)
    try await scene.pool(
      "spiderpool", ips: ["10.6.0.7-10.6.0.8"], spec: ["gateway": "10.6.0.7"], labels: Self.owned)
    try await scene.pool("wide", ips: ["10.6.0.20-10.6.0.30"], labels: Self.owned)
    try await scene.pool("beside", ips: ["10.6.0.40"], labels: Self.owned)
    try await scene.pool("other", ips: ["10.6.0.9"])
    #expect(try await scene.subnetFindings() == [])
  }

  @Test func `finds entries whose pools are not there`() async throws {
    let scene = try InspectionScene()
    try await scene.subnet("s", ["auto": (["10.6.0.2-10.6.0.4"], Self.web), "b": ([], nil)])
    #expect(
      try await scene.subnetFindings() == [
        "entry-without-pool s auto: SpiderSubnet s gives it 10.6.0.2-10.6.0.4, and there is no such pool",
        "entry-without-pool s b: SpiderSubnet s gives it nothing, and there is no such pool",
      ])
  }

  @Test func `finds pools without an entry`() async throws {
    let scene = try InspectionScene()
    try await scene.subnet("s")
    try await scene.automaticPool("auto", uid: try await scene.workload("web"))
    try await scene.pool("a", ips: ["10.6.0.9"], labels: Self.owned)
    try await scene.pool("lost", subnet: "10.7.0.0/16", ips: ["10.7.0.9"], labels: Self.owned)
    #expect(
      try await scene.subnetFindings() == [
        "pool-without-entry s a: it has the label of SpiderSubnet s, which gives it nothing",
        "pool-without-entry s auto: it has the label of SpiderSubnet s, which gives it nothing",
        "pool-without-entry s lost: it has the label of SpiderSubnet s, which gives it nothing, "
          + "because it is a pool of 10.7.0.0/16",
      ])
  }

  @Test func `finds entries that are not what their pools are`() async throws {
    let scene = try InspectionScene()
    try await scene.subnet(
      "s",
      [
        "a": (["10.6.0.9"], nil), "auto": (["10.6.0.2-10.6.0.4"], "apps_v1_Deployment_default_other"),
        "far": (["10.6.0.10"], nil), "hand": (["10.6.0.12"], Self.web), "v6": (["fd00::1"], nil),
      ])
    try await scene.pool("a", ips: ["10.6.0.8-10.6.0.9", "10.6.0.30"], labels: Self.owned)
    try await scene.automaticPool("auto", uid: try await scene.workload("web"))
    try await scene.pool("far", subnet: "10.7.0.0/16", ips: ["10.7.0.9"])
    try await scene.pool("hand", ips: ["10.6.0.12"], labels: Self.owned)
    try await scene.pool("v6", ips: ["10.6.0.13"], labels: Self.owned)
    #expect(
      try await scene.subnetFindings() == [
        "wrong-entry s a: SpiderSubnet s gives it 10.6.0.9, and it has 10.6.0.8-10.6.0.9 of the subnet",
        "wrong-entry s auto: SpiderSubnet s says that it is Deployment default/other's, "
          + "and it is Deployment default/web's",
        "wrong-entry s far: SpiderSubnet s gives it 10.6.0.10, and it is a pool of 10.7.0.0/16",
        "wrong-entry s hand: SpiderSubnet s says that it is Deployment default/web's, and it is no automatic pool",
        "wrong-entry s v6: SpiderSubnet s gives it fd00::1, and it has 10.6.0.13 of the subnet",
      ])
  }

  @Test func `finds automatic pools whose addresses are not those of their entries`() async throws {
    let scene = try InspectionScene()
    try await scene.subnet("s", ["auto": (["10.6.0.2-10.6.0.5"], Self.web)])
    try await scene.automaticPool("auto", uid: try await scene.workload("web"))
    #expect(
      try await scene.subnetFindings() == [
        "wrong-addresses s auto: SpiderSubnet s gives it 10.6.0.2-10.6.0.5, and it has 10.6.0.2-10.6.0.4"
      ])
  }

  @Test func `finds addresses that several entries share`() async throws {
    let scene = try InspectionScene()
    let ips = [
      "a": ["10.6.0.1-10.6.0.10"], "b": ["10.6.0.2-10.6.0.3"], "c": ["10.6.0.9-10.6.0.12"],
      "d": ["10.6.0.13"],
    ]
    try await scene.subnet("s", ips.mapValues { ($0, nil) })
    for (name, ips) in ips { try await scene.pool(name, ips: ips, labels: Self.owned) }
    #expect(
      try await scene.subnetFindings() == [
        "shared-addresses s a: SpiderSubnet s gives 10.6.0.2-10.6.0.3, 10.6.0.9-10.6.0.10 also to b, c",
        "shared-addresses s b: SpiderSubnet s gives 10.6.0.2-10.6.0.3 also to a",
        "shared-addresses s c: SpiderSubnet s gives 10.6.0.9-10.6.0.10 also to a",
      ])
  }

  @Test(arguments: ["{", "[]"])
  func `finds a status that cannot be read, and says nothing else of it`(text: String) async throws {
    let scene = try InspectionScene()
    try await scene.subnet("s", text: text, total: 3, allocated: 3)
    try await scene.pool("a", labels: Self.owned)
    #expect(
      try await scene.subnetFindings() == [
        "unreadable-subnet-status s -: status.controlledIPPools cannot be read: it is no JSON object"
      ])
  }

  @Test func `finds counts that are wrong`() async throws {
    let scene = try InspectionScene()
    try await scene.subnet("s", ["a": (["10.6.0.1-10.6.0.10"], nil)], total: 21, allocated: 9)
    try await scene.pool("a", labels: Self.owned)
    #expect(
      try await scene.subnetFindings() == [
        "wrong-subnet-count s -: status.totalIPCount is 21, and the subnet has 20 addresses",
        "wrong-subnet-count s -: status.allocatedIPCount is 9, and the entries have 10 addresses",
      ])
  }

  @Test func `finds automatic pools without their applications`() async throws {
    let scene = try InspectionScene()
    let uid = try await scene.workload("web")
    try await scene.automaticPool("gone", application: "gone", uid: "u1")
    try await scene.automaticPool("old", application: "web", uid: "u2")
    try await scene.automaticPool("set", kind: "StatefulSet", application: "web", uid: uid)
    try await scene.automaticPool("kept", application: "gone", uid: "u3", reclaims: false)
    try await scene.automaticPool(
      "clone", group: "apps.kruise.io_v1alpha1", kind: "CloneSet", application: "gone", uid: "u4")
    #expect(
      try await scene.subnetFindings() == [
        "application-gone - clone: its application, CloneSet default/gone, does not exist",
        "application-gone - gone: its application, Deployment default/gone, does not exist",
        "application-gone - old: its application, Deployment default/web, is another one now, with the UID \(uid)",
        "application-gone - set: its application, StatefulSet default/web, does not exist",
      ])
  }

  @Test func `finds the pools of applications of a third party that are gone, if these may be listed`()
    async throws
  {
    let scene = try InspectionScene()
    let store = OperatorStore(scene.store)
    let uid = try await PoolScene(in: store).cloneSet("web")
    let group = "apps.kruise.io_v1alpha1"
    try await scene.automaticPool("there", group: group, kind: "CloneSet", application: "web", uid: uid)
    try await scene.automaticPool("gone", group: group, kind: "CloneSet", application: "web", uid: "u1")
    try await scene.automaticPool(
      "thing", group: "example.com_v1", kind: "Thing", application: "web", uid: "u2")
    let gone = "application-gone - gone: its application, CloneSet default/web, does not exist"
    let thing = "application-gone - thing: its application, Thing default/web, does not exist"
    #expect(try await scene.subnetFindings(in: store) == [gone, thing])
    store.isForbidden = true
    #expect(try await scene.subnetFindings(in: store) == [thing])
  }

  @Test func `knows an application whose name is too long for a label`() async throws {
    let scene = try InspectionScene()
    let name = String(repeating: "web-", count: 20) + "1"
    let uid = try await scene.workload(name, .cronJob)
    try await scene.automaticPool(
      "auto", group: "batch_v1", kind: "CronJob", application: LabelSyntax.fitted(name), uid: uid)
    #expect(try await scene.subnetFindings() == [])
  }

  @Test func `lists the workloads of which there are automatic pools, and no others`() async throws {
    let scene = try InspectionScene()
    try await scene.pool("a")
    _ = try await scene.report()
    #expect(scene.plan.calls(of: .list) == 5)
    try await scene.automaticPool("auto", ips: ["10.6.0.20"], uid: try await scene.workload("web"))
    _ = try await scene.report()
    #expect(scene.plan.calls(of: .list) == 11)
  }

  @Test func `tells only what is still wrong at the second look`() async throws {
    let scene = try InspectionScene()
    try await scene.subnet("s", ["a": (["10.6.0.9"], nil), "late": (["10.6.0.8"], nil)])
    let report = try await CheckReport.make(of: scene.store, settling: .seconds(5), now: { 7 }) { _ in
      await #expect(throws: Never.self) { try await scene.pool("late", ips: ["10.6.0.8"]) }
    }
    #expect(report.findings.map { "\($0.kind) \($0.pool)" } == ["entryWithoutPool a"])
    let stored = try await scene.base.get(.spiderSubnet, namespace: nil, name: "s")
    #expect(report.findings.first?.resourceVersion == stored.resourceVersion.rawValue)
  }
}
