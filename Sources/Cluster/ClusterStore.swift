// Cluster: the state of a cluster, wherever it is kept.
//
// In come requests for objects of one `ResourceType`, and objects as JSON bytes. Out go objects, resource versions
// and watch events, with the API server's semantics: optimistic concurrency, status as a write of its own, finalizers,
// watches that resume from a version or are `gone`. The target deliberately does not know what any kind means, what
// admission says about an object, nor how an API server is reached.

public import JSON
public import KubernetesAPI

/// The state of a cluster: an API server, or a local store with the API server's semantics for what we use.
///
/// `namespace` is `nil` for cluster-scoped types; for `list` and `watch` of a namespaced type `nil` means all
/// namespaces. A cancelled task ends any call with `ClusterError.cancelled`; whether a write was done is then unknown.
public protocol ClusterStore: Sendable {
  /// Where tasks that do little but call the store cost least; nil where that does not matter.
  var executor: (any TaskExecutor)? { get }

  /// The type whose objects say this `apiVersion` and `kind` of themselves, as the other side tells it; nil when it serves none.
  func type(apiVersion: String, kind: String) async throws(ClusterError) -> ResourceType?

  /// Hands every object to `onItem`, one by one; pages stay inside. An error from `onItem` ends the list.
  /// - Returns: the version to start a watch from, so that list and watch together miss nothing.
  func list(
    _ type: ResourceType, namespace: String?, onItem: (ClusterObject) throws(ClusterError) -> Void
  ) async throws(ClusterError) -> ResourceVersion

  /// Shows every object to `onObject`, one by one and without copying it where that can be had: the view must not leave it.
  /// nil for an object whose JSON cannot be read.
  /// - Returns: as ``list(_:namespace:onItem:)``.
  func scan(
    _ type: ResourceType, namespace: String?, onObject: (ObjectKey, JSONView?) -> Void
  ) async throws(ClusterError) -> ResourceVersion

  /// The object as it is now, from the source of truth.
  func get(_ type: ResourceType, namespace: String?, name: String) async throws(ClusterError) -> ClusterObject

  /// The `scale` subresource of the object: an `autoscaling/v1` Scale with the object's own metadata, whose `spec.replicas`
  /// tells how many Pods it wants. `notFound` also for a type without one.
  func scale(_ type: ResourceType, namespace: String?, name: String) async throws(ClusterError)
    -> ClusterObject

  /// Creates the object in `json`, named by its `metadata.name` or `metadata.generateName`. The status of a type
  /// with a status subresource is ignored.
  /// - Returns: the object as stored. `alreadyExists` if the name is taken.
  func create(_ type: ResourceType, namespace: String?, json: [UInt8]) async throws(ClusterError)
    -> ClusterObject

  /// Replaces the object except its status. With `metadata.resourceVersion` in `json` the write is conditional on it;
  /// custom resources must have it.
  /// - Returns: the object as stored; with an unchanged resource version if nothing changed.
  func update(
    _ type: ResourceType, namespace: String?, name: String, json: [UInt8]
  ) async throws(ClusterError) -> ClusterObject

  /// Replaces `status` alone, whatever else `json` holds; conditional like `update`. It is `update` for a type whose
  /// status is a part of the object like any other.
  func updateStatus(
    _ type: ResourceType, namespace: String?, name: String, json: [UInt8]
  ) async throws(ClusterError) -> ClusterObject

  /// Lays a merge patch (RFC 7396) over the object, except its status. With `metadata.resourceVersion` in the patch the
  /// write is conditional on it; without, it holds for whatever version there is, of custom resources too.
  /// - Returns: the object as stored; with an unchanged resource version if nothing changed.
  func patch(
    _ type: ResourceType, namespace: String?, name: String, mergePatch json: [UInt8]
  ) async throws(ClusterError) -> ClusterObject

  /// Deletes the object, or marks it terminating while it has finalizers.
  func delete(
    _ type: ResourceType, namespace: String?, name: String, preconditions: Preconditions
  ) async throws(ClusterError)

  /// Hands every change after `from` to `onEvent`, in order; the next one waits until `onEvent` has returned.
  ///
  /// Returns when the other side ends the watch in good order (resume from the last version seen). Throws `gone` when
  /// `from` is older than what is remembered (list again), what `onEvent` threw, or what broke the watch.
  func watch(
    _ type: ResourceType, namespace: String?, from: ResourceVersion,
    onEvent: @escaping @Sendable (WatchEvent) async throws(ClusterError) -> Void
  ) async throws(ClusterError)
}

extension ClusterStore {
  /// Anywhere.
  public var executor: (any TaskExecutor)? { nil }

  /// Of the types that are known without asking.
  public func type(apiVersion: String, kind: String) async throws(ClusterError) -> ResourceType? {
    ResourceType.known(apiVersion: apiVersion, kind: kind)
  }

  /// No type has one.
  public func scale(
    _ type: ResourceType, namespace: String?, name: String
  ) async throws(ClusterError) -> ClusterObject {
    throw .notFound("\(type.qualifiedName) have no scale subresource here")
  }

  /// By listing copies.
  public func scan(
    _ type: ResourceType, namespace: String?, onObject: (ObjectKey, JSONView?) -> Void
  ) async throws(ClusterError) -> ResourceVersion {
    var parser = JSONParser()
    return try await list(type, namespace: namespace) { object throws(ClusterError) in
      do throws(JSONError) {
        try parser.parse(object.json) { onObject(object.key, $0) }
      } catch {
        onObject(object.key, nil)
      }
    }
  }

  /// Deletes whatever object has this name.
  public func delete(_ type: ResourceType, namespace: String?, name: String) async throws(ClusterError) {
    try await delete(type, namespace: namespace, name: name, preconditions: Preconditions())
  }
}
