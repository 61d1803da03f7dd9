internal import Addressing
internal import Controllers
internal import JSON

/// Pools as `ipam show pools` prints them.
struct PoolListing {
  private struct Row {
    let pool: InspectedPool
    /// nil when it cannot be told.
    let free: AddressSet?
  }

  private let rows: [Row]

  /// - Parameter reserved: addresses that no Pod may get, and that are not free therefore.
  init(_ pools: [InspectedPool], reserved: [AddressSet]) {
    rows = pools.map { Row(pool: $0, free: $0.free(without: reserved)) }
  }

  /// For people. What cannot be told is shown as a question mark.
  func table(isWide: Bool) -> String {
    var heading = ["NAME", "FAMILY", "SUBNET", "TOTAL", "ALLOCATED", "FREE", "FLAGS", "OWNER-SUBNET"]
    if isWide { heading += ["RANGES", "FREE-RANGES"] }
    var table = TextTable(heading)
    for row in rows {
      let pool = row.pool
      var cells = [
        pool.name, pool.family?.description ?? "?", pool.subnet, pool.addresses?.count.description ?? "?",
        Self.allocated(pool)?.description ?? "?", row.free?.count.description ?? "?",
        Self.flags(pool).joined(separator: ","), pool.ownerSubnet ?? "",
      ]
      if isWide { cells += [pool.addresses?.description ?? "?", row.free?.description ?? "?"] }
      table.add(cells)
    }
    return table.text
  }

  /// For programs. Counts are numbers up to `Int64.max`, which stands for anything above; what cannot be told is null.
  var json: JSONValue {
    .array(
      rows.map { row in
        let pool = row.pool
        return [
          "name": .string(pool.name), "uid": .string(pool.uid),
          "resourceVersion": .string(pool.resourceVersion),
          "ipVersion": pool.family.map { .int(Int64($0.rawValue)) } ?? .null, "subnet": .string(pool.subnet),
          "total": Self.count(pool.addresses),
          "allocated": Self.allocated(pool).map { .int(Int64($0)) } ?? .null,
          "free": Self.count(row.free), "default": .bool(pool.isDefault), "disabled": .bool(pool.isDisabled),
          "terminating": .bool(pool.isTerminating),
          "ownerSubnet": pool.ownerSubnet.map { .string($0) } ?? .null, "ranges": Self.ranges(pool.addresses),
          "freeRanges": Self.ranges(row.free),
        ]
      })
  }

  private static func flags(_ pool: InspectedPool) -> [String] {
    [("default", pool.isDefault), ("disabled", pool.isDisabled), ("terminating", pool.isTerminating)]
      .filter(\.1).map(\.0)
  }

  private static func allocated(_ pool: InspectedPool) -> Int? { (try? pool.status.get())?.count }

  private static func count(_ addresses: AddressSet?) -> JSONValue {
    addresses.map { .int($0.saturatingInt64Count) } ?? .null
  }

  private static func ranges(_ addresses: AddressSet?) -> JSONValue {
    addresses.map { .array($0.texts.map { .string($0) }) } ?? .null
  }
}
