import Addressing
import TestSupport
import Testing

@testable import IPAM

@Suite struct `The addresses of an automatic pool` {
  private func decide(
    _ count: Int, entry: String?, used: String = "", free: String, _ family: IPFamily = .v4
  ) throws -> Carving {
    Carving.decide(
      count, entry: try entry.map { try AutomaticFixture.set($0, family) },
      used: try AutomaticFixture.set(used, family), free: try AutomaticFixture.set(free, family))
  }

  private func fits(_ text: String, _ family: IPFamily = .v4) throws -> Carving {
    .fits(try AutomaticFixture.set(text, family))
  }

  @Test func `are the lowest free ones at first`() throws {
    let free = "10.6.0.9,10.6.0.2-10.6.0.3,10.6.0.5-10.6.0.7"
    #expect(try decide(4, entry: nil, free: free) == fits("10.6.0.2-10.6.0.3,10.6.0.5-10.6.0.6"))
    #expect(try decide(0, entry: nil, free: free) == fits(""))
    #expect(try decide(-1, entry: nil, free: free) == fits(""))
    #expect(try decide(6, entry: "", free: free) == fits(free))
  }

  @Test func `stay, and get the lowest free ones added`() throws {
    #expect(
      try decide(3, entry: "10.6.0.8", free: "10.6.0.2,10.6.0.4,10.6.0.6")
        == fits("10.6.0.2,10.6.0.4,10.6.0.8"))
    #expect(
      try decide(2, entry: "10.6.0.8", free: "10.6.0.8-10.6.0.9") == fits("10.6.0.8-10.6.0.9"),
      "what the pool has is not free for it once more")
  }

  @Test func `are as they were when their number is right`() throws {
    #expect(
      try decide(2, entry: "10.6.0.4,10.6.0.8", used: "10.6.0.8", free: "10.6.0.2")
        == fits("10.6.0.4,10.6.0.8"))
  }

  @Test func `lose the lowest unused ones`() throws {
    // 3 replicas and 1 address more become 1 and 1: the used one stays, and the highest of the others.
    #expect(
      try decide(2, entry: "10.6.0.2-10.6.0.5", used: "10.6.0.2", free: "10.6.0.6-10.6.0.99")
        == fits("10.6.0.2,10.6.0.5"))
    #expect(
      try decide(2, entry: "10.6.0.2-10.6.0.5", used: "10.6.0.3-10.6.0.4", free: "")
        == fits("10.6.0.3-10.6.0.4"))
    #expect(try decide(0, entry: "10.6.0.2-10.6.0.5", free: "") == fits(""))
  }

  @Test func `cannot be fewer than Pods hold`() throws {
    #expect(
      try decide(1, entry: "10.6.0.2-10.6.0.5", used: "10.6.0.2-10.6.0.3", free: "10.6.0.6")
        == .inUse(held: 2))
    #expect(try decide(0, entry: nil, used: "10.6.0.2", free: "") == .inUse(held: 1))
  }

  @Test func `are told when they are too few, without those the pool has`() throws {
    #expect(
      try decide(9, entry: "10.6.0.2-10.6.0.4", free: "10.6.0.4,10.6.0.8-10.6.0.9")
        == .short(needed: 6, free: 2))
    #expect(try decide(1, entry: nil, free: "") == .short(needed: 1, free: 0))
  }

  @Test func `include what was given to Pods while a shrinking was cut short`() throws {
    let used = "10.6.0.2,10.6.0.4"
    #expect(
      try decide(3, entry: "10.6.0.3-10.6.0.5", used: used, free: "") == fits("10.6.0.2,10.6.0.4-10.6.0.5"))
    #expect(
      try decide(4, entry: "10.6.0.3-10.6.0.5", used: used, free: "10.6.0.9") == fits("10.6.0.2-10.6.0.5"))
    #expect(
      try decide(5, entry: "10.6.0.3-10.6.0.5", used: used, free: "10.6.0.2,10.6.0.9")
        == fits("10.6.0.2-10.6.0.5,10.6.0.9"))
    #expect(try decide(1, entry: "10.6.0.3", used: used, free: "") == .inUse(held: 2))
  }

  @Test func `are cut anew where the status holds those of the other family`() throws {
    let entry = try AutomaticFixture.set("fd00::1", .v6)
    let free = try AutomaticFixture.set("10.6.0.2-10.6.0.9")
    let used = try AutomaticFixture.set("10.6.0.4")
    #expect(Carving.decide(2, entry: entry, used: used, free: free) == (try fits("10.6.0.2,10.6.0.4")))
  }

  // Numbers this large would take longer than anybody waits, and all memory, if addresses were looked at one by one.
  @Test(.timeLimit(.minutes(5))) func `cost nothing however many they are`() throws {
    let (all, used) = ("fd00::-fd00::ffff:ffff:ffff:ffff", "fd00::100:0")
    for _ in 0..<100 {
      #expect(
        try decide(1 << 25, entry: nil, used: used, free: all, .v6) == fits("fd00::-fd00::1ff:ffff", .v6))
      #expect(
        try decide(1 << 24, entry: all, used: used, free: "", .v6)
          == fits("fd00::100:0,fd00::ffff:ffff:ff00:1-fd00::ffff:ffff:ffff:ffff", .v6))
      #expect(
        try decide(1, entry: nil, used: "fd00::1-fd00::ffff", free: all, .v6) == .inUse(held: 0xFFFF))
    }
  }

  @Test(arguments: [
    (IPFamily.v4, UInt128(0)), (.v4, 0xFFFF_FFC0), (.v6, UInt128.max - 63),
  ])
  func `agree with a naive set of numbers`(family: IPFamily, base: UInt128) throws {
    var random = SeededGenerator.announced()
    var outcomes: [String: Int] = [:]
    for _ in 0..<3000 {
      func numbers(_ chance: Int) -> Set<Int> {
        Set((0..<64).filter { _ in Int.random(in: 0..<8, using: &random) < chance })
      }
      func set(_ numbers: Set<Int>) throws -> AddressSet {
        AddressSet(
          family,
          try numbers.map { AddressRange(try #require(IPAddress(family, base + UInt128($0)))) })
      }
      let entry = Bool.random(using: &random) ? numbers(3) : nil
      let used = Bool.random(using: &random) ? numbers(1) : numbers(3).intersection(entry ?? [])
      let free = numbers(Int.random(in: 0...6, using: &random))
      let count = Int.random(in: 0...40, using: &random)
      let decided = Carving.decide(
        count, entry: try entry.map(set), used: try set(used), free: try set(free))
      let own = used.union(entry ?? [])
      let more = free.subtracting(own).sorted()
      let unused = own.subtracting(used).sorted()
      switch decided {
      case .fits(let addresses):
        let given = (0..<64).filter { number in
          IPAddress(family, base + UInt128(number)).map(addresses.contains) ?? false
        }
        #expect(addresses.count == UInt128(count) && given.count == count)
        #expect(used.isSubset(of: given))
        #expect(Set(given).isSubset(of: own.union(free)))
        let added = Set(given).subtracting(own)
        let lost = own.subtracting(given)
        #expect(added == Set(more.prefix(added.count)), "the lowest are added")
        #expect(lost == Set(unused.prefix(lost.count)), "the lowest are lost")
        #expect(added.isEmpty || lost.isEmpty)
        outcomes[added.isEmpty ? lost.isEmpty ? "stays" : "shrinks" : "grows", default: 0] += 1
      case .short(let needed, let left):
        #expect(needed == UInt128(count - own.count) && left == UInt128(more.count) && left < needed)
        outcomes["short", default: 0] += 1
      case .inUse(let held):
        #expect(held == UInt128(used.count) && used.count > count)
        outcomes["in use", default: 0] += 1
      }
    }
    for outcome in ["stays", "shrinks", "grows", "short", "in use"] {
      #expect(outcomes[outcome, default: 0] > 0, "never \(outcome)")
    }
  }
}
