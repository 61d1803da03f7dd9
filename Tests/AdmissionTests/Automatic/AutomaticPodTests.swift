import Addressing
import IPAM
import JSON
import KubernetesAPI
import Testing

@testable import Admission

@Suite struct `A Pod that names a subnet` {
  private let annotations = ["subnet": #"{"ipv4":["s4"]}"#]

  /// A world in which the Deployment `web` and its ReplicaSet `web-1` were seen.
  private func world() throws -> AutomaticWorld {
    let world = try AutomaticWorld()
    try world.see(.deployment, AutomaticWorld.workload(.deployment, "web", annotations))
    let owner = AutomaticWorld.owner("apps/v1", "Deployment", "web")
    try world.see(.replicaSet, AutomaticWorld.workload(.replicaSet, "web-1", annotations, owner: owner))
    return world
  }

  /// The need that an answer tells as its prerequisite.
  private func need(_ answer: Answer) -> PoolNeed? {
    if case .pools(let need) = answer.outcome.prerequisite { need } else { nil }
  }

  private let missing = "the automatic pool of Deployment default/web does not exist yet; try again"

  @Test func `of nobody's is refused`() throws {
    let answer = try world().create(AutomaticWorld.pod(annotations, owner: ""))
    #expect(
      answer.causes == [
        "metadata.annotations[ipam.spidernet.io/subnet]: Forbidden: a pool is made for an application, and this Pod has "
          + "no controller; create it by a Deployment or another controller, or name a pool in ipam.spidernet.io/ippool"
      ])
    #expect(answer.outcome.prerequisite == nil && answer.audit["rule"] == "subnet-needs-controller")
    let several = ["subnets": #"[{"ipv4":["s4"]}]"#]
    #expect(
      try world().create(AutomaticWorld.pod(several, owner: "")).status?.details?.causes.map(\.field) == [
        "metadata.annotations[ipam.spidernet.io/subnets]"
      ])
  }

  @Test func `of a controller whose replicas are not known must tell a number`() throws {
    let owner = AutomaticWorld.owner("apps.kruise.io/v1alpha1", "CloneSet", "web")
    let answer = try world().create(AutomaticWorld.pod(annotations, owner: owner))
    #expect(
      answer.causes == [
        "metadata.annotations[ipam.spidernet.io/ippool-ip-number]: Required value: the number of replicas of its "
          + "controller, CloneSet (apps.kruise.io/v1alpha1), is not known, so the number of addresses must be given; "
          + #"write ipam.spidernet.io/ippool-ip-number: "5""#
      ])
    #expect(answer.outcome.prerequisite == nil)
    let numbered = annotations.merging(["ippool-ip-number": "5"]) { $1 }
    let asking = try world().create(AutomaticWorld.pod(numbered, owner: owner))
    #expect(need(asking)?.owner.kind == "CloneSet" && need(asking)?.request.size == .fixed(5))
    let relative = annotations.merging(["ippool-ip-number": "+5"]) { $1 }
    #expect(
      try world().create(AutomaticWorld.pod(relative, owner: owner)).audit["rule"] == "fixed-ip-number")
  }

  @Test func `is told its mistakes`() throws {
    let answer = try world().create(
      AutomaticWorld.pod(["subnet": #"{"ipv4":["s6"]}"#, "ippool-reclaim": "x"]))
    #expect(answer.status?.code == 422 && answer.outcome.prerequisite == nil)
    #expect(
      answer.status?.details?.causes.map(\.field) == [
        "metadata.annotations[ipam.spidernet.io/ippool-reclaim]",
        "metadata.annotations[ipam.spidernet.io/subnet]",
      ])
  }

  @Test func `waits for its pool to be made`() throws {
    var world = try world()
    let pod = AutomaticWorld.pod(annotations)
    let answer = world.create(pod)
    #expect(answer.status?.code == 503 && answer.status?.message == missing)
    let need = try #require(self.need(answer))
    #expect(need.namespace == "default" && need.owner.name == "web-1" && need.owner.kind == "ReplicaSet")
    #expect(
      need.request
        == AutomaticPoolRequest(
          pools: [.init(interface: "eth0", family: .v4, subnet: "s4")], size: .above(1), reclaims: true))
    world.isSecondLook = true
    let second = world.create(pod)
    #expect(second.status?.code == 503 && second.status?.message == missing)
    #expect(second.outcome.prerequisite == nil)
  }

  @Test func `of a ReplicaSet that was not seen waits, whatever pools there are`() throws {
    let world = try AutomaticWorld()
    try world.storePool("auto", of: AutomaticWorld.web, "10.6.0.2-10.6.0.9")
    #expect(need(world.create(AutomaticWorld.pod(annotations)))?.owner.name == "web-1")
    let seen = try self.world()
    let another = AutomaticWorld.owner("apps/v1", "ReplicaSet", "web-1", uid: "another")
    try seen.storePool("auto", of: AutomaticWorld.web, "10.6.0.2-10.6.0.9")
    #expect(need(seen.create(AutomaticWorld.pod(annotations, owner: another)))?.owner.uid == "another")
  }

  @Test func `gets addresses of its application's pools`() throws {
    let world = try world()
    try world.storePool("auto4", of: AutomaticWorld.web, "10.6.0.4-10.6.0.5")
    try world.storePool("auto6", of: AutomaticWorld.web, in: "s6", "fd00::3-fd00::4")
    let both = ["subnet": #"{"ipv4":["s4"],"ipv6":["s6"]}"#]
    let answer = world.create(AutomaticWorld.pod(both))
    #expect(answer.isAllowed && answer.outcome.prerequisite == nil)
    #expect(world.book.held(of: "auto4", .v4).description == "10.6.0.4")
    #expect(world.book.held(of: "auto6", .v6).description == "fd00::3")

    var annotated = AutomaticWorld.annotations(both)
    for operation in try #require(try JSONValue(parsing: answer.patchText).array) {
      let key = try #require(operation["path"]?.string?.split(separator: "/").last)
      annotated[String(key).replacing("~1", with: "/")] = operation["value"]
    }
    let validated = world.create(AutomaticWorld.pod(annotated, name: "web-1-x"), .validate)
    #expect(validated.isAllowed)
    #expect(
      validated.outcome.binding?.grants.map { "\($0.pool) \($0.address)" } == [
        "auto4 10.6.0.4", "auto6 fd00::3",
      ])
  }

  @Test func `is refused when it comes without addresses`() throws {
    let world = try world()
    try world.storePool("auto", of: AutomaticWorld.web, "10.6.0.2-10.6.0.9")
    let pod = AutomaticWorld.pod(AutomaticWorld.annotations(annotations), name: "web-1-x")
    let answer = world.create(pod, .validate)
    #expect(
      answer.status?.code == 503
        && answer.status?.message.contains("mutating webhook was not asked") == true)
  }

  @Test(arguments: [
    Application(
      apiVersion: "apps/v1", kind: "Deployment", namespace: "default", name: "web", uid: "earlier"),
    Application(
      apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web", uid: "uid-web"),
    Application(
      apiVersion: "apps/v1", kind: "ReplicaSet", namespace: "default", name: "web-1", uid: "uid-web-1"),
  ])
  func `does not take the pool of another application`(_ other: Application) throws {
    let world = try world()
    try world.storePool("auto", of: other, "10.6.0.2-10.6.0.9")
    let answer = world.create(AutomaticWorld.pod(annotations))
    #expect(need(answer) != nil && answer.status?.message == missing)
    #expect(world.book.held(of: "auto", .v4).isEmpty)
  }

  private let full =
    "is full: of 1 addresses 0 are used, 0 of them by Pods not yet seen, and 1 are reserved for Pods being created; "
    + "the pool is that of Deployment default/web, whose Pods ask for ipam.spidernet.io/ippool-ip-number: \"+1\"; raise it "
    + "in the Pod template, or wait until a Pod is gone"

  @Test func `waits for a full pool to grow, and is refused when it cannot`() throws {
    var world = try world()
    try world.storePool("auto", of: AutomaticWorld.web, "10.6.0.2")
    let pod = AutomaticWorld.pod(annotations)
    #expect(world.create(pod).isAllowed)
    let first = world.create(pod)
    #expect(!first.isAllowed && need(first)?.owner.name == "web-1")
    try world.storePool("auto", of: AutomaticWorld.web, "10.6.0.2-10.6.0.3")
    #expect(world.book.takeRefused(now: world.now).isEmpty, "nobody is woken who is still waiting")

    #expect(world.create(pod).isAllowed)
    world.isSecondLook = true
    let second = world.create(pod)
    #expect(second.outcome.prerequisite == nil && second.status?.code == 403)
    #expect(
      second.status?.message
        == "pods \"web-1-\" is forbidden: no IPv4 address for eth0: auto "
        + full.replacing("of 1 addr", with: "of 2 addr").replacing("and 1 are", with: "and 2 are"))
    #expect(world.book.takeRefused(now: world.now).isEmpty)
    try world.storePool("auto", of: AutomaticWorld.web, "10.6.0.2-10.6.0.4")
    #expect(world.book.takeRefused(now: world.now).map(\.name) == ["web-1"])
  }

  @Test func `is told which of its interfaces gets no address`() throws {
    var world = try world()
    world.isSecondLook = true
    try world.storePool("auto-eth0", of: AutomaticWorld.web, "10.6.0.2-10.6.0.9")
    try world.storePool("auto-net1", of: AutomaticWorld.web, interface: "net1", in: "t4", "10.7.0.2")
    let pod = AutomaticWorld.pod([
      "subnets": #"[{"interface":"eth0","ipv4":["s4"]},{"interface":"net1","ipv4":["t4"]}]"#
    ])
    #expect(world.create(pod).isAllowed)
    #expect(
      world.create(pod).status?.message
        == "pods \"web-1-\" is forbidden: no IPv4 address for net1: auto-net1 \(full)")
    #expect(world.book.held(of: "auto-eth0", .v4).description == "10.6.0.2")
  }

  @Test func `in a dry run takes nothing, and makes nobody make a pool`() throws {
    let world = try world()
    let pod = AutomaticWorld.pod(annotations)
    let dry = world.create(pod, isDryRun: true)
    #expect(dry.isAllowed && dry.outcome.prerequisite == nil && dry.patch == nil)
    let warning =
      "metadata.annotations[ipam.spidernet.io/allocation]: dry run: would take an address of a pool that is made for "
      + "Deployment default/web"
    #expect(dry.warnings == [warning])
    try world.storePool("auto", of: AutomaticWorld.web, "10.6.0.2")
    #expect(
      world.create(pod, isDryRun: true).warnings == [
        "metadata.annotations[ipam.spidernet.io/allocation]: dry run: would hold 10.6.0.2 of auto"
      ])
    #expect(world.book.held(of: "auto", .v4).isEmpty)
    #expect(world.create(pod).isAllowed)
    let full = world.create(pod, isDryRun: true)
    #expect(full.isAllowed && full.warnings == [warning] && full.outcome.prerequisite == nil)
    #expect(world.create(AutomaticWorld.pod(["subnet": "x"]), isDryRun: true).status?.code == 422)
  }

  @Test(arguments: ["", AutomaticWorld.owner("apps/v1", "ReplicaSet", "web-1")])
  func `on its node's network is left alone`(_ owner: String) throws {
    let world = try world()
    let pod = AutomaticWorld.pod(["subnet": "broken"], owner: owner, pods: #""hostNetwork":true"#)
    let answer = world.create(pod)
    #expect(answer.isAllowed && answer.patch == nil && answer.audit == ["addresses": "none"])
    #expect(world.create(pod, .validate).isAllowed)
  }

  @Test func `is left alone where there are no subnets, and refused where no pools are made`() throws {
    var world = try world()
    try world.storePool("auto", of: AutomaticWorld.web, "10.6.0.2")
    world.settings.makesPools = false
    let refused = world.create(AutomaticWorld.pod(annotations))
    #expect(refused.status?.code == 422 && refused.audit["rule"] == "subnet-or-pool")
    world.settings.usesSubnets = false
    let alone = world.create(AutomaticWorld.pod(annotations))
    #expect(alone.isAllowed && alone.audit == ["addresses": "none"])
    #expect(world.book.held(of: "auto", .v4).isEmpty)
  }
}
