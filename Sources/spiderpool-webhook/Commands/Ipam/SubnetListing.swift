internal import Addressing
internal import Controllers
internal import JSON

/// Subnets as `ipam show subnets` prints them.
struct SubnetListing: IpamListing {
  private struct Row {
    let subnet: InspectedSubnet
    /// How many pools its network has.
    let pools: Int
    /// nil when it cannot be told.
    let free: AddressSet?
  }

  private let rows: [Row]

  /// These subnets.
  init(_ subnets: [InspectedSubnet], in snapshot: ClusterSnapshot) {
    let pools = Dictionary(grouping: snapshot.pools, by: \.network)
    rows = subnets.map { subnet in
      let own = subnet.network.flatMap { pools[$0] } ?? []
      return Row(
        subnet: subnet, pools: own.count, free: subnet.free(besides: own, without: snapshot.reserved))
    }
  }

  /// For people. What cannot be told is shown as a question mark.
  func table(isWide: Bool) -> String {
    var heading = ["NAME", "FAMILY", "SUBNET", "TOTAL", "ALLOCATED", "FREE", "POOLS", "FLAGS"]
    if isWide { heading += ["RANGES", "FREE-RANGES"] }
    var table = TextTable(heading)
    for row in rows {
      let subnet = row.subnet
      var cells = [
        subnet.name, subnet.family?.description ?? "?", subnet.subnet,
        subnet.addresses?.count.description ?? "?", subnet.given?.count.description ?? "?",
        row.free?.count.description ?? "?", "\(row.pools)", subnet.isTerminating ? "terminating" : "",
      ]
      if isWide { cells += [subnet.addresses?.description ?? "?", row.free?.description ?? "?"] }
      table.add(cells)
    }
    return table.text
  }

  /// For programs. Counts are numbers up to `Int64.max`, which stands for anything above; what cannot be told is null.
  var json: JSONValue {
    .array(
      rows.map { row in
        let subnet = row.subnet
        return [
          "name": .string(subnet.name), "uid": .string(subnet.uid),
          "resourceVersion": .string(subnet.resourceVersion),
          "ipVersion": subnet.family.map { .int(Int64($0.rawValue)) } ?? .null,
          "subnet": .string(subnet.subnet), "total": Self.count(subnet.addresses),
          "allocated": Self.count(subnet.given), "free": Self.count(row.free),
          "pools": .int(Int64(row.pools)), "terminating": .bool(subnet.isTerminating),
          "ranges": Self.ranges(subnet.addresses), "freeRanges": Self.ranges(row.free),
        ]
      })
  }
}
