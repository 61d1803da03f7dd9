internal import Addressing
public import IPAM
internal import KubernetesAPI
internal import Synchronization

/// What is known of addresses and of those who may have them: the ledger, the pools as the choice sees them, namespaces,
/// nodes, and the Pods that were seen.
///
/// Fed by list and watch and by the answers to our own writes; every call is a short transaction under one lock.
public final class AddressBook: Sendable {
  struct State: ~Copyable {
    var ledger: Ledger
    var catalog = PoolCatalog()
    var stored: [String: StoredPool] = [:]
    var namespaces: [String: NamespaceFacts] = [:]
    var nodes: [String: NodeFacts] = [:]
    var reserved: [String: [AddressSet]] = [:]
    var pods = PodTable()
    /// Whose Pods they are, and what these are to have.
    var workloads = WorkloadTable()
    /// Pods with addresses that are not recorded for them.
    var unrecorded: Set<PodKey> = []
    /// Pools whose counts are to be mended, or that are being deleted: few, of many.
    var untidy: Set<String> = []
    /// Automatic pools that were there and are gone.
    var departed: Set<String> = []
    /// Those who were refused an address of a pool, until somebody wakes them.
    var refused: [String: Set<RefusedOwner>] = [:]

    init(limits: Ledger.Limits) { ledger = Ledger(limits: limits) }
  }

  /// What is stored of a pool, as it was last seen.
  struct StoredPool: Sendable, Equatable {
    var uid: String
    /// The version as the API server writes it, and as a number where it is one: events of an older one are passed over.
    var version: String
    var number: UInt64?
    /// Addresses in `ips` that are not excluded.
    var total: Int64
    /// The counts that the status holds; nil where it holds none.
    var storedTotal: Int64?
    var storedAllocated: Int64?
    /// The records cannot be read, so that nothing may be written over them.
    var isUnreadable = false
  }

  private let state: Mutex<State>

  /// A book that knows nothing yet.
  public init(limits: Ledger.Limits = Ledger.Limits()) { state = Mutex(State(limits: limits)) }

  /// Runs one transaction.
  func withState<Result>(_ body: (inout State) -> sending Result) -> sending Result { state.withLock(body) }
}
