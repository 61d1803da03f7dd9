import Addressing

/// Which objects have which network, found by the network itself or by overlap.
///
/// Thousands of pools share one network, so the networks form groups and the tree holds each network once.
struct NetworkTable: ~Copyable, Sendable {
  private struct Group: Sendable {
    var network: CIDR
    var members: [UInt32]
  }

  private var groups: [Group] = []
  private var groupOf: [CIDR: UInt32] = [:]
  /// Where each object stands among the members of its group.
  private var positionOf: [UInt32: Int] = [:]
  private var freeGroups: [UInt32] = []
  private var trees = PerFamilyTrees()

  /// Adds an object, which must not be there yet, to the group of its network.
  mutating func insert(_ member: UInt32, _ network: CIDR) {
    let group = groupOf[network] ?? newGroup(network)
    positionOf[member] = groups[Int(group)].members.count
    groups[Int(group)].members.append(member)
  }

  private mutating func newGroup(_ network: CIDR) -> UInt32 {
    let group: UInt32
    if let free = freeGroups.popLast() {
      group = free
      groups[Int(group)].network = network
    } else {
      group = UInt32(groups.count)
      groups.append(Group(network: network, members: []))
    }
    groupOf[network] = group
    trees.insert(network.range, owner: group)
    return group
  }

  /// Takes an object out of the group of its network.
  mutating func remove(_ member: UInt32, _ network: CIDR) {
    guard let group = groupOf[network], let position = positionOf.removeValue(forKey: member) else { return }
    let last = groups[Int(group)].members.removeLast()
    if last != member {
      groups[Int(group)].members[position] = last
      positionOf[last] = position
    }
    guard groups[Int(group)].members.isEmpty else { return }
    groupOf[network] = nil
    freeGroups.append(group)
    trees.remove(network.range, owner: group)
  }

  /// The objects with exactly this network.
  func members(of network: CIDR) -> [UInt32] {
    guard !groupOf.isEmpty, let group = groupOf[network] else { return [] }
    return groups[Int(group)].members
  }

  /// The first object that `matches` among those whose network overlaps this one and is another. One group after the
  /// other is asked, in rising order of networks.
  func firstOverlapping(_ network: CIDR, where matches: (UInt32) -> Bool) -> UInt32? {
    var found: UInt32?
    trees.overlaps(network.range) { node in
      if groups[Int(node.owner)].network != network {
        found = groups[Int(node.owner)].members.first(where: matches)
      }
      return found == nil
    }
    return found
  }
}

/// A tree of intervals for each address family.
struct PerFamilyTrees: ~Copyable, Sendable {
  private(set) var v4 = IntervalTree()
  private(set) var v6 = IntervalTree()

  /// Adds a range.
  mutating func insert(_ range: AddressRange, owner: UInt32) {
    let (lower, upper) = (range.values.lowerBound, range.values.upperBound)
    switch range.family {
    case .v4: v4.insert(lower: lower, upper: upper, owner: owner)
    case .v6: v6.insert(lower: lower, upper: upper, owner: owner)
    }
  }

  /// Takes out a range; nothing happens when it is not there.
  mutating func remove(_ range: AddressRange, owner: UInt32) {
    let (lower, upper) = (range.values.lowerBound, range.values.upperBound)
    switch range.family {
    case .v4: v4.remove(lower: lower, upper: upper, owner: owner)
    case .v6: v6.remove(lower: lower, upper: upper, owner: owner)
    }
  }

  /// Shows what shares an address with the range, in rising order, until `visit` returns false.
  func overlaps(_ range: AddressRange, _ visit: (borrowing IntervalTree.Node) -> Bool) {
    let (lower, upper) = (range.values.lowerBound, range.values.upperBound)
    switch range.family {
    case .v4: v4.overlaps(lower: lower, upper: upper, visit)
    case .v6: v6.overlaps(lower: lower, upper: upper, visit)
    }
  }
}
