import KubernetesAPI
import TestSupport
import Testing

@testable import Admission

@Suite struct `The tree of intervals` {
  @Test(arguments: [1, 2, 3, UInt64.random(in: 4 ... .max)])
  func `finds what a plain list finds, whatever is put in and taken out`(_ seed: UInt64) {
    var numbers = SeededGenerator(seed: seed)
    var tree = IntervalTree()
    var plain: [IntervalTree.Item] = []
    for step in 0..<3000 {
      if plain.isEmpty || Int.random(in: 0..<3, using: &numbers) > 0 {
        let lower = UInt128.random(in: 0..<1000, using: &numbers)
        let item = IntervalTree.Item(
          lower: lower, upper: lower + UInt128.random(in: 0..<40, using: &numbers), owner: UInt32(step))
        plain.append(item)
        tree.insert(lower: item.lower, upper: item.upper, owner: item.owner)
      } else {
        let item = plain.remove(at: Int.random(in: 0..<plain.count, using: &numbers))
        tree.remove(lower: item.lower, upper: item.upper, owner: item.owner)
      }
      guard step % 50 == 0 else { continue }
      let lower = UInt128.random(in: 0..<1000, using: &numbers)
      let upper = lower + UInt128.random(in: 0..<100, using: &numbers)
      var found: [IntervalTree.Item] = []
      tree.overlaps(lower: lower, upper: upper) { node in
        found.append(IntervalTree.Item(lower: node.lower, upper: node.upper, owner: node.owner))
        return true
      }
      let expected = plain.filter { $0.lower <= upper && $0.upper >= lower }
        .sorted { ($0.lower, $0.upper, $0.owner) < ($1.lower, $1.upper, $1.owner) }
      #expect(found == expected, "seed \(seed), step \(step)")
    }
    let count = tree.count
    #expect(count == plain.count)
  }

  @Test func `reaches the ends of the numbers and stops when told`() {
    var tree = IntervalTree()
    tree.insert(lower: 0, upper: .max, owner: 1)
    tree.insert(lower: .max, upper: .max, owner: 2)
    tree.insert(lower: 0, upper: 0, owner: 3)
    var owners: [UInt32] = []
    tree.overlaps(lower: .max, upper: .max) { node in
      owners.append(node.owner)
      return true
    }
    #expect(owners == [1, 2])
    var visited = 0
    tree.overlaps(lower: 0, upper: .max) { _ in
      visited += 1
      return false
    }
    #expect(visited == 1)
    tree.remove(lower: 7, upper: 7, owner: 7)
    let count = tree.count
    #expect(count == 3, "taking out what is not there changes nothing")
  }

  @Test func `visits few nodes among many`() {
    var tree = IntervalTree()
    for number in 0..<10_000 {
      tree.insert(lower: UInt128(number * 10), upper: UInt128(number * 10 + 5), owner: UInt32(number))
    }
    var seen: [UInt32] = []
    tree.overlaps(lower: 50_007, upper: 50_011) { node in
      seen.append(node.owner)
      return true
    }
    #expect(seen == [5001])
    let depth = tree.depth
    #expect(depth < 60, "ten thousand intervals need a depth of about 30")
  }
}

@Suite struct `The directory` {
  @Test func `holds after any changes what a fresh one holds`() throws {
    let changed = World()
    let fresh = World()
    for round in 0..<3 {
      for number in 0..<20 {
        let spec = #"{"ipVersion":4,"subnet":"10.\#(number).0.0/16","ips":["10.\#(number).0.\#(round + 1)"]}"#
        try changed.store("SpiderIPPool", "p\(number)", spec)
        if round == 2, number % 2 == 0 { try fresh.store("SpiderIPPool", "p\(number)", spec) }
      }
    }
    for number in 0..<20 where number % 2 == 1 { changed.directory.removePool("p\(number)") }
    let names: (PoolIndex.Contents) -> Set<String> = { Set($0.entries.compactMap { $0?.name }) }
    #expect(names(changed.index) == names(fresh.index))
    #expect(changed.index.intervals[0].map(\.lower) == fresh.index.intervals[0].map(\.lower))
  }

  @Test func `is synced when each kind was listed`() {
    let directory = PoolDirectory()
    directory.replacePools([])
    directory.replaceSubnets([])
    #expect(directory.isSynced == false)
    directory.replaceReservedIPs([])
    #expect(directory.isSynced)
  }

  @Test func `forgets in a new list what is not in it, and keeps claims`() throws {
    let world = World()
    try world.store("SpiderIPPool", "a", #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2"]}"#)
    #expect(
      world.create("SpiderIPPool", #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.3"]}"#, named: "b")
        .isAllowed)
    world.directory.replacePools([])
    #expect(
      world.create("SpiderIPPool", #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2"]}"#, named: "c")
        .isAllowed)
    #expect(
      world.create("SpiderIPPool", #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.3"]}"#, named: "d")
        .status?.code == 409)
  }
}
