public import KubernetesAPI

/// A store whose calls go wrong by plan, and otherwise go to the store below.
public struct FaultInjectingStore: ClusterStore {
  private let base: any ClusterStore
  private let plan: FaultPlan

  /// A store over `base`.
  public init(_ base: any ClusterStore, plan: FaultPlan) {
    self.base = base
    self.plan = plan
  }

  /// That of the store below.
  public var executor: (any TaskExecutor)? { base.executor }

  /// As the store below.
  public func type(apiVersion: String, kind: String) async throws(ClusterError) -> ResourceType? {
    try await base.type(apiVersion: apiVersion, kind: kind)
  }

  /// As the store below, if the plan lets it.
  public func list(
    _ type: ResourceType, namespace: String?, onItem: (ClusterObject) throws(ClusterError) -> Void
  ) async throws(ClusterError) -> ResourceVersion {
    let lost = try await before(.list)
    let version = try await base.list(type, namespace: namespace, onItem: onItem)
    if let lost { throw lost }
    return version
  }

  /// As the store below, if the plan lets it.
  public func get(
    _ type: ResourceType, namespace: String?, name: String
  ) async throws(ClusterError) -> ClusterObject {
    let lost = try await before(.get)
    let object = try await base.get(type, namespace: namespace, name: name)
    if let lost { throw lost }
    return object
  }

  /// As the store below, if the plan lets it.
  public func scale(
    _ type: ResourceType, namespace: String?, name: String
  ) async throws(ClusterError) -> ClusterObject {
    let lost = try await before(.get)
    let object = try await base.scale(type, namespace: namespace, name: name)
    if let lost { throw lost }
    return object
  }

  /// As the store below, if the plan lets it.
  public func create(
    _ type: ResourceType, namespace: String?, json: [UInt8]
  ) async throws(ClusterError) -> ClusterObject {
    let lost = try await before(.create)
    let object = try await base.create(type, namespace: namespace, json: json)
    if let lost { throw lost }
    return object
  }

  /// As the store below, if the plan lets it.
  public func update(
    _ type: ResourceType, namespace: String?, name: String, json: [UInt8]
  ) async throws(ClusterError) -> ClusterObject {
    let lost = try await before(.update)
    let object = try await base.update(type, namespace: namespace, name: name, json: json)
    if let lost { throw lost }
    return object
  }

  /// As the store below, if the plan lets it.
  public func updateStatus(
    _ type: ResourceType, namespace: String?, name: String, json: [UInt8]
  ) async throws(ClusterError) -> ClusterObject {
    let lost = try await before(.updateStatus)
    let object = try await base.updateStatus(type, namespace: namespace, name: name, json: json)
    if let lost { throw lost }
    return object
  }

  /// As the store below, if the plan lets it.
  public func patch(
    _ type: ResourceType, namespace: String?, name: String, mergePatch json: [UInt8]
  ) async throws(ClusterError) -> ClusterObject {
    let lost = try await before(.patch)
    let object = try await base.patch(type, namespace: namespace, name: name, mergePatch: json)
    if let lost { throw lost }
    return object
  }

  /// As the store below, if the plan lets it.
  public func delete(
    _ type: ResourceType, namespace: String?, name: String, preconditions: Preconditions
  ) async throws(ClusterError) {
    let lost = try await before(.delete)
    try await base.delete(type, namespace: namespace, name: name, preconditions: preconditions)
    if let lost { throw lost }
  }

  /// As the store below, if the plan lets it, and until the plan drops it.
  public func watch(
    _ type: ResourceType, namespace: String?, from: ResourceVersion,
    onEvent: @escaping @Sendable (WatchEvent) async throws(ClusterError) -> Void
  ) async throws(ClusterError) {
    let (id, dropped) = plan.watchBegins()
    defer { plan.watchEnds(id) }
    if let lost = try await before(.watch) { throw lost }
    let outcome = await withTaskGroup(of: Result<Void, ClusterError>.self) { group in
      group.addTask { await self.follow(id, type, namespace, from, onEvent) }
      group.addTask {
        for await _ in dropped {}
        return .success(())
      }
      let first = await group.next()
      group.cancelAll()
      return first
    }
    if Task.isCancelled { throw .cancelled }
    try (plan.end(of: id) ?? outcome)?.get()
  }

  private func follow(
    _ id: Int, _ type: ResourceType, _ namespace: String?, _ from: ResourceVersion,
    _ onEvent: @escaping @Sendable (WatchEvent) async throws(ClusterError) -> Void
  ) async -> Result<Void, ClusterError> {
    do throws(ClusterError) {
      try await base.watch(type, namespace: namespace, from: from) { event throws(ClusterError) in
        let lost = try await self.before(.event)
        if plan.end(of: id) != nil { throw .cancelled }
        try await onEvent(event)
        if let lost { throw lost }
      }
      return .success(())
    } catch {
      return .failure(error)
    }
  }

  /// Lets the plan act before a call; gives the error to throw once the call is done, if its answer shall be lost.
  private func before(_ verb: FaultPlan.Verb) async throws(ClusterError) -> ClusterError? {
    switch plan.next(verb) {
    case nil: return nil
    case .fail(let error): throw error
    case .loseAnswer(let error): return error
    case .hold(let gate):
      await gate.pass()
      return nil
    }
  }
}
