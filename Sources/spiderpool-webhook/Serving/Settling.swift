internal import Admission
internal import Cluster
internal import Controllers
internal import HTTP
internal import JSON
internal import KubernetesAPI
internal import Synchronization
internal import Telemetry
internal import Transport

/// An admitted review on its way to its answer, while the other replicas or the disk are told of it.
///
/// Whatever comes first answers: the work, or the end of the time the API server gives.
final class Settling: Sendable {
  /// The part of the time that may pass before the answer; the rest is for its way back.
  static let share = 0.8
  /// The part after which a binding is given up: less, so that nothing is bound after it was denied.
  private static let bindingShare = 0.72
  /// What is said when that part is over.
  private static let lateness = "the cluster did not take the change within the time that the review has"

  /// A review that may have to be judged again.
  struct Review: Sendable {
    let body: [UInt8]
    let phase: Phase
  }

  private let service: ReviewService
  private let responder: Responder
  private let start: UInt64
  private let timeout: Duration
  private let review: Review?
  private let isAnswered = Atomic(false)

  /// - Parameters:
  ///   - start: when the review came, in nanoseconds of the monotonic clock.
  ///   - review: needed for an outcome with a prerequisite.
  init(
    service: ReviewService, responder: Responder, start: UInt64, timeout: Duration, review: Review? = nil
  ) {
    self.review = review
    self.service = service
    self.responder = responder
    self.start = start
    self.timeout = timeout
  }

  /// When a share of the time is over.
  private func deadline(_ share: Double) -> UInt64 { start &+ (timeout * share).nanoseconds }

  /// Starts the work and the clock.
  func begin(_ outcome: ReviewOutcome) {
    let number = service.lateness.watch(until: deadline(Self.share)) { [self] in answer(tooLate(outcome)) }
    Task(executorPreference: responder.executor) { [self] in
      let settled = await settle(await prepared(outcome))
      service.lateness.forget(number)
      let isHeard = answer(settled)
      // Denied already, for want of time: nobody will ever have these addresses.
      if !isHeard, let order = settled.binding { await service.committer?.withdraw(order) }
    }
  }

  private func tooLate(_ outcome: ReviewOutcome) -> ReviewOutcome {
    outcome.binding == nil
      ? service.reviewer.unavailable(outcome, because: Self.lateness)
      : service.reviewer.unbound(outcome, because: Self.lateness)
  }

  /// The outcome once what it needs was done first.
  private func prepared(_ outcome: ReviewOutcome) async -> ReviewOutcome {
    guard let prerequisite = outcome.prerequisite, let preparer = service.preparer, let review else {
      return outcome
    }
    switch await preparer.fulfil(prerequisite) {
    case .unchanged: return outcome
    case .short(let sentence): return service.reviewer.short(outcome, because: sentence)
    case .failed(let sentence): return service.reviewer.unavailable(outcome, because: sentence)
    case .ready:
      var reviewer = service.reviewer
      reviewer.isSecondLook = true
      var parser = JSONParser()
      return reviewer.review(review.body, parser: &parser, phase: review.phase, now: Timestamp.now())
    }
  }

  private func settle(_ outcome: ReviewOutcome) async -> ReviewOutcome {
    if let order = outcome.binding, let committer = service.committer {
      switch await committer.bind(order, deadline: deadline(Self.bindingShare)) {
      case .bound: break
      case .refused(let refusal): return service.reviewer.denial(of: outcome, because: refusal)
      case .unavailable(let reason): return service.reviewer.unbound(outcome, because: reason)
      }
    }
    if let claim = outcome.claim, let register = service.register {
      switch await register.register(claim) {
      case .registered: break
      case .conflict(let conflict): return service.reviewer.denial(of: outcome, because: conflict)
      case .unavailable(let reason):
        return service.reviewer.unavailable(
          outcome, because: "the replicas could not agree on the addresses: \(reason)")
      }
    }
    guard let change = outcome.admitted.flatMap(RecordedChange.init), let recorder = service.recorder else {
      return outcome
    }
    do throws(ClusterError) {
      _ = try await recorder.record(change)
      return outcome
    } catch {
      return service.reviewer.unavailable(outcome, because: "the store did not take the object: \(error)")
    }
  }

  /// Whether this was the first answer.
  @discardableResult
  private func answer(_ outcome: ReviewOutcome) -> Bool {
    guard isAnswered.exchange(true, ordering: .acquiringAndReleasing) == false else { return false }
    let nanoseconds = MonotonicClock.now() &- start
    var metrics = ReviewMetrics()
    metrics.record(outcome.decision, nanoseconds: nanoseconds)
    service.log.write(outcome.decision, nanoseconds: nanoseconds)
    responder.respond(HTTPResponse(status: outcome.httpStatus, body: outcome.body))
    return true
  }
}

extension RecordedChange {
  /// What an admitted review asks the store to write down; nil for what changes nothing.
  init?(_ admitted: AdmittedChange) {
    let operation: Operation
    switch admitted.operation {
    case .create: operation = .create
    case .update: operation = .update
    case .delete: operation = .delete
    case .connect: return nil
    }
    self.init(
      operation: operation, type: admitted.type, namespace: nil, name: admitted.name, json: admitted.object)
  }
}
