import Addressing
import JSON
import KubernetesAPI
import TestSupport
import Testing

@testable import IPAM

@Suite struct `Facts of pools` {
  private func read(_ spec: String) throws -> PoolFacts? {
    var parser = JSONParser()
    return try parser.parse(Array(#"{"metadata":{"name":"a"},"spec":\#(spec)}"#.utf8)) {
      PoolFacts(SpiderIPPool($0))
    }
  }

  @Test func `hold the network, whatever its spelling`() throws {
    let facts = try #require(try read(#"{"subnet":"10.6.0.1/16","ipVersion":4,"gateway":"10.6.0.1"}"#))
    #expect(facts.network.description == "10.6.0.0/16" && facts.family == .v4 && facts.gateway == "10.6.0.1")
    #expect(try read(#"{"subnet":"fd00:0::/64"}"#)?.family == .v6)
  }

  @Test(arguments: [
    "{}", #"{"subnet":"10.6.0.0"}"#, #"{"subnet":"10.6.0.0/16","ipVersion":6}"#, #"{"ipVersion":4}"#,
  ])
  func `are none of a pool without a readable network`(_ spec: String) throws {
    #expect(try read(spec) == nil)
  }

  @Test(arguments: [
    (
      #""ips":["10.6.0.1-10.6.0.9"],"excludeIPs":["10.6.0.4-10.6.0.5"],"gateway":"10.6.0.1""#,
      "10.6.0.2-10.6.0.3,10.6.0.6-10.6.0.9"
    ),
    (
      #""ips":["10.6.0.1-10.6.0.2","x","fd00::1","10.7.0.1"],"excludeIPs":["y"],"gateway":"z""#,
      "10.6.0.1-10.6.0.2"
    ),
    (#""ips":["10.5.255.255-10.6.0.1"]"#, "10.6.0.0-10.6.0.1"),
    (#""ips":[]"#, ""), (#""gateway":"10.6.0.1""#, ""),
  ])
  func `tell what may be given`(_ members: String, _ addresses: String) throws {
    let facts = try #require(try read(#"{"subnet":"10.6.0.0/16",\#(members)}"#))
    #expect(facts.givable.description == addresses)
  }

  @Test func `compare the gateway as a number`() throws {
    let facts = try #require(
      try read(#"{"subnet":"fd00::/64","ips":["fd00::1-fd00::2"],"gateway":"fd00:0:0::01"}"#))
    #expect(facts.givable.description == "fd00::2")
  }

  @Test(arguments: [
    ("", false), (#""nodeName":["n"]"#, true), (#""nodeAffinity":{"matchLabels":{"a":"b"}}"#, true),
    (#""nodeAffinity":{}"#, false), (#""nodeAffinity":null"#, false),
  ])
  func `tell whether the node matters`(_ spec: String, _ matters: Bool) throws {
    #expect(try ChoiceFixture.pool("a", spec).dependsOnNode == matters)
  }
}

@Suite struct `The catalog` {
  @Test func `gives names and default pools in order`() throws {
    var catalog = PoolCatalog()
    for name in ["c", "six-a", "a", "b"] { catalog.upsert(try ChoiceFixture.pool(name, #""default":true"#)) }
    #expect(catalog.names == ["a", "b", "c", "six-a"])
    #expect(catalog.defaultPools(.v4).map(\.name) == ["a", "b", "c"])
    #expect(catalog.defaultPools(.v6).map(\.name) == ["six-a"])
    catalog.upsert(try ChoiceFixture.pool("b"))
    catalog.remove("c")
    catalog.remove("none")
    #expect(catalog.names == ["a", "b", "six-a"])
    #expect(catalog.defaultPools(.v4).map(\.name) == ["a"])
    #expect(catalog["b"]?.isDefault == false && catalog["c"] == nil)
  }

  @Test func `replaces everything`() throws {
    var catalog = PoolCatalog()
    catalog.upsert(try ChoiceFixture.pool("old", #""default":true"#))
    catalog.replaceAll(try ["b", "a", "a"].map { try ChoiceFixture.pool($0, #""default":true"#) })
    #expect(catalog.names == ["a", "b"] && catalog["old"] == nil)
    #expect(catalog.defaultPools(.v4).map(\.name) == ["a", "b"])
  }

  @Test func `agrees with a plain dictionary after any changes`() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SeededGenerator(seed: seed)
    var catalog = PoolCatalog()
    var model: [String: PoolFacts] = [:]
    let pattern = try NamePattern("b*")
    for _ in 0..<500 {
      let name = ["a", "b", "b1", "b2", "c", "six"][Int.random(in: 0..<6, using: &random)]
      if Bool.random(using: &random) {
        let pool = try ChoiceFixture.pool(name, #""default":\#(Bool.random(using: &random))"#)
        catalog.upsert(pool)
        model[name] = pool
      } else {
        catalog.remove(name)
        model[name] = nil
      }
      let names = model.keys.sorted()
      #expect(catalog.names == names, "seed \(seed)")
      for family in [IPFamily.v4, .v6] {
        let defaults = names.filter { model[$0].map { $0.isDefault && $0.family == family } ?? false }
        #expect(catalog.defaultPools(family).map(\.name) == defaults, "seed \(seed)")
      }
      #expect(
        catalog.entries(matching: pattern, .v4).map(\.facts.name) == names.filter { $0.hasPrefix("b") },
        "seed \(seed)")
    }
  }
}
