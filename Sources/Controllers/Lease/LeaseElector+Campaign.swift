internal import Cluster
internal import Logging

/// How a replica gets the lease.
extension LeaseElector {
  /// Returns when this replica has the lease; nil when the task was cancelled before.
  /// - Parameter hasTried: becomes true before the first write that would make us the holder.
  func campaign(_ hasTried: inout Bool) async -> LeaseTenure? {
    var observation = LeaseObservation()
    var failures = 0
    while !Task.isCancelled {
      var pause = timing.retryPause
      do throws(ClusterError) {
        let record = try await client.read()
        let wait = wait(for: record, &observation)
        if wait == .zero {
          hasTried = true
          if let tenure = try await acquire(record) { return tenure }
        } else {
          pause = min(pause, wait)
        }
        failures = 0
      } catch {
        if Task.isCancelled { break }
        failures += 1
        // Once, not every two seconds as long as the API server is away.
        note(error, while: "campaigning", level: failures == 1 && !error.isConflict ? .warning : .debug)
      }
      await timing.sleep(pause)
    }
    return nil
  }

  /// How long the lease cannot be had yet.
  private func wait(for record: LeaseRecord?, _ observation: inout LeaseObservation) -> Duration {
    let holder = record?.holder ?? ""
    note { $0.holder = holder }
    guard let record, !holder.isEmpty, holder != client.identity else { return .zero }
    return observation.wait(for: record, at: timing.now(), least: timing.leaseDuration)
  }

  private func acquire(_ record: LeaseRecord?) async throws(ClusterError) -> LeaseTenure? {
    // The lease is as old as the request: when in its time the write was done is not known.
    let sent = timing.now()
    let held = try await client.hold(record)
    if isOverdue(sent) { return nil }
    let identity = client.identity
    note {
      $0.isLeader = true
      $0.holder = identity
      $0.lastRenewed = sent
      $0.acquisitions += 1
    }
    logger.info("acquired the lease", metadata: ["transitions": "\(held.transitions)"])
    return LeaseTenure(held, renewed: sent)
  }
}
