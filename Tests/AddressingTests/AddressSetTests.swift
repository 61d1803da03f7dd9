import Addressing
import TestSupport
import Testing

struct AddressSetTests {
  func set(_ texts: String...) throws -> AddressSet {
    let ranges = try texts.map { try AddressRange($0) }
    return AddressSet(ranges.first?.family ?? .v4, ranges)
  }

  @Test func `merges what overlaps or touches, in whatever order it comes`() throws {
    let merged = try set(
      "10.0.0.9", "10.0.0.1-10.0.0.3", "10.0.0.4", "10.0.0.2-10.0.0.5", "10.0.0.8", "10.0.0.20")
    #expect(merged.texts == ["10.0.0.1-10.0.0.5", "10.0.0.8-10.0.0.9", "10.0.0.20"])
    #expect(merged.count == 8)
    #expect(try merged == set("10.0.0.20", "10.0.0.8-10.0.0.9", "10.0.0.1-10.0.0.5"))
    #expect(merged.description == "10.0.0.1-10.0.0.5,10.0.0.8-10.0.0.9,10.0.0.20")
  }

  @Test func `counts all of IPv6 without overflowing`() throws {
    let all = try set("::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
    #expect(all.count == .max)
    #expect(all.saturatingInt64Count == .max)
    #expect(
      try all
        == set("8000::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::-7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
    )
    let halves = try set(
      "::-7fff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", "8000::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
    #expect(halves.count == .max)
    #expect(halves.texts.count == 2)
    #expect(try set("fd00::-fd00::7fff:ffff:ffff:fffe").saturatingInt64Count == Int64.max)
    #expect(try set("fd00::-fd00::7fff:ffff:ffff:fffd").saturatingInt64Count == Int64.max - 1)
    #expect(AddressSet(.v6).count == 0)
    #expect(all.subtracting(try set("::5")).count == .max)
    #expect(all.address(at: .max) == IPAddress(v6: .max))
  }

  @Test func `finds the lowest address that is not taken`() throws {
    let pool = try set("fd00::10-fd00::1f", "fd00::30-fd00::ffff:ffff:ffff:ffff")
    #expect(pool.firstAddress(notIn: AddressSet(.v6))?.description == "fd00::10")
    #expect(pool.firstAddress(notIn: try set("fd00::-fd00::12"))?.description == "fd00::13")
    #expect(pool.firstAddress(notIn: try set("fd00::10-fd00::30"))?.description == "fd00::31")
    #expect(
      pool.firstAddress(notIn: try set("fd00::11"), from: try IPAddress("fd00::11"))?.description
        == "fd00::12")
    #expect(
      pool.firstAddress(notIn: try set("fd00::11"), from: try IPAddress("fd00::20"))?.description
        == "fd00::30")
    #expect(pool.firstAddress(notIn: pool) == nil)
    #expect(pool.firstAddress(notIn: AddressSet(.v6), from: try IPAddress("fe00::")) == nil)
  }

  @Test func `gives its lowest addresses`() throws {
    let some = try set("10.0.0.1-10.0.0.3", "10.0.0.7", "10.0.0.9-10.0.0.20")
    #expect(some.lowest(0).isEmpty && AddressSet(.v4).lowest(5).isEmpty)
    #expect(some.lowest(2).texts == ["10.0.0.1-10.0.0.2"])
    #expect(some.lowest(3).texts == ["10.0.0.1-10.0.0.3"])
    #expect(some.lowest(4).texts == ["10.0.0.1-10.0.0.3", "10.0.0.7"])
    #expect(some.lowest(5).texts == ["10.0.0.1-10.0.0.3", "10.0.0.7", "10.0.0.9"])
    #expect(some.lowest(16) == some && some.lowest(17) == some && some.lowest(.max) == some)
  }

  @Test func `gives the lowest addresses of all of IPv6`() throws {
    let all = try set("::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
    #expect(all.lowest(1).texts == ["::"])
    #expect(all.lowest(1 << 64).texts == ["::-::ffff:ffff:ffff:ffff"])
    #expect(all.lowest(.max).texts == ["::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe"])
    let upper = try set("8000::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
    #expect(upper.lowest(1 << 127) == upper && upper.lowest(.max) == upper)
    #expect(upper.lowest((1 << 127) - 1).last?.description == "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe")
  }

  @Test func `has nothing in common with the other family`() throws {
    let (v4, v6) = (try set("0.0.0.0-255.255.255.255"), try set("::-::ffff:ffff"))
    #expect(!v4.overlaps(v6) && !v4.isSubset(of: v6) && v4.firstCommonRange(with: v6) == nil)
    #expect(try !v6.contains(IPAddress("1.2.3.4")) && !v6.contains(AddressRange("1.2.3.4")))
    #expect(!v6.overlaps(try AddressRange("1.2.3.4")))
  }

  /// A set of numbers 0..<64 as the simplest thing that can be right, laid at different places of the address space.
  static let places: [(IPFamily, UInt128)] = [
    (.v4, 0), (.v4, 0xFFFF_FFC0), (.v4, 0x0A00_0000), (.v6, 0), (.v6, .max - 63), (.v6, 0xFD << 120),
  ]

  @Test(arguments: places)
  func `agrees with a naive set of numbers`(family: IPFamily, base: UInt128) throws {
    var random = SeededGenerator.announced()
    let address = { (offset: Int) in try #require(IPAddress(family, base + UInt128(offset))) }
    let universe = try (0..<64).map(address)
    for _ in 0..<300 {
      func randomRange() throws -> (AddressRange, Set<IPAddress>) {
        let lower = Int.random(in: 0..<64, using: &random)
        let upper = Int.random(in: lower..<min(64, lower + 12), using: &random)
        return (try AddressRange(universe[lower], universe[upper]), Set(universe[lower...upper]))
      }
      func randomSet() throws -> (AddressSet, Set<IPAddress>) {
        let pieces = try (0..<Int.random(in: 0...6, using: &random)).map { _ in try randomRange() }
        return (AddressSet(family, pieces.map(\.0)), pieces.reduce(into: []) { $0.formUnion($1.1) })
      }
      let (a, naiveA) = try randomSet()
      let (b, naiveB) = try randomSet()
      let (range, naiveRange) = try randomRange()
      check(a, naiveA, universe)
      check(a.union(b), naiveA.union(naiveB), universe)
      check(a.intersection(b), naiveA.intersection(naiveB), universe)
      check(a.subtracting(b), naiveA.subtracting(naiveB), universe)
      var changed = a
      changed.insert(range)
      check(changed, naiveA.union(naiveRange), universe)
      changed = a
      changed.remove(range)
      check(changed, naiveA.subtracting(naiveRange), universe)
      let count = Int.random(in: 0...64, using: &random)
      check(a.lowest(UInt128(count)), Set(naiveA.sorted().prefix(count)), universe)
      #expect(a.isSubset(of: b) == naiveA.isSubset(of: naiveB))
      #expect(a.overlaps(b) == !naiveA.isDisjoint(with: naiveB))
      #expect(a.firstCommonRange(with: b)?.lower == naiveA.intersection(naiveB).min())
      #expect(a.firstAddress(notIn: b) == naiveA.subtracting(naiveB).min())
      let from = universe[Int.random(in: 0..<64, using: &random)]
      #expect(a.firstAddress(notIn: b, from: from) == naiveA.subtracting(naiveB).filter { $0 >= from }.min())
      #expect(a.contains(range) == naiveRange.isSubset(of: naiveA))
      #expect(a.overlaps(range) == !naiveRange.isDisjoint(with: naiveA))
    }
  }

  func check(_ set: AddressSet, _ naive: Set<IPAddress>, _ universe: [IPAddress]) {
    #expect(universe.filter(set.contains) == naive.sorted())
    #expect(set.count == UInt128(naive.count))
    #expect(set.isEmpty == naive.isEmpty)
    #expect(set.first == naive.min() && set.last == naive.max())
    let ranges = Array(set.ranges)
    #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.values.upperBound + 1 < $1.values.lowerBound })
    #expect((0..<naive.count).map { set.address(at: UInt128($0)) } == naive.sorted())
    #expect(set.address(at: UInt128(naive.count)) == nil)
    #expect(AddressSet(set.family, ranges.reversed()) == set)
  }
}
