@testable import Admission

extension PoolIndex {
  /// Everything the index holds, as a value that can be kept and compared.
  struct Contents: Equatable {
    let entries: [Entry?]
    let idOf: [Key: ID]
    let subnets: [ID: SubnetDetail]
    let claims: [ID: ClaimDetail]
    let settled: [String: UInt64]
    let intervals: [[IntervalTree.Item]]
  }

  /// A copy of everything.
  var contents: Contents {
    Contents(
      entries: entries, idOf: idOf, subnets: subnetDetails, claims: claims, settled: settled,
      intervals: [
        poolAddresses.v4.items, poolAddresses.v6.items, reservedAddresses.v4.items,
        reservedAddresses.v6.items,
      ])
  }
}
