import Addressing
import JSON
import KubernetesAPI
import Testing

@testable import IPAM

/// The catalog's facts of an automatic pool.
private func facts(
  _ name: String, _ pool: AutomaticPool, isTerminating: Bool = false
) throws -> PoolFacts {
  let subnet = try AutomaticFixture.subnet(pool.place.family)
  var object = try JSONValue(parsing: pool.creation(named: name, in: subnet, AddressSet(pool.place.family)))
  if isTerminating { object["metadata"]?["deletionTimestamp"] = "2026-01-01T00:00:00Z" }
  return try #require(try AutomaticFixture.parse("\(object)") { PoolFacts(SpiderIPPool($0)) })
}

@Suite struct `The choice of an application's own pools` {
  private let request = AutomaticPoolRequest(
    pools: [
      .init(interface: "net1", family: .v4, subnet: "s4"),
      .init(interface: "net1", family: .v6, subnet: "s6"),
      .init(interface: "eth0", family: .v4, subnet: "s4"),
    ], size: .above(1), reclaims: true)

  private func catalog() throws -> PoolCatalog {
    var catalog = PoolCatalog()
    catalog.upsert(try facts("net4", AutomaticFixture.pool(interface: "net1")))
    catalog.upsert(try facts("net6", AutomaticFixture.pool(interface: "net1", family: .v6)))
    catalog.upsert(try facts("eth4", AutomaticFixture.pool()))
    return catalog
  }

  private func choose(
    from catalog: PoolCatalog, _ application: Application = AutomaticFixture.application(),
    routes: String? = nil
  ) throws -> AutomaticChoice {
    let annotations = routes.map { ["ipam.spidernet.io/routes": $0] } ?? [:]
    return AutomaticChoice.choose(
      for: try ChoiceFixture.pod(annotations: annotations), request, of: application, from: catalog)
  }

  @Test func `takes each interface's pools, in the order written`() throws {
    let plan = AddressPlan(
      interfaces: [.init(name: "net1"), .init(name: "eth0")],
      demands: [
        AddressDemand(interface: 0, family: .v4, pools: ["net4"]),
        AddressDemand(interface: 0, family: .v6, pools: ["net6"]),
        AddressDemand(interface: 1, family: .v4, pools: ["eth4"]),
      ])
    #expect(try choose(from: catalog()) == .chosen(plan))
    let routed = try choose(from: catalog(), routes: #"[{"dst":"10.9.0.0/16","gw":"10.6.0.1"}]"#)
    var planned = plan
    planned.routes = [SpiderRoute(destination: "10.9.0.0/16", gateway: "10.6.0.1")]
    #expect(routed == .chosen(planned))
  }

  @Test func `refuses wrong routes`() throws {
    guard case .refused(let errors) = try choose(from: catalog(), routes: "{}") else {
      Issue.record("wrong routes were taken")
      return
    }
    #expect(
      errors.map(\.path.description) == ["metadata.annotations[ipam.spidernet.io/routes]"])
  }

  @Test(arguments: ["net4", "net6", "eth4"])
  func `misses each pool that is not there`(_ name: String) throws {
    var catalog = try catalog()
    catalog.remove(name)
    #expect(try choose(from: catalog) == .missing)
  }

  @Test func `misses pools of other applications, and of an earlier one of the name`() throws {
    #expect(try choose(from: catalog(), AutomaticFixture.application(uid: "other")) == .missing)
    #expect(try choose(from: catalog(), AutomaticFixture.application("db")) == .missing)
    #expect(try choose(from: catalog(), AutomaticFixture.application(namespace: "shop")) == .missing)
    #expect(try choose(from: catalog(), AutomaticFixture.application(kind: "StatefulSet")) == .missing)
  }

  @Test func `misses a pool that is being deleted, and takes the one beside it`() throws {
    var catalog = try catalog()
    catalog.upsert(try facts("eth4", AutomaticFixture.pool(), isTerminating: true))
    #expect(try choose(from: catalog) == .missing)
    catalog.upsert(try facts("eth4-new", AutomaticFixture.pool()))
    guard case .chosen(let plan) = try choose(from: catalog) else {
      Issue.record("the new pool was not taken")
      return
    }
    #expect(plan.demands.map(\.pools) == [["net4"], ["net6"], ["eth4-new"]])
  }
}

@Suite struct `Automatic pools in the catalog` {
  private let key = AutomaticFixture.pool().key

  private func names(_ catalog: PoolCatalog, _ key: AutomaticPool.Key) -> [String] {
    catalog.automaticPools(key).map(\.name)
  }

  @Test func `are found by whose they are, in the order of their names`() throws {
    var catalog = PoolCatalog()
    catalog.upsert(try facts("b", AutomaticFixture.pool()))
    catalog.upsert(try facts("a", AutomaticFixture.pool(of: AutomaticFixture.application(uid: "other"))))
    catalog.upsert(try facts("six", AutomaticFixture.pool(family: .v6)))
    catalog.upsert(try ChoiceFixture.pool("plain"))
    #expect(names(catalog, key) == ["a", "b"])
    #expect(names(catalog, AutomaticFixture.pool(family: .v6).key) == ["six"])
    #expect(names(catalog, AutomaticFixture.pool(interface: "net1").key) == [])
    #expect(Set(catalog.automaticPools.map(\.name)) == ["a", "b", "six"])
    #expect(
      catalog.automaticPools(of: AutomaticFixture.application().key).map(\.name) == ["a", "b", "six"])
    #expect(catalog.automaticPools(of: AutomaticFixture.application("db").key) == [])
  }

  @Test func `follow the changes of pools`() throws {
    var catalog = PoolCatalog()
    let (one, two) = (AutomaticFixture.pool(), AutomaticFixture.pool(of: AutomaticFixture.application("db")))
    catalog.upsert(try facts("a", one))
    catalog.upsert(try facts("a", one, isTerminating: true))
    #expect(names(catalog, one.key) == ["a"] && catalog.automaticPools(one.key)[0].isTerminating)
    catalog.upsert(try facts("a", two))
    #expect(names(catalog, one.key) == [] && names(catalog, two.key) == ["a"])
    catalog.upsert(try ChoiceFixture.pool("a"))
    #expect(catalog.automaticPools.isEmpty && catalog.names == ["a"])
    catalog.upsert(try facts("a", two))
    catalog.upsert(try facts("b", two))
    catalog.remove("a")
    catalog.remove("none")
    #expect(names(catalog, two.key) == ["b"])
    catalog.remove("b")
    #expect(catalog.automaticPools.isEmpty && names(catalog, two.key) == [])
    catalog.upsert(try facts("b", two))
    #expect(names(catalog, two.key) == ["b"], "once, though it was there before")
    catalog.replaceAll([try facts("c", one)])
    #expect(names(catalog, two.key) == [] && names(catalog, one.key) == ["c"])
  }
}
