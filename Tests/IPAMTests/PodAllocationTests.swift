import Addressing
import JSON
import KubernetesAPI
import Testing

@testable import IPAM

@Suite struct `The allocation of a Pod` {
  private func catalog() throws -> PoolCatalog {
    var catalog = PoolCatalog()
    catalog.upsert(
      try ChoiceFixture.pool(
        "a", #""gateway":"10.6.0.1","routes":[{"dst":"10.9.0.0/16","gw":"10.6.0.2"},{"dst":"x","gw":"y"}]"#,
        number: 6))
    catalog.upsert(try ChoiceFixture.pool("b", number: 7))
    catalog.upsert(try ChoiceFixture.pool("six", #""gateway":"fd00:8:0::01""#, number: 8))
    return catalog
  }

  private func grant(_ interface: Int, _ pool: String, _ address: String) throws -> AddressGrant {
    AddressGrant(interface: interface, pool: pool, address: try IPAddress(address))
  }

  private func plan(_ interfaces: [AddressPlan.Interface], routes: [SpiderRoute] = []) -> AddressPlan {
    AddressPlan(interfaces: interfaces, demands: [], routes: routes)
  }

  private let text = """
    [{"interface":"eth0","ipv4":"10.6.1.2/16","ipv4Pool":"a","ipv4Gateway":"10.6.0.1","ipv6":"fd00:8::2/64",\
    "ipv6Pool":"six","ipv6Gateway":"fd00:8::1","routes":[{"dst":"10.9.0.0/16","gw":"10.6.0.2"},\
    {"dst":"fd01::/64","gw":"fd00:8::9"}]},{"interface":"net1","ipv4":"10.7.0.9/16","ipv4Pool":"b",\
    "cleanGateway":true,"routes":[{"dst":"10.8.0.0/16","gw":"10.7.0.1"}]}]
    """

  private func allocation() throws -> PodAllocation? {
    PodAllocation(
      plan: plan(
        [.init(name: "eth0"), .init(name: "net1", cleanGateway: true)],
        routes: [
          SpiderRoute(destination: "10.8.0.0/16", gateway: "10.7.0.1"),
          SpiderRoute(destination: "fd01::/64", gateway: "fd00:8::9"),
          SpiderRoute(destination: "10.5.0.0/16", gateway: "192.0.2.1"),
        ]),
      grants: [
        try grant(1, "b", "10.7.0.9"), try grant(0, "six", "fd00:8::2"), try grant(0, "a", "10.6.1.2"),
      ], catalog: try catalog())
  }

  @Test func `is written with the names of a SpiderEndpoint`() throws {
    #expect(try allocation()?.text() == text)
  }

  @Test func `is read back, and gives its grants in order`() throws {
    let allocation = try #require(try allocation())
    #expect(PodAllocation(text: text) == allocation)
    #expect(
      allocation.grants == [
        try grant(0, "a", "10.6.1.2"), try grant(0, "six", "fd00:8::2"), try grant(1, "b", "10.7.0.9"),
      ])
  }

  @Test func `gives a route to the first interface that reaches its next hop`() throws {
    let allocation = PodAllocation(
      plan: plan(
        [.init(name: "eth0"), .init(name: "net1")],
        routes: [SpiderRoute(destination: "10.8.0.0/16", gateway: "10.7.0.1")]),
      grants: [try grant(0, "b", "10.7.0.8"), try grant(1, "b", "10.7.0.9")], catalog: try catalog())
    #expect(allocation?.interfaces.map(\.routes.count) == [1, 0])
  }

  @Test func `is none when a pool is gone or an interface has no address`() throws {
    let one = plan([.init(name: "eth0")])
    #expect(
      PodAllocation(plan: one, grants: [try grant(0, "gone", "10.7.0.8")], catalog: try catalog()) == nil)
    #expect(PodAllocation(plan: one, grants: [], catalog: try catalog()) == nil)
  }

  @Test func `is read whatever the order of members`() throws {
    let read = PodAllocation(text: #" [{"ipv4Pool":"b", "ipv4":"10.7.0.9/16", "interface":"eth0"}] "#)
    #expect(read?.text() == #"[{"interface":"eth0","ipv4":"10.7.0.9/16","ipv4Pool":"b"}]"#)
    #expect(PodAllocation(text: "[]")?.interfaces.isEmpty == true)
  }

  @Test(arguments: [
    "", "{}", "null", "[", "[7]", "[{}]", #"[{"interface":"eth0"}]"#,
    #"[{"ipv4":"10.7.0.9/16","ipv4Pool":"b"}]"#,
    #"[{"interface":"","ipv4":"10.7.0.9/16","ipv4Pool":"b"}]"#,
    #"[{"interface":"eth0","ipv4":"10.7.0.9/16"}]"#, #"[{"interface":"eth0","ipv4Pool":"b"}]"#,
    #"[{"interface":"eth0","ipv4":"10.7.0.9","ipv4Pool":"b"}]"#,
    #"[{"interface":"eth0","ipv4":"fd00::1/64","ipv4Pool":"b"}]"#,
    #"[{"interface":"eth0","ipv6":"fd00:0::1/64","ipv6Pool":"b"}]"#,
    #"[{"interface":"eth0","ipv4":"10.7.0.9/16","ipv4Pool":"b","ipv4Gateway":"fd00::1"}]"#,
    #"[{"interface":"eth0","ipv4":"10.7.0.9/16","ipv4Pool":"b","ipv4Gateway":""}]"#,
    #"[{"interface":"eth0","ipv4":"10.7.0.9/16","ipv4Pool":"b","ipv6Gateway":"fd00::1"}]"#,
    #"[{"interface":"eth0","ipv4":"10.7.0.9/16","ipv4Pool":"b","vlan":"0"}]"#,
    #"[{"interface":"eth0","ipv4":"10.7.0.9/16","ipv4Pool":"b","vlan":0}]"#,
    #"[{"interface":"eth0","ipv4":"10.7.0.9/16","ipv4Pool":"b","cleanGateway":"true"}]"#,
    #"[{"interface":"eth0","ipv4":"10.7.0.9/16","ipv4Pool":"b","routes":[]}]"#,
    #"[{"interface":"eth0","ipv4":"10.7.0.9/16","ipv4Pool":"b","routes":[{"dst":"10.8.0.1/16","gw":"10.7.0.1"}]}]"#,
    #"[{"interface":"eth0","ipv4":"10.7.0.9/16","ipv4Pool":"b","routes":[{"dst":"10.8.0.0/16","gw":"fd00::1"}]}]"#,
    #"[{"interface":"eth0","ipv4":"10.7.0.9/16","ipv4Pool":"b","routes":[{"dst":"10.8.0.0/16"}]}]"#,
    #"[{"interface":"x","ipv4":"10.7.0.9/16","ipv4Pool":"b"},{"interface":"x","ipv4":"10.7.0.8/16","ipv4Pool":"b"}]"#,
  ])
  func `is not read from what it would not say`(_ text: String) {
    #expect(PodAllocation(text: text) == nil)
  }
}
