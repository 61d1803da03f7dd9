public import Cluster
public import Logging
internal import Synchronization

/// Lets one replica of several do some work, by means of a `coordination.k8s.io/v1` Lease that one of them holds.
///
/// ```
/// campaigning → leading → campaigning …      any of them → released, on cancellation
/// ```
/// Two replicas never work at once, as long as work that is cancelled ends within the time between `renewDeadline` and
/// `leaseDuration`. Every write is conditional on the resource version, and no clock is compared with another one.
public final class LeaseElector: Sendable {
  let client: LeaseClient
  let timing: LeaseTiming
  let logger: Logger
  private let shared = Mutex(LeaseStatus())

  /// An elector that does nothing yet.
  /// - Parameter identity: names this process, and no other one ever: whoever finds its own identity in the Lease takes it for
  ///   its own.
  public init(
    store: any ClusterStore, namespace: String, name: String, identity: String,
    timing: LeaseTiming = LeaseTiming(), logger: Logger
  ) {
    precondition(!identity.isEmpty, "an empty identity means nobody")
    precondition(timing.isConsistent, "renewPeriod, requestTimeout < renewDeadline < leaseDuration")
    client = LeaseClient(
      store: store, namespace: namespace, name: name, identity: identity, timing: timing)
    self.timing = timing
    var logger = logger
    logger[metadataKey: "lease"] = "\(namespace)/\(name)"
    logger[metadataKey: "identity"] = "\(identity)"
    self.logger = logger
  }

  /// How this replica fares.
  public var status: LeaseStatus { shared.withLock { $0 } }

  /// Whether this replica holds the lease at this moment. False as soon as the renew deadline has passed, even in a process that
  /// was halted and has not noticed yet.
  public var isLeader: Bool {
    let status = status
    return status.isLeader && !isOverdue(status.lastRenewed)
  }

  /// Campaigns, and runs `work` whenever the lease is held, until the task is cancelled or `work` ends by itself; then the lease
  /// is given back. Call it once.
  ///
  /// `work` is cancelled at once when the lease is lost, and the next campaign begins when it has ended. When the task is
  /// cancelled, `work` is too, and the lease is still renewed until it has ended.
  public func run(_ work: @escaping @Sendable () async -> Void) async {
    var hasTried = false
    while !Task.isCancelled {
      guard let tenure = await campaign(&hasTried) else { break }
      if await lead(tenure, work) { break }
    }
    // Also after a try whose answer was lost.
    if hasTried { await release() }
  }

  func note(_ change: (inout LeaseStatus) -> Void) { shared.withLock { change(&$0) } }

  /// Counts a request that failed, and tells of it.
  func note(_ failure: ClusterError, while action: String, level: Logger.Level) {
    note {
      $0.lastFailure = failure
      if failure.isConflict { $0.conflicts += 1 } else { $0.failures += 1 }
    }
    logger.log(level: level, "\(action) failed", metadata: ["reason": "\(failure)"])
  }

  func isOverdue(_ renewed: UInt64) -> Bool {
    timing.now() - renewed >= timing.renewDeadline.nanoseconds
  }

  /// Gives the lease back if it is ours. In a task of its own, since this one is cancelled in most cases.
  private func release() async {
    await Task(executorPreference: timing.executor) { [self] in
      // A second time when a write whose answer had been lost came in between.
      for _ in 0..<2 {
        do throws(ClusterError) {
          guard let record = try await client.read(), record.holder == client.identity else { return }
          _ = try await client.release(record)
          note {
            $0.releases += 1
            $0.holder = ""
          }
          return logger.info("released the lease")
        } catch {
          note(error, while: "releasing the lease", level: .warning)
          guard error.isConflict else { return }
        }
      }
    }.value
  }
}

extension ClusterError {
  /// Whether a conditional write met another one: it was not done.
  var isConflict: Bool {
    switch self {
    case .conflict, .alreadyExists: true
    default: false
    }
  }
}
