internal import Admission
internal import Cluster
internal import Controllers
internal import CoreMetrics
internal import KubernetesAPI

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
  let directory: PoolDirectory
  private let waited = Counter(label: MetricNames.waited)

  init(pools: ApplicationPools, carver: PoolCarver, directory: PoolDirectory) {
    self.directory = directory
    self.pools = pools
    self.carver = carver
  }

  func fulfil(_ prerequisite: Prerequisite) async -> Outcome {
    switch prerequisite {
    case .subnet(let name): return await carver.refresh(name) ? .ready : .unchanged
    case .pools(let need):
      waited.increment()
      let outcome = await pools.prepare(need)
      // It has pools, whether or not they could be made as it asks.
      if need.isOptional { return .ready }
      switch outcome {
      case .ready: return .ready
      case .short(let sentence): return .short(sentence)
      case .failed(let sentence): return .failed(sentence)
      }
    case .scale(let apiVersion, let kind):
      do throws(ClusterError) {
        let type = try await pools.types.type(apiVersion: apiVersion, kind: kind)
        directory.noteScale(type?.hasScale ?? false, apiVersion: apiVersion, kind: kind)
        return .ready
      } catch {
        return .failed("whether a \(kind) tells its replicas could not be found out: \(error)")
      }
    }
  }
}
