internal import Cluster
internal import Logging

/// What a replica does while it has the lease.
extension LeaseElector {
  /// Runs the work until it ends by itself (true) or the lease is lost (false). It has ended in both cases.
  func lead(_ tenure: LeaseTenure, _ work: @escaping @Sendable () async -> Void) async -> Bool {
    // Not children of this task: when it is cancelled, the lease is to be kept until the work has ended.
    let renewing = Task(executorPreference: timing.executor) { await self.renew(tenure) }
    let watching = Task(executorPreference: timing.executor) { await self.watchDeadline(of: tenure) }
    return await withTaskGroup(of: Bool.self) { group in
      group.addTask {
        await work()
        return true
      }
      for keeper in [renewing, watching] {
        group.addTask {
          await keeper.value
          return false
        }
      }
      let hasEnded = await group.next() ?? true
      note {
        $0.isLeader = false
        if !hasEnded { $0.losses += 1 }
      }
      if !hasEnded { logger.warning("lost the lease, and the work is cancelled") }
      group.cancelAll()
      renewing.cancel()
      watching.cancel()
      await group.waitForAll()
      return hasEnded
    }
  }

  /// Returns when the last good renewal is too long ago, or on cancellation.
  private func watchDeadline(of tenure: LeaseTenure) async {
    while !Task.isCancelled {
      let (renewed, deadline) = (tenure.renewed, timing.renewDeadline.nanoseconds)
      let age = timing.now() - renewed
      guard age < deadline else { return }
      await timing.sleep(.nanoseconds(Int64(deadline - age)))
    }
  }

  /// Renews the lease from time to time. Returns when it is not ours any more, or on cancellation.
  private func renew(_ tenure: LeaseTenure) async {
    while true {
      await timing.sleep(timing.renewPeriod)
      // The second time with the version that the first one did not know of.
      for _ in 0..<2 {
        if Task.isCancelled { return }
        do throws(ClusterError) {
          try await renewOnce(tenure)
          break
        } catch {
          if Task.isCancelled { return }
          note(error, while: "renewing the lease", level: .warning)
          if case .notFound = error { return }
          guard error.isConflict else { break }
        }
        guard await isStillOurs(tenure) else { return }
      }
    }
  }

  private func renewOnce(_ tenure: LeaseTenure) async throws(ClusterError) {
    let sent = timing.now()
    tenure.renew(try await client.hold(tenure.record), sent: sent)
    note {
      $0.lastRenewed = sent
      $0.renewals += 1
    }
  }

  /// Whether the lease is ours after a conflict: somebody may have put a label on it, or a write of ours was done whose answer
  /// was lost. True when it cannot be read, which the deadline will put an end to.
  private func isStillOurs(_ tenure: LeaseTenure) async -> Bool {
    do throws(ClusterError) {
      let record = try await client.read()
      let holder = record?.holder ?? ""
      note { $0.holder = holder }
      guard let record, holder == client.identity else { return false }
      tenure.see(record)
    } catch {
      note(error, while: "reading the lease", level: .warning)
    }
    return true
  }
}
