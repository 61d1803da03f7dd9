internal import Addressing
internal import Controllers
internal import IPAM
internal import JSON

/// Allocated addresses as `ipam show holders` prints them.
struct HolderListing: IpamListing {
  private struct Row {
    let pool: String
    let record: AllocationRecord
    let state: ClusterSnapshot.Holder
    let node: String
  }

  private let rows: [Row]
  /// A sentence for each pool whose records cannot be read.
  let unreadable: [String]

  /// The records of these pools.
  init(_ pools: [InspectedPool], in snapshot: ClusterSnapshot) {
    rows = pools.flatMap { pool in
      pool.records.map { record in
        let state = snapshot.holder(of: record)
        let isThere = state == .live || state == .ended
        return Row(
          pool: pool.name, record: record, state: state,
          node: isThere ? snapshot.pods[record.pod]?.node ?? "" : "")
      }
    }
    unreadable = pools.compactMap { pool in
      guard case .failure(let error) = pool.status else { return nil }
      return "ipam show: status.allocatedIPs of SpiderIPPool \(pool.name) cannot be read: \(error)"
    }
  }

  /// For people.
  func table(isWide: Bool) -> String {
    var table = TextTable(["ADDRESS", "POOL", "POD", "UID", "STATE"] + (isWide ? ["NODE"] : []))
    for row in rows {
      let cells = [
        row.record.address.description, row.pool, row.record.pod.description, row.record.uid.description,
        row.state.rawValue,
      ]
      table.add(cells + (isWide ? [row.node] : []))
    }
    return table.text
  }

  /// For programs.
  var json: JSONValue {
    .array(
      rows.map { row in
        [
          "address": .string(row.record.address.description), "pool": .string(row.pool),
          "pod": .string(row.record.pod.description), "uid": .string(row.record.uid.description),
          "state": .string(row.state.rawValue), "node": row.node.isEmpty ? .null : .string(row.node),
        ]
      })
  }
}
