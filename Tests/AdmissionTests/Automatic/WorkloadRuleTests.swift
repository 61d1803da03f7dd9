import Addressing
import IPAM
import JSON
import KubernetesAPI
import Testing

@testable import Admission

@Suite struct `A workload that names a subnet` {
  private let right = ["subnet": #"{"ipv4":["s4"]}"#]
  private let field = "spec.template.metadata.annotations[ipam.spidernet.io/subnet]"

  private static let wrong = #"{"ipv4":["s5"]}"#
  private static let kinds: [(WorkloadKind, String)] = [
    (.deployment, "spec.template"), (.replicaSet, "spec.template"), (.statefulSet, "spec.template"),
    (.daemonSet, "spec.template"), (.job, "spec.template"), (.cronJob, "spec.jobTemplate.spec.template"),
  ]

  @Test(arguments: kinds, [Phase.mutate, .validate])
  func `is told its mistakes where they stand, by either webhook`(
    _ kind: (WorkloadKind, String), _ phase: Phase
  ) throws {
    let annotations = ["subnet": Self.wrong, "ippool-ip-number": "x"]
    let answer = try AutomaticWorld().review(
      AutomaticWorld.workload(kind.0, "web", annotations), of: kind.0, phase)
    #expect(answer.status?.code == 422 && answer.status?.details?.kind == kind.0.rawValue)
    let path = "\(kind.1).metadata.annotations"
    #expect(
      answer.status?.details?.causes.map(\.field) == [
        "\(path)[ipam.spidernet.io/ippool-ip-number]", "\(path)[ipam.spidernet.io/subnet]",
      ])
    #expect(
      answer.causes.last?.hasSuffix(#"ipv4[0]: there is no SpiderSubnet "s5"; the IPv4 subnets are s4, t4"#)
        == true)
    #expect(answer.audit["rule"] == "ippool-ip-number,subnet-unknown")
  }

  @Test(arguments: kinds)
  func `passes when it is right`(_ kind: (WorkloadKind, String)) throws {
    let answer = try AutomaticWorld().review(AutomaticWorld.workload(kind.0, "web", right), of: kind.0)
    #expect(answer.isAllowed && answer.warnings.isEmpty)
    #expect(answer.outcome.decision.verdict == .allowed)
  }

  @Test func `is warned of names that are passed over`() throws {
    let annotations = ["subnet": #"{"ipv4":["s4","t4"]}"#]
    let answer = try AutomaticWorld().review(AutomaticWorld.workload(.deployment, "web", annotations))
    #expect(
      answer.warnings == [
        #"\#(field): ipv4: a pool is cut from one subnet; "s4" is taken, the others are passed over"#
      ])
  }

  @Test func `is judged by what is new`() throws {
    let world = try AutomaticWorld()
    let old = AutomaticWorld.workload(.deployment, "web", ["subnet": Self.wrong])
    let scaled = AutomaticWorld.workload(.deployment, "web", ["subnet": Self.wrong], replicas: 3)
    #expect(world.review(scaled, old: old).isAllowed)
    #expect(world.review(scaled, old: old).outcome.decision.verdict == .allowed)
    let changed = ["subnet": Self.wrong, "ippool-ip-number": "4"]
    #expect(world.review(AutomaticWorld.workload(.deployment, "web", changed), old: old).status?.code == 422)
    #expect(world.review(AutomaticWorld.workload(.deployment, "web", right), old: old).isAllowed)
    let plain = AutomaticWorld.workload(.deployment)
    #expect(world.review(old, old: plain).status?.code == 422)
    #expect(world.review(plain, old: plain).outcome.decision.verdict == .notJudged)
  }

  @Test func `stays with its subnet`() throws {
    let world = try AutomaticWorld()
    let old = AutomaticWorld.workload(.deployment, "web", right)
    let answer = world.review(
      AutomaticWorld.workload(.deployment, "web", ["subnet": #"{"ipv4":["t4"]}"#]), old: old)
    #expect(
      answer.causes == [
        #"\#(field): Forbidden: the IPv4 pool of eth0 is cut from SpiderSubnet "s4" and cannot move to "t4" while the "#
          + "Deployment lives; delete the Deployment and create it anew, or create another one beside it"
      ])
    #expect(answer.audit["rule"] == "subnet-unchanged")
    for text in [
      #"{"ipv4":["s4"],"ipv6":["s6"]}"#, #"{"ipv6":["s6"]}"#, #"{"ipv4":["t4"],"interface":"net1"}"#,
    ] {
      let further = AutomaticWorld.workload(.deployment, "web", ["subnet": text])
      #expect(world.review(further, old: old).isAllowed, "\(text)")
    }
    let spelled = AutomaticWorld.workload(.deployment, "web", ["subnets": #"[{"ipv4":["s4"]}]"#])
    #expect(world.review(spelled, old: old).isAllowed, "the same in another spelling")
    let moved = AutomaticWorld.workload(.deployment, "web", ["subnets": #"[{"ipv4":["t4"]}]"#])
    #expect(
      world.review(moved, old: old).status?.details?.causes.map(\.field) == [
        "spec.template.metadata.annotations[ipam.spidernet.io/subnets]"
      ])
  }

  @Test func `is told what stays when the annotation goes`() throws {
    let answer = try AutomaticWorld().review(
      AutomaticWorld.workload(.deployment), old: AutomaticWorld.workload(.deployment, "web", right))
    #expect(answer.isAllowed)
    #expect(
      answer.warnings == [
        "\(field): is gone; the pools that were made for it stay until the Deployment is deleted"
      ])
  }

  @Test(arguments: [
    (WorkloadKind.replicaSet, "apps/v1", "Deployment"), (.job, "batch/v1", "CronJob"),
  ])
  func `is not judged where another one makes it`(
    _ kind: WorkloadKind, _ apiVersion: String, _ ownerKind: String
  ) throws {
    let world = try AutomaticWorld()
    func verdict(_ owner: String) -> Decision.Verdict {
      world.review(AutomaticWorld.workload(kind, "web", ["subnet": Self.wrong], owner: owner), of: kind)
        .outcome.decision.verdict
    }
    #expect(verdict(AutomaticWorld.owner(apiVersion, ownerKind, "o")) == .notJudged)
    #expect(verdict(AutomaticWorld.owner("argoproj.io/v1alpha1", "Rollout", "o")) == .denied)
    #expect(verdict("") == .denied)
  }

  @Test func `is not judged while it is being deleted, or where its Pods use their nodes' network`() throws {
    let world = try AutomaticWorld()
    let wrong = ["subnet": Self.wrong]
    let leaving = AutomaticWorld.workload(
      .deployment, "web", wrong, metadata: #","deletionTimestamp":"2026-01-01T00:00:00Z""#)
    #expect(world.review(leaving, old: AutomaticWorld.workload()).outcome.decision.verdict == .notJudged)
    let host = AutomaticWorld.workload(.deployment, "web", wrong, pods: #""hostNetwork":true"#)
    #expect(world.review(host).outcome.decision.verdict == .notJudged)
  }

  @Test func `is not judged where there are no subnets`() throws {
    var world = try AutomaticWorld()
    world.settings.usesSubnets = false
    let answer = world.review(AutomaticWorld.workload(.deployment, "web", ["subnet": Self.wrong]))
    #expect(answer.isAllowed && answer.outcome.decision.verdict == .notJudged)
  }

  @Test func `is refused where no pools are made`() throws {
    var world = try AutomaticWorld()
    world.settings.makesPools = false
    let answer = world.review(AutomaticWorld.workload(.deployment, "web", right))
    #expect(answer.status?.code == 422 && answer.audit["rule"] == "subnet-or-pool")
  }

  @Test func `is refused a subnet that is being deleted`() throws {
    let world = try AutomaticWorld()
    try world.storeSubnet("s4", metadata: #","deletionTimestamp":"2026-01-01T00:00:00Z""#)
    let answer = world.review(AutomaticWorld.workload(.deployment, "web", right))
    #expect(answer.causes.first?.hasSuffix(#"SpiderSubnet "s4" is being deleted; name another one"#) == true)
  }
}

@Suite struct `A workload for which its subnet is too small` {
  private func shortage(_ left: Int, _ wanted: Int) -> [String] {
    [
      #"spec.template.metadata.annotations[ipam.spidernet.io/subnet]: SpiderSubnet "s4" has \#(left) addresses left for "#
        + "the IPv4 pool of eth0, and \(wanted) are wanted: \(wanted - left) too few; the pool is not made or scaled before they are there"
    ]
  }

  private func deployment(_ replicas: Int, _ name: String = "web", number: String? = nil) -> String {
    var annotations = ["subnet": #"{"ipv4":["s4"]}"#]
    annotations["ippool-ip-number"] = number
    return AutomaticWorld.workload(.deployment, name, annotations, replicas: replicas)
  }

  @Test func `is warned with numbers`() throws {
    let world = try AutomaticWorld()
    #expect(world.review(deployment(7)).warnings.isEmpty)
    let answer = world.review(deployment(10))
    #expect(answer.isAllowed && answer.warnings == shortage(8, 11))
    #expect(world.review(deployment(1, number: "9")).warnings == shortage(8, 9))
    #expect(world.review(deployment(9, number: "+0")).warnings == shortage(8, 9))
  }

  @Test func `is warned when it grows or asks for more, and not at other changes`() throws {
    let world = try AutomaticWorld()
    #expect(world.review(deployment(10), old: deployment(10)).warnings.isEmpty)
    #expect(world.review(deployment(10), old: deployment(3)).warnings == shortage(8, 11))
    #expect(world.review(deployment(3), old: deployment(10)).warnings.isEmpty)
    #expect(world.review(deployment(3, number: "9"), old: deployment(3)).warnings == shortage(8, 9))
  }

  @Test func `may keep what it has already`() throws {
    let world = try AutomaticWorld()
    let other = Application(
      apiVersion: "apps/v1", kind: "Deployment", namespace: "default", name: "db", uid: "uid-db")
    try world.storeSubnet(
      "s4",
      status: SubnetStatus(entries: [
        "a": .init(
          addresses: AddressSet(try AddressRange("10.6.0.2-10.6.0.4")),
          application: AutomaticWorld.web.statusText),
        "b": .init(addresses: AddressSet(try AddressRange("10.6.0.5")), application: other.statusText),
      ]))
    try world.storePool("a", of: AutomaticWorld.web, "10.6.0.2-10.6.0.4")
    try world.storePool("b", of: other, "10.6.0.5")
    #expect(world.review(deployment(6)).warnings.isEmpty)
    #expect(world.review(deployment(7)).warnings == shortage(7, 8))
    #expect(world.review(deployment(7, "db")).warnings == shortage(5, 8))
    #expect(world.review(deployment(7, "new")).warnings == shortage(4, 8))
  }

  @Test func `cannot have addresses that are reserved, or in a pool that no status tells of`() throws {
    let world = try AutomaticWorld()
    let reserved = World.object("SpiderReservedIP", "r", #"{"ipVersion":4,"ips":["10.6.0.9-10.6.0.20"]}"#)
    world.directory.upsert(try AutomaticWorld.parse(reserved) { SpiderReservedIP($0) })
    try world.storePool("p", of: AutomaticWorld.web, "10.6.0.2-10.6.0.3")
    #expect(world.review(deployment(9, "new")).warnings == shortage(5, 10))
  }

  @Test(arguments: [Phase.mutate, .validate])
  func `may have what an object claimed that never came`(_ phase: Phase) throws {
    var world = try AutomaticWorld()
    let claiming = World(directory: world.directory, settings: world.settings, now: world.now)
    #expect(
      claiming.create("SpiderIPPool", #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2-10.6.0.5"]}"#)
        .isAllowed)
    #expect(world.review(deployment(9), .validate).warnings == shortage(4, 10))
    world.now += world.settings.claimLifetime
    #expect(world.review(deployment(9), phase).warnings == shortage(8, 10))
  }
}
