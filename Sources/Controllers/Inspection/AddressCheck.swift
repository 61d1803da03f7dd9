internal import Addressing
internal import IPAM

/// Compares the pools' statuses with the Pods: a pure function of what was listed.
struct AddressCheck {
  private let snapshot: ClusterSnapshot
  private var findings: [AddressFinding] = []

  private init(_ snapshot: ClusterSnapshot) { self.snapshot = snapshot }

  /// All findings: pool by pool, address by address.
  static func findings(in snapshot: ClusterSnapshot) -> [AddressFinding] {
    var check = AddressCheck(snapshot)
    for pool in snapshot.pools { check.look(at: pool) }
    check.findDuplicateRecords()
    check.lookAtPods()
    return check.findings.enumerated().sorted { a, b in
      (a.element.pool, a.element.address ?? .lowest, a.offset) < (
        b.element.pool, b.element.address ?? .lowest, b.offset
      )
    }.map(\.element)
  }

  private mutating func look(at pool: InspectedPool) {
    guard case .success(let records) = pool.status else {
      if case .failure(let error) = pool.status {
        findings.append(
          AddressFinding(.unreadableStatus, pool, "status.allocatedIPs cannot be read: \(error)"))
      }
      return
    }
    lookAtCounts(of: pool, records.count)
    for record in records {
      switch snapshot.holder(of: record) {
      case .live, .ended, .kept: break
      case .gone: findings.append(AddressFinding(.leak, pool, record, "Pod \(record.pod) does not exist"))
      case .replaced:
        let uid = snapshot.pods[record.pod]?.uid.description ?? ""
        findings.append(
          AddressFinding(.leak, pool, record, "Pod \(record.pod) is another one now, with the UID \(uid)"))
      }
      if let addresses = pool.addresses, !addresses.contains(record.address) {
        findings.append(
          AddressFinding(
            .outside, pool, record,
            "the address is not one of the pool's; it is recorded for Pod \(record.pod)"))
      }
    }
  }

  /// A status that says nothing yet is not wrong, unless there is something to be said.
  private mutating func lookAtCounts(of pool: InspectedPool, _ count: Int) {
    if let stored = pool.storedTotal, stored != pool.total {
      findings.append(
        AddressFinding(
          .wrongCount, pool, "status.totalIPCount is \(stored), and the pool has \(pool.total) addresses"))
    }
    let stored = pool.storedAllocated ?? 0
    if stored != Int64(count) {
      findings.append(
        AddressFinding(
          .wrongCount, pool, "status.allocatedIPCount is \(stored), and \(count) addresses are recorded"))
    }
  }

  /// What lies outside its pool's network is no address of that network, and was told already.
  private mutating func findDuplicateRecords() {
    var holders: [IPAddress: [(pool: InspectedPool, record: AllocationRecord)]] = [:]
    for pool in snapshot.pools {
      for record in pool.records where pool.network?.contains(record.address) ?? false {
        holders[record.address, default: []].append((pool, record))
      }
    }
    for all in holders.values where all.count > 1 {
      for (place, one) in all.enumerated() {
        let others = all.enumerated().filter { $0.offset != place }.map {
          "\($0.element.pool.name) for Pod \($0.element.record.pod)"
        }
        findings.append(
          AddressFinding(
            .duplicateRecord, one.pool, one.record,
            "the address is also recorded in \(others.joined(separator: ", "))"))
      }
    }
  }

  private mutating func lookAtPods() {
    let live = snapshot.pods.values.filter { !$0.hasEnded }.sorted { $0.key.description < $1.key.description }
    let pools = Dictionary(uniqueKeysWithValues: snapshot.pools.map { ($0.name, $0) })
    let recorded = Dictionary(
      uniqueKeysWithValues: snapshot.pools.map { pool in
        (
          pool.name,
          Dictionary(pool.records.map { ($0.address, $0) }, uniquingKeysWith: { first, _ in first })
        )
      })
    var users: [IPAddress: [(pod: InspectedPod, pool: String)]] = [:]
    for pod in live {
      if pod.isUnreadable {
        findings.append(
          AddressFinding(
            .unreadableAllocation, pool: "", pod: pod.key, uid: pod.uid, resourceVersion: "",
            detail: "the allocation annotation of Pod \(pod.key) cannot be read"))
      }
      for grant in pod.grants ?? [] {
        users[grant.address, default: []].append((pod, grant.pool))
        expectRecord(of: grant, for: pod, in: pools[grant.pool], recorded[grant.pool]?[grant.address])
      }
    }
    for (address, all) in users where all.count > 1 { tellShared(address, all, pools) }
  }

  private mutating func expectRecord(
    of grant: AddressGrant, for pod: InspectedPod, in pool: InspectedPool?, _ record: AllocationRecord?
  ) {
    if record?.uid == pod.uid { return }
    var why = "the pool does not exist"
    if let pool {
      // What cannot be read may hold the record.
      guard case .success = pool.status else { return }
      why = record.map { "it is recorded for Pod \($0.pod) with the UID \($0.uid)" } ?? "it is not recorded"
    }
    findings.append(
      AddressFinding(
        .unrecorded, pool: grant.pool, address: grant.address, pod: pod.key, uid: pod.uid,
        resourceVersion: pool?.resourceVersion ?? "", detail: "Pod \(pod.key) uses the address, and \(why)"))
  }

  private mutating func tellShared(
    _ address: IPAddress, _ all: [(pod: InspectedPod, pool: String)], _ pools: [String: InspectedPool]
  ) {
    for (place, one) in all.enumerated() {
      let others = all.enumerated().filter { $0.offset != place }.map { "Pod \($0.element.pod.key)" }
      findings.append(
        AddressFinding(
          .duplicateAllocation, pool: one.pool, address: address, pod: one.pod.key, uid: one.pod.uid,
          resourceVersion: pools[one.pool]?.resourceVersion ?? "",
          detail: "Pod \(one.pod.key) shares the address with \(others.joined(separator: ", "))"))
    }
  }
}

extension IPAddress {
  /// Sorts before every other: for findings without an address.
  fileprivate static let lowest = IPAddress(v4: 0)
}
