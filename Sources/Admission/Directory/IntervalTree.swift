/// Closed intervals of addresses, each with an owner, searched for overlaps in logarithmic time.
///
/// A treap whose nodes know the highest address below them. Intervals may overlap and repeat: objects that were stored
/// while nobody judged them must not break anything. All addresses are of one family.
struct IntervalTree: ~Copyable, Sendable {
  /// One interval.
  struct Node: Sendable, Equatable {
    var lower: UInt128
    var upper: UInt128
    /// The highest `upper` in the subtree below and including this node.
    var highest: UInt128
    var left: UInt32
    var right: UInt32
    var owner: UInt32
    var priority: UInt32
  }

  /// Stands for no node.
  private static let none = UInt32.max

  private var nodes: [Node] = []
  private var root = Self.none
  /// The first node not in use; the others follow through `left`.
  private var firstFree = Self.none
  /// State of the generator of priorities.
  private var seed: UInt32 = 0x9E37_79B9

  /// The number of intervals.
  private(set) var count = 0

  /// Adds an interval.
  mutating func insert(lower: UInt128, upper: UInt128, owner: UInt32) {
    precondition(lower <= upper, "an interval ends before it starts")
    let node = Node(
      lower: lower, upper: upper, highest: upper, left: Self.none, right: Self.none, owner: owner,
      priority: nextPriority())
    root = inserting(store(node), into: root)
    count += 1
  }

  /// Takes out an interval; nothing happens when it is not there.
  mutating func remove(lower: UInt128, upper: UInt128, owner: UInt32) {
    var removed = Self.none
    root = removing((lower, upper, owner), from: root, removed: &removed)
    guard removed != Self.none else { return }
    nodes[Int(removed)].left = firstFree
    firstFree = removed
    count -= 1
  }

  /// Shows the intervals that share an address with `lower...upper`, in rising order, until `visit` returns false.
  func overlaps(lower: UInt128, upper: UInt128, _ visit: (borrowing Node) -> Bool) {
    nodes.withUnsafeBufferPointer { _ = Self.walk($0, root, lower, upper, visit) }
  }
}

extension IntervalTree {
  /// An interval and its owner.
  struct Item: Sendable, Equatable {
    let lower: UInt128
    let upper: UInt128
    let owner: UInt32
  }

  /// The length of the longest way from the root, for whoever watches the balance.
  var depth: Int {
    func depth(_ place: UInt32) -> Int {
      place == Self.none ? 0 : 1 + max(depth(nodes[Int(place)].left), depth(nodes[Int(place)].right))
    }
    return depth(root)
  }

  /// All intervals, in rising order, whatever the shape of the tree.
  var items: [Item] {
    var all: [Item] = []
    overlaps(lower: .min, upper: .max) { node in
      all.append(Item(lower: node.lower, upper: node.upper, owner: node.owner))
      return true
    }
    return all
  }
}

extension IntervalTree {
  private typealias Key = (lower: UInt128, upper: UInt128, owner: UInt32)

  private static func walk(
    _ nodes: UnsafeBufferPointer<Node>, _ place: UInt32, _ lower: UInt128, _ upper: UInt128,
    _ visit: (borrowing Node) -> Bool
  ) -> Bool {
    var place = place
    while place != none {
      let node = nodes[Int(place)]
      if node.highest < lower { return true }
      guard walk(nodes, node.left, lower, upper, visit) else { return false }
      if node.lower > upper { return true }
      if node.upper >= lower, !visit(node) { return false }
      place = node.right
    }
    return true
  }

  /// xorshift32 (Marsaglia 2003): balance needs no more.
  private mutating func nextPriority() -> UInt32 {
    seed ^= seed << 13
    seed ^= seed >> 17
    seed ^= seed << 5
    return seed
  }

  private mutating func store(_ node: Node) -> UInt32 {
    guard firstFree != Self.none else {
      nodes.append(node)
      return UInt32(nodes.count - 1)
    }
    let place = firstFree
    firstFree = nodes[Int(place)].left
    nodes[Int(place)] = node
    return place
  }

  private func key(_ place: UInt32) -> Key {
    let node = nodes[Int(place)]
    return (node.lower, node.upper, node.owner)
  }

  private mutating func update(_ place: UInt32) {
    let node = nodes[Int(place)]
    var highest = node.upper
    if node.left != Self.none { highest = max(highest, nodes[Int(node.left)].highest) }
    if node.right != Self.none { highest = max(highest, nodes[Int(node.right)].highest) }
    nodes[Int(place)].highest = highest
  }

  private mutating func inserting(_ new: UInt32, into place: UInt32) -> UInt32 {
    guard place != Self.none else { return new }
    let goesLeft = key(new) < key(place)
    if nodes[Int(new)].priority > nodes[Int(place)].priority {
      let (left, right) = splitting(place, at: key(new))
      nodes[Int(new)].left = left
      nodes[Int(new)].right = right
      update(new)
      return new
    }
    if goesLeft {
      nodes[Int(place)].left = inserting(new, into: nodes[Int(place)].left)
    } else {
      nodes[Int(place)].right = inserting(new, into: nodes[Int(place)].right)
    }
    update(place)
    return place
  }

  /// Parts a subtree into what is before `key` and what is not.
  private mutating func splitting(_ place: UInt32, at key: Key) -> (UInt32, UInt32) {
    guard place != Self.none else { return (Self.none, Self.none) }
    if self.key(place) < key {
      let (left, right) = splitting(nodes[Int(place)].right, at: key)
      nodes[Int(place)].right = left
      update(place)
      return (place, right)
    }
    let (left, right) = splitting(nodes[Int(place)].left, at: key)
    nodes[Int(place)].left = right
    update(place)
    return (left, place)
  }

  private mutating func merging(_ left: UInt32, _ right: UInt32) -> UInt32 {
    if left == Self.none { return right }
    if right == Self.none { return left }
    if nodes[Int(left)].priority > nodes[Int(right)].priority {
      nodes[Int(left)].right = merging(nodes[Int(left)].right, right)
      update(left)
      return left
    }
    nodes[Int(right)].left = merging(left, nodes[Int(right)].left)
    update(right)
    return right
  }

  private mutating func removing(_ key: Key, from place: UInt32, removed: inout UInt32) -> UInt32 {
    guard place != Self.none else { return Self.none }
    if self.key(place) == key {
      removed = place
      return merging(nodes[Int(place)].left, nodes[Int(place)].right)
    }
    if key < self.key(place) {
      nodes[Int(place)].left = removing(key, from: nodes[Int(place)].left, removed: &removed)
    } else {
      nodes[Int(place)].right = removing(key, from: nodes[Int(place)].right, removed: &removed)
    }
    update(place)
    return place
  }
}
