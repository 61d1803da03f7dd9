internal import Admission
internal import Cluster
internal import IPAM
internal import JSON
internal import KubernetesAPI

/// Brings one SpiderEndpoint after another to what it should be.
struct EndpointHand: Sendable {
  /// What was done.
  enum Outcome: Equatable {
    case created, replaced, removed
    /// Nothing was to be done.
    case left
  }

  /// What is to be done.
  enum Intent: Equatable {
    case nothing
    case write(PodSighting)
    case remove
  }

  let store: any ClusterStore
  let book: AddressBook
  let index: EndpointIndex
  /// How often an endpoint is read and written anew while others write it.
  let attempts: Int

  /// Whether the endpoint of a Pod that should have one is missing, or tells of another Pod.
  func lacksEndpoint(_ pod: PodSighting) -> Bool { index[pod.key] != pod.uid }

  /// What is to be done for the endpoint of this name, as far as it can be seen from here.
  func intent(for key: PodKey) -> Intent {
    let stored = index[key]
    let pod = book.sighting(at: key)
    if let pod, pod.isPlaced { return stored == pod.uid ? .nothing : .write(pod) }
    // A Pod that waits for its node, or has ended, keeps or takes over the endpoint of its name.
    guard let stored, pod?.hasAddresses != true, stored != pod?.uid, isUnused(stored) else {
      return .nothing
    }
    return .remove
  }

  /// Whether nothing is recorded any more for a Pod: the addresses of a StatefulSet's Pod are kept for the next one.
  private func isUnused(_ uid: PodUID) -> Bool { book.records(of: uid).isEmpty }

  /// Does what is to be done for the endpoint of this name.
  func settle(_ key: PodKey) async throws(ClusterError) -> Outcome {
    switch intent(for: key) {
    case .nothing: return .left
    case .remove: return try await remove(key)
    case .write(let pod):
      guard let pod = try await whole(pod), let draft = EndpointDraft(of: pod) else { return .left }
      return try await write(draft)
    }
  }

  /// The Pod with its annotations, which the book forgets once they are recorded; nil when it is gone.
  private func whole(_ pod: PodSighting) async throws(ClusterError) -> PodSighting? {
    if pod.addresses != nil { return pod }
    guard let object = try await store.find(.pod, namespace: pod.key.namespace, name: pod.key.name) else {
      return nil
    }
    let live = try object.read(as: .pod) { PodSighting($0) }
    return live.uid == pod.uid ? live : nil
  }

  private func write(_ draft: EndpointDraft) async throws(ClusterError) -> Outcome {
    let key = draft.pod.key
    var outcome = Outcome.created
    if index[key] == nil {
      do throws(ClusterError) {
        _ = try await store.create(.spiderEndpoint, namespace: key.namespace, json: draft.object.bytes)
        index[key] = draft.pod.uid
        return .created
      } catch {
        guard case .alreadyExists = error else { throw error }
      }
    }
    try await repeated { () throws(ClusterError) in outcome = try await replace(key, by: draft) }
    index[key] = draft.pod.uid
    return outcome
  }

  /// Writes over the endpoint that has the name, whatever it is.
  private func replace(_ key: PodKey, by draft: EndpointDraft) async throws(ClusterError) -> Outcome {
    var stored = try await read(key)
    if let old = stored, old.pod != draft.pod.uid, old.isTerminating {
      // It tells of an earlier Pod and is only held by its finalizer.
      try await letGo(old, key)
      stored = nil
    }
    guard let stored else {
      _ = try await store.create(.spiderEndpoint, namespace: key.namespace, json: draft.object.bytes)
      return .created
    }
    if stored.pod == draft.pod.uid { return .left }
    let patch = draft.patch(over: stored).bytes
    _ = try await store.patch(.spiderEndpoint, namespace: key.namespace, name: key.name, mergePatch: patch)
    return .replaced
  }

  private func remove(_ key: PodKey) async throws(ClusterError) -> Outcome {
    var outcome = Outcome.left
    try await repeated { () throws(ClusterError) in outcome = try await removeOnce(key) }
    return outcome
  }

  /// Deletes the endpoint if its Pod is gone: known by a live read of its name and its UID.
  private func removeOnce(_ key: PodKey) async throws(ClusterError) -> Outcome {
    guard let stored = try await read(key) else {
      index[key] = nil
      return .left
    }
    // One that is being deleted and is not held by us goes without us.
    guard isUnused(stored.pod), stored.isHeld || !stored.isTerminating else { return .left }
    switch await LivePod.look(for: key, stored.pod, in: store) {
    case .alive: return .left
    case .unknown(let reason): throw .unavailable(reason)
    case .gone: break
    }
    if stored.isHeld { try await letGo(stored, key) }
    if !stored.isTerminating {
      do throws(ClusterError) {
        try await store.delete(
          .spiderEndpoint, namespace: key.namespace, name: key.name,
          preconditions: Preconditions(uid: stored.uid))
      } catch {
        guard case .notFound = error else { throw error }
      }
    }
    index[key] = nil
    return .removed
  }

  /// Takes our finalizer away.
  private func letGo(_ stored: StoredEndpoint, _ key: PodKey) async throws(ClusterError) {
    do throws(ClusterError) {
      _ = try await store.patch(
        .spiderEndpoint, namespace: key.namespace, name: key.name, mergePatch: stored.release.bytes)
    } catch {
      guard case .notFound = error else { throw error }
    }
  }

  /// The endpoint as it is; nil when there is none.
  private func read(_ key: PodKey) async throws(ClusterError) -> StoredEndpoint? {
    guard let object = try await store.find(.spiderEndpoint, namespace: key.namespace, name: key.name) else {
      return nil
    }
    return try StoredEndpoint(object)
  }

  /// Does something anew that others came before: it reads first, and decides anew.
  private func repeated(_ body: () async throws(ClusterError) -> Void) async throws(ClusterError) {
    var tries = 0
    while true {
      tries += 1
      do throws(ClusterError) { return try await body() } catch {
        switch error {
        case .conflict, .alreadyExists, .notFound:
          if tries >= attempts || Task.isCancelled { throw error }
        default: throw error
        }
      }
    }
  }
}
