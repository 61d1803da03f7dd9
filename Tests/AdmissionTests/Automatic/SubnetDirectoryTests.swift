import Addressing
import IPAM
import JSON
import KubernetesAPI
import Testing

@testable import Admission

@Suite struct `The subnets of the directory` {
  private func shown(_ addresses: AddressSet?) -> String? { addresses?.description }

  @Test func `are told by name`() throws {
    let world = try AutomaticWorld()
    try world.storeSubnet("t4", metadata: #","deletionTimestamp":"2026-01-01T00:00:00Z""#)
    #expect(world.directory.subnet(named: "s4") == SubnetFacts(name: "s4", family: .v4))
    #expect(world.directory.subnet(named: "s6") == SubnetFacts(name: "s6", family: .v6))
    #expect(
      world.directory.subnet(named: "t4") == SubnetFacts(name: "t4", family: .v4, isTerminating: true))
    #expect(world.directory.subnet(named: "none") == nil)
    let broken = World.object("SpiderSubnet", "odd", #"{"subnet":"x"}"#)
    world.directory.upsert(try AutomaticWorld.parse(broken) { SpiderSubnet($0) })
    #expect(world.directory.subnet(named: "odd") == SubnetFacts(name: "odd", family: nil))
    #expect(Set(world.directory.subnetNames) == ["s4", "t4", "s6", "odd"])
    #expect(world.directory.subnets.map(\.metadata.name) == ["odd", "s4", "s6", "t4"])
    world.directory.removeSubnet("s4")
    #expect(world.directory.subnet(named: "s4") == nil && world.directory.subnets.count == 3)
  }

  @Test func `are leaving once their deletion is admitted`() throws {
    let world = try AutomaticWorld()
    let review = World.review("SpiderSubnet", "DELETE", name: "s4", object: nil, old: "{}")
    #expect(Answer(World(directory: world.directory).answer(review, .validate)).isAllowed)
    #expect(world.directory.subnet(named: "s4")?.isTerminating == true)
    #expect(world.directory.subnet(named: "t4")?.isTerminating == false)
  }

  @Test func `know the applications of their pools`() throws {
    let world = try AutomaticWorld()
    let text = AutomaticWorld.web.statusText
    try world.storeSubnet(
      "s4",
      status: SubnetStatus(entries: [
        "a": .init(addresses: nil, application: text), "b": .init(addresses: nil),
      ]))
    #expect(world.directory.entry(of: "a", in: "s4")?.application == text)
    #expect(world.directory.entry(of: "b", in: "s4")?.application == nil)
    #expect(world.directory.entry(of: "a", in: "t4")?.application == nil)
    #expect(world.directory.entry(of: "a", in: "none")?.application == nil)
    try world.storeSubnet("s4")
    #expect(world.directory.entry(of: "a", in: "s4")?.application == nil)
  }

  @Test func `have what neither pools, claims nor reservations hold`() throws {
    let world = try AutomaticWorld()
    try world.storePool("a", of: AutomaticWorld.web, "10.6.0.2-10.6.0.3")
    try world.storePool("b", of: AutomaticWorld.web, "10.6.0.7")
    try world.storePool("t", of: AutomaticWorld.web, in: "t4", "10.7.0.2")
    let reserved = World.object("SpiderReservedIP", "r", #"{"ipVersion":4,"ips":["10.5.0.0-10.6.0.1"]}"#)
    world.directory.upsert(try AutomaticWorld.parse(reserved) { SpiderReservedIP($0) })
    let claiming = World(directory: world.directory, settings: world.settings)
    #expect(
      claiming.create("SpiderIPPool", #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.9"]}"#)
        .isAllowed)
    let network = try CIDR("10.6.0.0/16")
    func taken(_ except: Set<String>, _ now: UInt64) -> String {
      world.directory.taken(in: network, except: except, now: now).description
    }
    #expect(taken([], World.now) == "10.6.0.0-10.6.0.3,10.6.0.7,10.6.0.9")
    #expect(taken(["a"], World.now) == "10.6.0.0-10.6.0.1,10.6.0.7,10.6.0.9")
    let later = World.now + world.settings.claimLifetime
    #expect(taken(["a", "b"], later) == "10.6.0.0-10.6.0.1")

    let status = SubnetStatus(entries: ["x": .init(addresses: AddressSet(try AddressRange("10.6.0.5")))])
    try world.storeSubnet("s4", status: status)
    func free(_ name: String, _ now: UInt64) -> String? {
      shown(world.directory.withIndex { $0.free(in: name, at: now) })
    }
    #expect(free("s4", World.now) == "10.6.0.4,10.6.0.6,10.6.0.8")
    #expect(free("s4", later) == "10.6.0.4,10.6.0.6,10.6.0.8-10.6.0.9")
    #expect(free("t4", later) == "10.7.0.3-10.7.0.9")
    #expect(free("none", later) == nil)
  }
}

@Suite struct `An automatic pool that its subnet's status does not fit` {
  private let spec = #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2-10.6.0.4"]}"#
  private let metadata = """
    ,"labels":{"ipam.spidernet.io/owner-application-name":"web"},"ownerReferences":[{"apiVersion":\
    "spiderpool.spidernet.io/v2beta1","kind":"SpiderSubnet","name":"s4","uid":"uid-s4","controller":true}]
    """

  private func create(_ world: AutomaticWorld, _ spec: String? = nil) -> Answer {
    let object = World.object("SpiderIPPool", "auto", spec ?? self.spec, metadata: metadata)
    var parser = JSONParser()
    let review = World.review("SpiderIPPool", "CREATE", name: "auto", object: object)
    return Answer(
      world.reviewer.review(Array(review.utf8), parser: &parser, phase: .validate, now: world.now))
  }

  @Test func `is judged again when the subnet was read anew`() throws {
    var world = try AutomaticWorld()
    let first = create(world)
    #expect(first.audit["rule"] == "automatic-pool-fixed" && first.outcome.prerequisite == .subnet("s4"))
    world.isSecondLook = true
    let second = create(world)
    #expect(second.causes == first.causes && second.outcome.prerequisite == nil)
    let given = AddressSet(try AddressRange("10.6.0.2-10.6.0.4"))
    try world.storeSubnet("s4", status: SubnetStatus(entries: ["auto": .init(addresses: given)]))
    let right = create(world)
    #expect(right.isAllowed && right.outcome.prerequisite == nil)
  }

  @Test func `is judged again where the subnet may have grown, or is not known`() throws {
    let world = try AutomaticWorld()
    let outside = create(
      world, #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.20"]}"#)
    #expect(
      outside.audit["rule"] == "pool-inside-subnet" && outside.outcome.prerequisite == .subnet("s4"))
    world.directory.removeSubnet("s4")
    let unknown = create(world)
    #expect(unknown.audit["rule"] == "pool-owner-known" && unknown.outcome.prerequisite == .subnet("s4"))
  }

  @Test func `is not judged again for other mistakes`() throws {
    let answer = create(
      try AutomaticWorld(), #"{"ipVersion":4,"subnet":"10.6.0.0/16","gateway":"10.9.0.1","ips":[]}"#)
    #expect(answer.status?.code == 422 && answer.outcome.prerequisite == nil)
  }
}
