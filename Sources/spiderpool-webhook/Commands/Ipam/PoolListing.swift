internal import Addressing
internal import Controllers
internal import JSON

/// Pools as `ipam show pools` prints them.
struct PoolListing: IpamListing {
  private struct Row {
    let pool: InspectedPool
    /// nil when it cannot be told.
    let free: AddressSet?
    /// nil for a pool that is not automatic.
    let ownership: PoolOwnership?
  }

  private let rows: [Row]

  /// These pools.
  init(_ pools: [InspectedPool], in snapshot: ClusterSnapshot) {
    rows = pools.map { pool in
      Row(
        pool: pool, free: pool.free(without: snapshot.reserved),
        ownership: pool.marks.map { PoolOwnership($0, snapshot.owner(of: $0)) })
    }
  }

  /// For people. What cannot be told is shown as a question mark. The columns of automatic pools are there when one is.
  func table(isWide: Bool) -> String {
    let areAutomatic = rows.contains { $0.ownership != nil }
    var heading = ["NAME", "FAMILY", "SUBNET", "TOTAL"] + (areAutomatic ? ["WANTED"] : [])
    heading += ["ALLOCATED", "FREE", "FLAGS", "OWNER-SUBNET"] + (areAutomatic ? ["APPLICATION"] : [])
    if isWide { heading += ["RANGES", "FREE-RANGES"] }
    var table = TextTable(heading)
    for row in rows {
      let pool = row.pool
      var cells = [
        pool.name, pool.family?.description ?? "?", pool.subnet, pool.addresses?.count.description ?? "?",
      ]
      if areAutomatic { cells.append(row.ownership?.wantedText ?? "") }
      cells += [
        Self.allocated(pool)?.description ?? "?", row.free?.count.description ?? "?",
        Self.flags(pool).joined(separator: ","), pool.ownerSubnet ?? "",
      ]
      if areAutomatic { cells.append(row.ownership?.name ?? "") }
      if isWide { cells += [pool.addresses?.description ?? "?", row.free?.description ?? "?"] }
      table.add(cells)
    }
    return table.text
  }

  /// For programs. Counts are numbers up to `Int64.max`, which stands for anything above; what cannot be told is null.
  var json: JSONValue { .array(rows.map(Self.json)) }

  private static func json(_ row: Row) -> JSONValue {
    let pool = row.pool
    let family = pool.family.map { JSONValue.int(Int64($0.rawValue)) }
    let allocated = allocated(pool).map { JSONValue.int(Int64($0)) }
    let owner = pool.ownerSubnet.map { JSONValue.string($0) }
    var members: [JSONObject.Member] = [
      ("name", .string(pool.name)), ("uid", .string(pool.uid)),
      ("resourceVersion", .string(pool.resourceVersion)), ("ipVersion", family ?? .null),
      ("subnet", .string(pool.subnet)), ("total", count(pool.addresses)), ("allocated", allocated ?? .null),
      ("free", count(row.free)), ("default", .bool(pool.isDefault)), ("disabled", .bool(pool.isDisabled)),
      ("terminating", .bool(pool.isTerminating)), ("ownerSubnet", owner ?? .null),
      ("ranges", ranges(pool.addresses)), ("freeRanges", ranges(row.free)),
    ]
    members += PoolOwnership.members(of: row.ownership)
    return .object(JSONObject(members))
  }

  private static func flags(_ pool: InspectedPool) -> [String] {
    [("default", pool.isDefault), ("disabled", pool.isDisabled), ("terminating", pool.isTerminating)]
      .filter(\.1).map(\.0)
  }

  private static func allocated(_ pool: InspectedPool) -> Int? { (try? pool.status.get())?.count }
}
