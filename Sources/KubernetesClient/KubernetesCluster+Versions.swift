internal import Cluster
internal import KubernetesAPI
internal import Synchronization

extension KubernetesCluster {
  /// The version of CronJobs before Kubernetes 1.21.
  private static let earlierCronJob = ResourceType(
    group: "batch", version: "v1beta1", plural: "cronjobs", kind: "CronJob", isNamespaced: true,
    hasStatus: true)

  /// The type in a version that the API server has: CronJobs are asked for as `batch/v1`, whichever it serves. Any other is
  /// served as it is asked for.
  func served(_ type: ResourceType) async throws(ClusterError) -> ResourceType {
    guard type == .cronJob else { return type }
    if let known = cronJobVersion.withLock({ $0 }) { return known }
    for candidate in [ResourceType.cronJob, Self.earlierCronJob]
    where try await self.type(apiVersion: candidate.apiVersion, kind: candidate.kind) == candidate {
      cronJobVersion.withLock { $0 = candidate }
      return candidate
    }
    throw .notFound("the API server serves CronJobs neither as batch/v1 nor as batch/v1beta1")
  }
}
