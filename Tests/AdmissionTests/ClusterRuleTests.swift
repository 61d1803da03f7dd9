import Addressing
import KubernetesAPI
import Testing

@testable import Admission

@Suite struct `A SpiderIPPool among others` {
  @Test func `may share the network of another`() throws {
    let world = World()
    try world.store(
      "SpiderIPPool", "a", #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2-10.6.0.9"]}"#)
    #expect(
      world.create("SpiderIPPool", #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.10"]}"#).isAllowed)
  }

  @Test(arguments: ["10.6.1.0/24", "10.0.0.0/8", "0.0.0.0/0"])
  func `may not have a network that overlaps another`(_ subnet: String) throws {
    let world = World()
    try world.store("SpiderIPPool", "a", #"{"ipVersion":4,"subnet":"10.6.0.0/16"}"#)
    let answer = world.create("SpiderIPPool", #"{"ipVersion":4,"subnet":"\#(subnet)"}"#)
    #expect(
      answer.causes == [
        """
        spec.subnet: Invalid value: "\(subnet)": overlaps 10.6.0.0/16 of SpiderIPPool "a"; write 10.6.0.0/16, or a \
        network apart from it
        """
      ])
  }

  @Test func `may not have an address of another`() throws {
    let world = World()
    let spec =
      #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2-10.6.0.9"],"excludeIPs":["10.6.0.5"]}"#
    try world.store("SpiderIPPool", "a", spec)
    try world.store("SpiderIPPool", "b", #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.11"]}"#)
    let answer = world.create(
      "SpiderIPPool", #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.4-10.6.0.20"]}"#)
    #expect(
      answer.causes == [
        """
        spec.ips: Forbidden: 10.6.0.4, 10.6.0.6-10.6.0.9 overlaps SpiderIPPool "a"; take other addresses, or exclude \
        these (a pool has spec.ips without spec.excludeIPs)
        """,
        """
        spec.ips: Forbidden: 10.6.0.11 overlaps SpiderIPPool "b"; take other addresses, or exclude these (a pool has \
        spec.ips without spec.excludeIPs)
        """,
      ])
    #expect(
      world.create("SpiderIPPool", #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.5"]}"#).isAllowed)
  }

  @Test func `may not have the name of another`() throws {
    let world = World()
    try world.store("SpiderIPPool", "custom", #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2"]}"#)
    let answer = world.create("SpiderIPPool", #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2"]}"#)
    #expect(answer.status?.code == 409 && answer.status?.reason == "AlreadyExists")
    #expect(answer.status?.message == #"SpiderIPPool.spiderpool.spidernet.io "custom" already exists"#)
  }

  @Test func `is not hindered by malformed ones`() throws {
    let world = World()
    try world.store("SpiderIPPool", "a", #"{"subnet":"nonsense","ips":["10.6.0.2","x-y"],"excludeIPs":[7]}"#)
    try world.store("SpiderIPPool", "b", #"{"ips":["10.6.0.9-10.6.0.1","fd00::1","10.6.0.3"]}"#)
    try world.store("SpiderIPPool", "c", "null")
    try world.store("SpiderSubnet", "d", #"{"subnet":null,"ips":[1]}"#, status: #"{"controlledIPPools":"{"}"#)
    #expect(
      world.create("SpiderIPPool", #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.8"]}"#).isAllowed)
    let answer = world.create(
      "SpiderIPPool", #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2"]}"#, named: "second")
    #expect(
      answer.status?.details?.causes.map(\.field) == ["spec.ips"], "what can be read of them still counts")
  }

  @Test func `that overlapped before may still be changed, but not grow further`() throws {
    let world = World()
    let old = #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2-10.6.0.5"]}"#
    try world.store(
      "SpiderIPPool", "a", #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2-10.6.0.9"]}"#)
    try world.store("SpiderIPPool", "custom", old)
    let sameIPs = #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2-10.6.0.5"],"disable":true}"#
    #expect(world.update("SpiderIPPool", from: old, to: sameIPs).isAllowed)
    let more = #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2-10.6.0.6"]}"#
    let answer = world.update("SpiderIPPool", from: old, to: more)
    #expect(
      answer.causes.first?.hasPrefix("spec.ips: Forbidden: 10.6.0.6 overlaps SpiderIPPool \"a\"") == true)
  }

  @Test func `stays inside its subnet`() throws {
    let world = World()
    try world.store(
      "SpiderSubnet", "s", #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2-10.6.0.99"]}"#)
    let spec = #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.90-10.6.0.110"]}"#
    let answer = world.create("SpiderIPPool", spec)
    #expect(
      answer.causes == [
        """
        spec.ips: Forbidden: 10.6.0.100-10.6.0.110 is outside SpiderSubnet "s"; take addresses of \
        10.6.0.2-10.6.0.99
        """
      ])
    var without = world
    without.settings.usesSubnets = false
    #expect(without.create("SpiderIPPool", spec).isAllowed)
  }

  @Test func `of an owner that is not known is told so`() {
    let owner = """
      ,"ownerReferences":[{"apiVersion":"spiderpool.spidernet.io/v2beta1","kind":"SpiderSubnet","name":"gone",\
      "uid":"u","controller":true}]
      """
    let answer = World().create(
      "SpiderIPPool", #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2"]}"#, metadata: owner)
    #expect(
      answer.causes == [
        #"spec.subnet: Internal error: SpiderSubnet "gone", which owns the pool, is not known; create it, or try again"#
      ])
  }

  @Test func `that is automatic has the addresses its subnet gives it`() throws {
    let world = World()
    let status =
      #"{"controlledIPPools":"{\"auto\":{\"ips\":[\"10.6.0.2-10.6.0.4\"],\"application\":\"x\"}}"}"#
    try world.store(
      "SpiderSubnet", "s", #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2-10.6.0.99"]}"#,
      status: status)
    let metadata = """
      ,"labels":{"ipam.spidernet.io/owner-application-name":"web"},"ownerReferences":[{"apiVersion":\
      "spiderpool.spidernet.io/v2beta1","kind":"SpiderSubnet","name":"s","uid":"uid-s","controller":true}]
      """
    let wrong = world.create(
      "SpiderIPPool", #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2-10.6.0.5"]}"#, named: "auto",
      metadata: metadata)
    #expect(wrong.causes.count == 1)
    #expect(
      wrong.causes.first?.hasPrefix(
        "spec.ips: Forbidden: SpiderSubnet \"s\" gives this automatic pool 10.6.0.2-10.6.0.4") == true)
    let right = world.create(
      "SpiderIPPool", #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2-10.6.0.4"]}"#, named: "auto",
      metadata: metadata)
    #expect(right.isAllowed)
  }
}

@Suite struct `A SpiderSubnet` {
  @Test(arguments: ["10.6.0.0/16", "10.6.1.0/24", "10.0.0.0/8"])
  func `may not overlap another`(_ subnet: String) throws {
    let world = World()
    try world.store("SpiderSubnet", "s", #"{"ipVersion":4,"subnet":"10.6.0.0/16"}"#)
    let answer = world.create("SpiderSubnet", #"{"ipVersion":4,"subnet":"\#(subnet)"}"#)
    #expect(
      answer.causes == [
        """
        spec.subnet: Invalid value: "\(subnet)": overlaps 10.6.0.0/16 of SpiderSubnet "s"; write a network apart from it
        """
      ])
    #expect(answer.status?.details?.kind == "SpiderSubnet")
  }

  @Test func `may not overlap a pool of another network`() throws {
    let world = World()
    try world.store("SpiderIPPool", "p", #"{"ipVersion":4,"subnet":"10.6.1.0/24"}"#)
    let answer = world.create("SpiderSubnet", #"{"ipVersion":4,"subnet":"10.6.0.0/16"}"#)
    #expect(answer.status?.details?.causes.map(\.field) == ["spec.subnet"])
  }

  @Test func `holds the pools that its network has already`() throws {
    let world = World()
    try world.store(
      "SpiderIPPool", "p", #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.8-10.6.0.12"]}"#)
    let answer = world.create(
      "SpiderSubnet", #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2-10.6.0.10"]}"#)
    #expect(
      answer.causes == [
        """
        spec.ips: Invalid value: ["10.6.0.2-10.6.0.10"]: SpiderIPPool "p" has 10.6.0.11-10.6.0.12, outside the \
        subnet; add these addresses
        """
      ])
  }

  @Test func `keeps what its pools hold`() throws {
    let world = World()
    let old = #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2-10.6.0.99"]}"#
    let status = #"{"controlledIPPools":"{\"p\":{\"ips\":[\"10.6.0.20\"]}}"}"#
    try world.store("SpiderSubnet", "custom", old, status: status)
    try world.store(
      "SpiderIPPool", "q", #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.30-10.6.0.31"]}"#)
    let new = #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2-10.6.0.10"]}"#
    let answer = world.update("SpiderSubnet", from: old, to: new, status: status)
    #expect(
      answer.causes == [
        #"spec.ips: Forbidden: 10.6.0.20 belongs to SpiderIPPool "p"; keep it, or shrink that pool first"#,
        #"spec.ips: Forbidden: 10.6.0.30-10.6.0.31 belongs to SpiderIPPool "q"; keep it, or shrink that pool first"#,
      ])
    let fine = #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2-10.6.0.31"]}"#
    #expect(world.update("SpiderSubnet", from: old, to: fine, status: status).isAllowed)
  }

  @Test func `with a status that cannot be read does not shrink`() {
    let old = #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2-10.6.0.99"]}"#
    let new = #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2"]}"#
    let answer = World().update("SpiderSubnet", from: old, to: new, status: #"{"controlledIPPools":"[]"}"#)
    #expect(answer.status?.details?.causes.map(\.reason) == ["InternalError"])
    #expect(answer.status?.details?.causes.map(\.field) == ["status.controlledIPPools"])
  }
}

@Suite struct `A SpiderReservedIP` {
  @Test(arguments: [
    (#"{"ips":[]}"#, ["spec.ipVersion"]), (#"{"ips":["x"]}"#, ["spec.ips[0]"]), ("{}", ["spec.ipVersion"]),
    (#"{"ipVersion":7,"ips":["10.0.0.1"]}"#, ["spec.ipVersion"]),
    (#"{"ipVersion":4,"ips":["10.0.0.1","fd00::1","10.0.0.9-10.0.0.2"]}"#, ["spec.ips[1]", "spec.ips[2]"]),
  ])
  func `is denied at the wrong fields`(_ spec: String, _ fields: [String]) {
    let answer = World().create("SpiderReservedIP", spec)
    #expect(answer.status?.code == 422)
    #expect(answer.status?.details?.causes.map(\.field) == fields)
  }

  @Test func `may reserve what is in use, twice, and nothing`() throws {
    let world = World()
    try world.store("SpiderIPPool", "p", #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2"]}"#)
    try world.store("SpiderReservedIP", "r", #"{"ipVersion":4,"ips":["10.6.0.2"]}"#)
    #expect(world.create("SpiderReservedIP", #"{"ipVersion":4,"ips":["10.6.0.2","::1"]}"#).isAllowed == false)
    #expect(world.create("SpiderReservedIP", #"{"ipVersion":4,"ips":["10.6.0.2"]}"#).isAllowed)
    #expect(world.create("SpiderReservedIP", #"{"ipVersion":4}"#).isAllowed)
  }

  @Test func `keeps its version`() {
    let answer = World().update(
      "SpiderReservedIP", from: #"{"ipVersion":4,"ips":["10.0.0.1"]}"#,
      to: #"{"ipVersion":6,"ips":["fd00::1"]}"#)
    #expect(
      answer.causes == [
        "spec.ipVersion: Forbidden: is not changeable: keep 4, or create another SpiderReservedIP"
      ])
  }
}
