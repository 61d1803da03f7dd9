import Addressing
import Admission
import Cluster
import IPAM
import JSON
import KubernetesAPI
import Logging
import Synchronization

@testable import Controllers

/// A store that serves CloneSets and Things beside the known kinds, as an API server does once somebody has installed them;
/// CloneSets have a `scale` subresource.
final class OperatorStore: ClusterStore {
  static let cloneSet = ResourceType(
    group: "apps.kruise.io", version: "v1alpha1", plural: "clonesets", kind: "CloneSet", isNamespaced: true,
    hasStatus: false, hasScale: true)

  let base: any ClusterStore
  private let forbidden = Mutex(false)

  /// Whether CloneSets are not to be read.
  var isForbidden: Bool {
    get { forbidden.withLock { $0 } }
    set { forbidden.withLock { $0 = newValue } }
  }

  init(_ base: any ClusterStore) { self.base = base }

  private func admit(_ type: ResourceType) throws(ClusterError) {
    if type == Self.cloneSet, isForbidden {
      throw .forbidden("clonesets.apps.kruise.io is forbidden")
    }
  }

  func type(apiVersion: String, kind: String) async throws(ClusterError) -> ResourceType? {
    if apiVersion == Self.cloneSet.apiVersion, kind == "CloneSet" { return Self.cloneSet }
    return try await base.type(apiVersion: apiVersion, kind: kind)
  }

  func list(
    _ type: ResourceType, namespace: String?, onItem: (ClusterObject) throws(ClusterError) -> Void
  ) async throws(ClusterError) -> ResourceVersion {
    try admit(type)
    return try await base.list(type, namespace: namespace, onItem: onItem)
  }

  func get(
    _ type: ResourceType, namespace: String?, name: String
  ) async throws(ClusterError) -> ClusterObject {
    try admit(type)
    return try await base.get(type, namespace: namespace, name: name)
  }

  func scale(
    _ type: ResourceType, namespace: String?, name: String
  ) async throws(ClusterError) -> ClusterObject {
    try await get(type, namespace: namespace, name: name)
  }

  func create(
    _ type: ResourceType, namespace: String?, json: [UInt8]
  ) async throws(ClusterError) -> ClusterObject {
    try await base.create(type, namespace: namespace, json: json)
  }

  func update(
    _ type: ResourceType, namespace: String?, name: String, json: [UInt8]
  ) async throws(ClusterError) -> ClusterObject {
    try await base.update(type, namespace: namespace, name: name, json: json)
  }

  func updateStatus(
    _ type: ResourceType, namespace: String?, name: String, json: [UInt8]
  ) async throws(ClusterError) -> ClusterObject {
    try await base.updateStatus(type, namespace: namespace, name: name, json: json)
  }

  func patch(
    _ type: ResourceType, namespace: String?, name: String, mergePatch json: [UInt8]
  ) async throws(ClusterError) -> ClusterObject {
    try await base.patch(type, namespace: namespace, name: name, mergePatch: json)
  }

  func delete(
    _ type: ResourceType, namespace: String?, name: String, preconditions: Preconditions
  ) async throws(ClusterError) {
    try await base.delete(type, namespace: namespace, name: name, preconditions: preconditions)
  }

  func watch(
    _ type: ResourceType, namespace: String?, from: ResourceVersion,
    onEvent: @escaping @Sendable (WatchEvent) async throws(ClusterError) -> Void
  ) async throws(ClusterError) {
    try admit(type)
    try await base.watch(type, namespace: namespace, from: from, onEvent: onEvent)
  }
}

extension PoolScene {
  /// A CloneSet; its UID.
  @discardableResult
  func cloneSet(_ name: String, replicas: Int = 1) async throws -> String {
    let object: JSONValue = [
      "apiVersion": "apps.kruise.io/v1alpha1", "kind": "CloneSet",
      "metadata": ["name": .string(name), "namespace": "default"],
      "spec": ["replicas": .int(Int64(replicas))],
    ]
    return try await store.create(OperatorStore.cloneSet, namespace: "default", json: object.bytes).uid
  }

  /// What a Pod of a CloneSet asks for: a pool of the subnet `s`.
  func need(_ name: String, _ uid: String, _ size: PoolSize, reclaims: Bool = true) -> PoolNeed {
    let request = AutomaticPoolRequest(
      pools: [.init(interface: "eth0", family: .v4, subnet: "s")], size: size, reclaims: reclaims)
    let owner = OwnerReference(
      apiVersion: "apps.kruise.io/v1alpha1", kind: "CloneSet", name: name, uid: uid)
    return PoolNeed(namespace: "default", owner: owner, request: request)
  }
}
