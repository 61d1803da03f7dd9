internal import Admission
internal import Cluster
internal import Controllers
internal import CoreMetrics

/// Does what a review needs before it can be judged for good.
struct Preparer: Sendable {
  /// What became of it.
  enum Outcome: Sendable {
    /// The review is to be judged again.
    case ready
    /// The answer that was given before stands.
    case unchanged
    /// There is no address, and will not be without a change of the cluster.
    case short(String)
    /// It could not be done now.
    case failed(String)
  }

  let pools: ApplicationPools
  let carver: PoolCarver
  private let waited = Counter(label: MetricNames.waited)

  init(pools: ApplicationPools, carver: PoolCarver) {
    self.pools = pools
    self.carver = carver
  }

  func fulfil(_ prerequisite: Prerequisite) async -> Outcome {
    switch prerequisite {
    case .subnet(let name): return await carver.refresh(name) ? .ready : .unchanged
    case .pools(let need):
      waited.increment()
      switch await pools.prepare(need) {
      case .ready: return .ready
      case .short(let sentence): return .short(sentence)
      case .failed(let sentence): return .failed(sentence)
      }
    }
  }
}
