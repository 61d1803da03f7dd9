public import Cluster

/// How one replica fares with its Lease: a snapshot for health checks and metrics.
public struct LeaseStatus: Hashable, Sendable {
  /// Whether this replica holds the lease, as far as it has noticed; `LeaseElector.isLeader` looks at the clock too.
  public var isLeader = false
  /// Who held the lease when it was last read or written; empty for nobody.
  public var holder = ""
  /// When the last good renewal was sent, on the elector's clock; 0 before the first one.
  public var lastRenewed: UInt64 = 0
  /// How often this replica got the lease.
  public var acquisitions = 0
  /// How often it lost it, be it to another holder or because it could not renew it.
  public var losses = 0
  /// How often it gave the lease back.
  public var releases = 0
  /// Renewals that were written.
  public var renewals = 0
  /// Writes that met another's.
  public var conflicts = 0
  /// Requests that failed otherwise.
  public var failures = 0
  /// The last of them.
  public var lastFailure: ClusterError?

  /// A replica that did nothing yet.
  public init() {}
}
