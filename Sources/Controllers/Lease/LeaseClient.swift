internal import Cluster
internal import KubernetesAPI

/// The requests about one Lease, each within its time.
struct LeaseClient: Sendable {
  let store: any ClusterStore
  let namespace: String
  let name: String
  let identity: String
  let timing: LeaseTiming

  /// The Lease as it is now; nil if there is none.
  func read() async throws(ClusterError) -> LeaseRecord? {
    do throws(ClusterError) {
      return try await record { [self] () async throws(ClusterError) in
        try await store.get(.lease, namespace: namespace, name: name)
      }
    } catch {
      if case .notFound = error { return nil }
      throw error
    }
  }

  /// Makes this replica the holder, or renews that it is, unless the Lease has changed since `record`.
  func hold(_ record: LeaseRecord?) async throws(ClusterError) -> LeaseRecord {
    let (time, duration) = (timing.wallClock(), timing.leaseDuration)
    guard let record else {
      let json = LeaseRecord.first(name, in: namespace, by: identity, at: time, for: duration)
      return try await self.record { [self] () async throws(ClusterError) in
        try await store.create(.lease, namespace: namespace, json: json)
      }
    }
    return try await write(record.held(by: identity, at: time, for: duration))
  }

  /// Makes nobody the holder, unless the Lease has changed since `record`.
  func release(_ record: LeaseRecord) async throws(ClusterError) -> LeaseRecord {
    try await write(record.released(at: timing.wallClock()))
  }

  private func write(_ json: [UInt8]) async throws(ClusterError) -> LeaseRecord {
    try await record { [self] () async throws(ClusterError) in
      try await store.update(.lease, namespace: namespace, name: name, json: json)
    }
  }

  private func record(
    _ call: @escaping @Sendable () async throws(ClusterError) -> ClusterObject
  ) async throws(ClusterError) -> LeaseRecord {
    let answer = await withTaskGroup(of: Result<ClusterObject, ClusterError>.self) { group in
      group.addTask {
        do throws(ClusterError) { return .success(try await call()) } catch { return .failure(error) }
      }
      group.addTask { [timing] in
        await timing.sleep(timing.requestTimeout)
        return .failure(.timeout("no answer about a Lease within \(timing.requestTimeout)"))
      }
      let first = await group.next()
      group.cancelAll()
      return first
    }
    guard let answer else { throw .cancelled }
    return try LeaseRecord(try answer.get())
  }
}
