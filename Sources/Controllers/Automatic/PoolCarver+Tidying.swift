internal import Addressing
internal import Admission
internal import IPAM
internal import KubernetesAPI

extension PoolCarver {
  /// Makes a status say what is there: the pools of the network with their addresses, as far as they are the subnet's, and
  /// automatic pools that were given addresses and are about to be written.
  /// - Parameters:
  ///   - forgotten: automatic pools that will not be written any more.
  ///   - lost: names under which stands what pools were about to lose, and have lost.
  nonisolated func tidy(
    _ status: inout SubnetStatus, _ subnet: SpiderSubnet, _ network: CIDR, forgetting forgotten: Set<String>,
    lost: Set<String> = []
  ) {
    let all = AddressText.lenientAddresses(subnet.spec.ips, without: subnet.spec.excludeIPs, like: network)
    let pools = book.pools(in: network)
    let names = Set(pools.map(\.name))
    for (name, entry) in status.entries where !names.contains(name) {
      let isGone: Bool
      if let pool = SubnetStatus.leavingPool(name) {
        isGone = forgotten.contains(pool) || lost.contains(name)
      } else {
        isGone = entry.application == nil || forgotten.contains(name)
      }
      if isGone { status.entries[name] = nil }
    }
    for pool in pools where pool.marks == nil && pool.ownerSubnet == subnet.metadata.name {
      let addresses = (all ?? AddressSet(network.family)).intersection(pool.givable)
      status.entries[pool.name] = addresses.isEmpty ? nil : SubnetStatus.Entry(addresses: addresses)
    }
    for pool in pools where pool.marks != nil && status.entries[pool.name] == nil {
      status.entries[pool.name] = SubnetStatus.Entry(
        addresses: pool.givable, application: pool.marks?.key.application.statusText)
    }
  }
}
