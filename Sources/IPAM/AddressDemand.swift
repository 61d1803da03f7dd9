public import Addressing

/// One address that is wanted: for one interface, of one family, from the first of these pools that has one.
public struct AddressDemand: Hashable, Sendable {
  /// The interface's place among the Pod's.
  public let interface: Int
  /// The kind of address.
  public let family: IPFamily
  /// The names of the pools, in the order to try them.
  public let pools: [String]

  /// A demand from its parts.
  public init(interface: Int, family: IPFamily, pools: [String]) {
    self.interface = interface
    self.family = family
    self.pools = pools
  }
}

/// One address that was found for a demand.
public struct AddressGrant: Hashable, Sendable {
  /// The interface's place among the Pod's.
  public let interface: Int
  /// The pool it comes from.
  public let pool: String
  /// The address.
  public let address: IPAddress

  /// A grant from its parts.
  public init(interface: Int, pool: String, address: IPAddress) {
    self.interface = interface
    self.pool = pool
    self.address = address
  }
}

/// Why a pool gave no address to a demand.
public enum PoolShortage: Hashable, Sendable {
  /// The pool is not there, or not known yet.
  case unknownPool
  /// Its deletion has begun.
  case terminating
  /// `spec.disable` is set.
  case disabled
  /// All its addresses are taken: how many it has, are recorded for Pods, recorded for Pods not yet seen, and reserved for Pods being created.
  case full(total: UInt128, used: Int, unconfirmed: Int, reserved: Int)
  /// The owner has as many addresses as it may have for Pods that were not seen yet.
  case ownerLimit(unconfirmed: Int, limit: Int)
}

/// A demand that could not be met, with every pool that was tried and its reason.
public struct Shortage: Error, Hashable, Sendable {
  /// The demand.
  public let demand: AddressDemand
  /// The reasons, in the order of the pools.
  public let reasons: [PoolShortage]
  /// Who holds most of what is not yet seen in use, for the message: owner labels and counts, the largest first.
  public let holders: [(label: String, count: Int)]

  /// A shortage from its parts.
  public init(demand: AddressDemand, reasons: [PoolShortage], holders: [(label: String, count: Int)] = []) {
    self.demand = demand
    self.reasons = reasons
    self.holders = holders
  }

  /// Whether a pool with more addresses would have met it.
  public var isForWantOfAddresses: Bool {
    reasons.contains { if case .full = $0 { true } else { false } }
  }

  /// Equal demands and reasons.
  public static func == (left: Self, right: Self) -> Bool {
    left.demand == right.demand && left.reasons == right.reasons
  }

  /// Agrees with `==`.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(demand)
    hasher.combine(reasons)
  }
}
