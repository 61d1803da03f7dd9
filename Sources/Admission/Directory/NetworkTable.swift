import Addressing

/// Which objects have which network, found by the network itself or by overlap.
///
/// Thousands of pools share one network, so the networks form groups and the tree holds each network once.
struct NetworkTable: Sendable, Equatable {
  private struct Group: Sendable, Equatable {
    var network: CIDR
    var members: [UInt32]
  }

  private var groups: [Group] = []
  private var groupOf: [CIDR: UInt32] = [:]
  private var freeGroups: [UInt32] = []
  private var trees = PerFamily<IntervalTree>(v4: IntervalTree(), v6: IntervalTree())

  /// Adds an object to the group of its network.
  mutating func insert(_ member: UInt32, _ network: CIDR) {
    if let group = groupOf[network] {
      groups[Int(group)].members.append(member)
      return
    }
    let group: UInt32
    if let free = freeGroups.popLast() {
      group = free
      groups[Int(group)] = Group(network: network, members: [member])
    } else {
      group = UInt32(groups.count)
      groups.append(Group(network: network, members: [member]))
    }
    groupOf[network] = group
    trees[network.family].insert(lower: network.base.value, upper: network.last.value, owner: group)
  }

  /// Takes an object out of the group of its network.
  mutating func remove(_ member: UInt32, _ network: CIDR) {
    guard let group = groupOf[network] else { return }
    guard let place = groups[Int(group)].members.firstIndex(of: member) else { return }
    groups[Int(group)].members.swapAt(place, groups[Int(group)].members.count - 1)
    groups[Int(group)].members.removeLast()
    guard groups[Int(group)].members.isEmpty else { return }
    groupOf[network] = nil
    freeGroups.append(group)
    trees[network.family].remove(lower: network.base.value, upper: network.last.value, owner: group)
  }

  /// The objects with exactly this network.
  func members(of network: CIDR) -> [UInt32] {
    groupOf[network].map { groups[Int($0)].members } ?? []
  }

  /// The first object that `matches` among those whose network overlaps this one and is another. One group after the
  /// other is asked, in rising order of networks.
  func firstOverlapping(_ network: CIDR, where matches: (UInt32) -> Bool) -> UInt32? {
    var found: UInt32?
    trees[network.family].overlaps(lower: network.base.value, upper: network.last.value) { node in
      let group = groups[Int(node.owner)]
      if group.network != network { found = group.members.first(where: matches) }
      return found == nil
    }
    return found
  }
}

/// One value for each address family.
struct PerFamily<Value: Sendable & Equatable>: Sendable, Equatable {
  var v4: Value
  var v6: Value

  subscript(family: IPFamily) -> Value {
    get { family == .v4 ? v4 : v6 }
    _modify {
      if family == .v4 { yield &v4 } else { yield &v6 }
    }
  }
}
