public import Cluster
internal import IPAM
internal import KubernetesAPI

/// What a check of the pools came to.
public struct CheckReport: Hashable, Sendable {
  /// When the pools were looked at last, in seconds since 1970.
  public let time: Int64
  /// How many pools there are.
  public let pools: Int
  /// How many addresses are recorded in them.
  public let records: Int
  /// How many Pods there are.
  public let pods: Int
  /// What is not as it should be, pool by pool, and then subnet by subnet.
  public let findings: [AddressFinding]

  /// A report from its parts.
  public init(time: Int64, pools: Int, records: Int, pods: Int, findings: [AddressFinding]) {
    self.time = time
    self.pools = pools
    self.records = records
    self.pods = pods
    self.findings = findings
  }

  /// Compares the pools with the Pods, and with the subnets and applications that they are of.
  ///
  /// Lists are not of one moment: a Pod that is just being created has its record already, and one that is just gone has it
  /// still. So what looks wrong is looked at again after a while, and counts only if it is still so.
  /// - Parameters:
  ///   - settling: the time between the two looks; zero: one look is enough, because nobody else writes.
  ///   - now: seconds since 1970.
  ///   - sleep: returns after a time, or at once when the task is cancelled.
  public static func make(
    of store: any ClusterStore, settling: Duration, now: @Sendable () -> Int64 = SystemTime.seconds,
    sleep: @Sendable (Duration) async -> Void = SystemTime.sleep
  ) async throws(ClusterError) -> CheckReport {
    var time = now()
    var snapshot = try await ClusterSnapshot(of: store)
    var findings = Self.findings(in: snapshot)
    if !findings.isEmpty, settling > .zero {
      let before = Set(findings.map(\.identity))
      await sleep(settling)
      time = now()
      snapshot = try await ClusterSnapshot(of: store)
      findings = Self.findings(in: snapshot).filter { before.contains($0.identity) }
    }
    return CheckReport(
      time: time, pools: snapshot.pools.count, records: snapshot.pools.reduce(0) { $0 + $1.records.count },
      pods: snapshot.pods.count, findings: findings)
  }

  private static func findings(in snapshot: ClusterSnapshot) -> [AddressFinding] {
    AddressCheck.findings(in: snapshot) + SubnetCheck.findings(in: snapshot)
  }
}
