internal import Addressing
internal import Admission
internal import IPAM

/// Compares the subnets' statuses with the pools, and automatic pools with their applications: a pure function of what was
/// listed.
struct SubnetCheck {
  private let snapshot: ClusterSnapshot
  private let pools: [String: InspectedPool]
  private let owned: [String?: [InspectedPool]]
  private var findings: [AddressFinding] = []

  private init(_ snapshot: ClusterSnapshot) {
    self.snapshot = snapshot
    pools = Dictionary(uniqueKeysWithValues: snapshot.pools.map { ($0.name, $0) })
    owned = Dictionary(grouping: snapshot.pools, by: \.ownerSubnet)
  }

  /// All findings: subnet by subnet, and then pools without their applications.
  static func findings(in snapshot: ClusterSnapshot) -> [AddressFinding] {
    var check = SubnetCheck(snapshot)
    for subnet in snapshot.subnets { check.look(at: subnet) }
    for pool in snapshot.pools { check.lookForApplication(of: pool) }
    return check.findings
  }

  private mutating func look(at subnet: InspectedSubnet) {
    guard let status = subnet.status else {
      findings.append(
        AddressFinding(
          .unreadableSubnetStatus, subnet, "status.controlledIPPools cannot be read: it is no JSON object"))
      return
    }
    lookAtCounts(of: subnet, status.allocatedCount)
    // Without a network nothing can be its pool.
    guard let network = subnet.network else { return }
    let entries = status.entries.sorted { $0.key < $1.key }
    for (name, entry) in entries {
      if let pool = pools[name] {
        compare(entry, pool, subnet)
      } else {
        findings.append(
          AddressFinding(
            .entryWithoutPool, subnet, pool: name,
            "SpiderSubnet \(subnet.name) gives it \(Self.shown(entry.addresses)), and there is no such pool"))
      }
    }
    for pool in owned[subnet.name] ?? [] where status.entries[pool.name] == nil { expectEntry(pool, subnet) }
    let sets = entries.compactMap { name, entry in entry.addresses.map { (name: name, addresses: $0) } }
    findShared(sets.filter { $0.addresses.family == network.family }, subnet, network.family)
  }

  /// A status that says nothing yet is not wrong, unless there is something to be said.
  private mutating func lookAtCounts(of subnet: InspectedSubnet, _ count: Int64) {
    if let stored = subnet.storedTotal, stored != subnet.total {
      let detail = "status.totalIPCount is \(stored), and the subnet has \(subnet.total) addresses"
      findings.append(AddressFinding(.wrongSubnetCount, subnet, detail))
    }
    let stored = subnet.storedAllocated ?? 0
    if stored != count {
      let detail = "status.allocatedIPCount is \(stored), and the entries have \(count) addresses"
      findings.append(AddressFinding(.wrongSubnetCount, subnet, detail))
    }
  }

  // MARK: entries and pools

  private mutating func compare(
    _ entry: SubnetStatus.Entry, _ pool: InspectedPool, _ subnet: InspectedSubnet
  ) {
    guard let network = subnet.network, pool.network == network else {
      let detail =
        "SpiderSubnet \(subnet.name) gives it \(Self.shown(entry.addresses)), and it is a pool of \(pool.subnet)"
      findings.append(AddressFinding(.wrongEntry, subnet, pool: pool.name, detail))
      return
    }
    let given = entry.addresses ?? AddressSet(network.family)
    if !Self.rightEntries(pool, subnet).contains(given) {
      let isAutomatic = pool.marks != nil
      let own = Self.shown(Self.rightEntries(pool, subnet).last)
      let detail = isAutomatic ? "it has \(own)" : "it has \(own) of the subnet"
      findings.append(
        AddressFinding(
          isAutomatic ? .wrongAddresses : .wrongEntry, subnet, pool: pool.name,
          "SpiderSubnet \(subnet.name) gives it \(Self.shown(given)), and \(detail)"))
    }
    let application = entry.application.flatMap { Application(statusText: $0)?.key }
    if application != pool.marks?.key.application {
      let told = application.map { "is \($0)'s" } ?? "is nobody's"
      let own = (pool.marks?.key.application).map { "is \($0)'s" } ?? "is no automatic pool"
      findings.append(
        AddressFinding(
          .wrongEntry, subnet, pool: pool.name,
          "SpiderSubnet \(subnet.name) says that it \(told), and it \(own)"))
    }
  }

  /// What a pool's entry may be. Spiderpool counts a gateway among the addresses.
  private static func rightEntries(_ pool: InspectedPool, _ subnet: InspectedSubnet) -> [AddressSet] {
    let own = [pool.addresses, pool.givable].compactMap(\.self)
    guard pool.marks == nil, let all = subnet.addresses else { return own }
    return own.map { $0.intersection(all) }
  }

  private mutating func expectEntry(_ pool: InspectedPool, _ subnet: InspectedSubnet) {
    var detail = "it has the label of SpiderSubnet \(subnet.name), which gives it nothing"
    if pool.network != subnet.network {
      detail += ", because it is a pool of \(pool.subnet)"
    } else {
      // A pool that has nothing of the subnet needs no entry.
      guard Self.rightEntries(pool, subnet).last?.isEmpty == false else { return }
    }
    findings.append(AddressFinding(.poolWithoutEntry, subnet, pool: pool.name, detail))
  }

  private mutating func findShared(
    _ entries: [(name: String, addresses: AddressSet)], _ subnet: InspectedSubnet, _ family: IPFamily
  ) {
    var shared = AddressSet.Gathering(family, reserving: 0)
    var farthest: AddressRange?
    for range in entries.flatMap({ Array($0.addresses.ranges) }).sorted() {
      if let common = farthest?.intersection(range) { shared.add(common) }
      if farthest.map({ $0.upper < range.upper }) ?? true { farthest = range }
    }
    let addresses = shared.finish()
    let sharing = entries.filter { $0.addresses.overlaps(addresses) }
    for entry in sharing {
      let own = entry.addresses.intersection(addresses)
      let others = sharing.filter { $0.name != entry.name && $0.addresses.overlaps(own) }.map(\.name)
      findings.append(
        AddressFinding(
          .sharedAddresses, subnet, pool: entry.name,
          "SpiderSubnet \(subnet.name) gives \(Self.shown(own)) also to \(others.joined(separator: ", "))"))
    }
  }

  private static func shown(_ addresses: AddressSet?) -> String {
    guard let addresses, !addresses.isEmpty else { return "nothing" }
    return AddressText.shown(addresses)
  }

  // MARK: applications

  private mutating func lookForApplication(of pool: InspectedPool) {
    guard let marks = pool.marks, marks.reclaims, !pool.isTerminating else { return }
    let application = marks.key.application
    switch snapshot.owner(of: marks) {
    case .live, .unknown: return
    case .gone:
      findings.append(
        AddressFinding(.applicationGone, pool, "its application, \(application), does not exist"))
    case .replaced(let other):
      findings.append(
        AddressFinding(
          .applicationGone, pool,
          "its application, \(application), is another one now, with the UID \(other.application.uid)"))
    }
  }
}
