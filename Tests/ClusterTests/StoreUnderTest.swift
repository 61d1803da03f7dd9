import Cluster
import Foundation
import JSON
import KubernetesAPI
import KubernetesClient
import Testing

/// The forms of `ClusterStore` that the same suites run over.
///
/// The API server that `SPIDERPOOL_TEST_KUBECONFIG` names joins them, to show that they mean the same. It must have our
/// CRDs and nothing worth keeping; tests must not run in parallel then (`swift test --no-parallel`).
enum StoreUnderTest: String, CaseIterable, CustomTestStringConvertible {
  case memory
  case disk
  case apiServer

  static let kubeconfig = ProcessInfo.processInfo.environment["SPIDERPOOL_TEST_KUBECONFIG"]
  static var allCases: [StoreUnderTest] {
    kubeconfig == nil ? [.memory, .disk] : [.memory, .disk, .apiServer]
  }

  var testDescription: String { rawValue }

  /// The time that a store with the default options below writes down; `nil` where time cannot be given.
  var creationTimestamp: JSONValue? { self == .apiServer ? nil : "2023-11-14T22:13:20Z" }

  /// Runs `body` with an empty store, and cleans up after it.
  func run(
    _ options: LocalCluster.Options = LocalCluster.Options(now: { 1_700_000_000 }),
    _ body: (any ClusterStore) async throws -> Void
  ) async throws {
    switch self {
    case .memory: try await body(try LocalCluster.inMemory(options: options))
    case .disk:
      try await withDirectory { directory in
        let cluster = try LocalCluster.open(directory: directory, options: options)
        try await body(cluster)
        await cluster.close()
      }
    case .apiServer:
      let access = try Kubeconfig(file: Self.kubeconfig ?? "").access()
      let cluster = try KubernetesCluster(access, userAgent: "store-tests")
      defer { cluster.close() }
      try await Self.empty(cluster)
      try await body(cluster)
    }
  }

  /// Removes what other tests left, and makes the namespaces that the tests use.
  private static func empty(_ cluster: KubernetesCluster) async throws {
    for type in [ResourceType.spiderIPPool, .spiderSubnet, .spiderEndpoint] {
      var objects: [ClusterObject] = []
      _ = try await cluster.list(type, namespace: nil) { objects.append($0) }
      for object in objects {
        let bare = try object.changed { $0[metadata: "finalizers"] = nil }
        _ = try? await cluster.update(type, namespace: object.namespace, name: object.name, json: bare)
        try? await cluster.delete(type, namespace: object.namespace, name: object.name)
      }
    }
    for name in ["one", "two"] {
      let json = #"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"\#(name)"}}"#
      _ = try? await cluster.create(.namespace, namespace: nil, json: Array(json.utf8))
    }
  }
}

/// Runs `body` with an empty directory that is gone afterwards.
func withDirectory(_ body: (String) async throws -> Void) async throws {
  let url = FileManager.default.temporaryDirectory.appendingPathComponent("store-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  do { try await body(url.path) } catch {
    try FileManager.default.removeItem(at: url)
    throw error
  }
  try FileManager.default.removeItem(at: url)
}

/// A pool as JSON bytes.
func pool(_ name: String, subnet: String = "10.6.0.0/16", _ change: (inout JSONValue) -> Void = { _ in })
  -> [UInt8]
{
  var value: JSONValue = [
    "apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderIPPool",
    "metadata": ["name": .string(name)], "spec": ["subnet": .string(subnet)],
  ]
  change(&value)
  return value.bytes
}

/// An object of one of our kinds with what its schema asks for, as JSON bytes.
func object(_ kind: String, _ name: String, namespace: String? = nil) -> [UInt8] {
  var value: JSONValue = [
    "apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": .string(kind),
    "metadata": ["name": .string(name)],
  ]
  value[metadata: "namespace"] = namespace.map { .string($0) }
  if kind == "SpiderSubnet" { value["spec"] = ["subnet": "10.6.0.0/16"] }
  if kind == "SpiderEndpoint" {
    value["status"] = [
      "current": ["uid": "u", "node": "n", "ips": []], "ownerControllerType": "Pod",
      "ownerControllerName": "web",
    ]
  }
  return value.bytes
}

extension ClusterObject {
  /// The object as a tree.
  var value: JSONValue {
    get throws { try JSONValue(parsing: json) }
  }

  /// The object's bytes after a change.
  func changed(_ change: (inout JSONValue) -> Void) throws -> [UInt8] {
    var value = try value
    change(&value)
    return value.bytes
  }
}

extension JSONValue {
  subscript(metadata field: String) -> JSONValue? {
    get { self["metadata"]?[field] }
    set { self["metadata"]?[field] = newValue }
  }
}

extension ClusterStore {
  /// Changes a pool as it is now.
  @discardableResult
  func change(_ pool: String, _ change: (inout JSONValue) -> Void) async throws -> ClusterObject {
    let json = try await get(.spiderIPPool, namespace: nil, name: pool).changed(change)
    return try await update(.spiderIPPool, namespace: nil, name: pool, json: json)
  }
}

/// What a call throws; fails the test if that is nothing, or something else.
func clusterError(
  sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
) async -> ClusterError? {
  do { try await body() } catch let error as ClusterError { return error } catch {
    Issue.record(error, sourceLocation: sourceLocation)
    return nil
  }
  Issue.record("no error was thrown", sourceLocation: sourceLocation)
  return nil
}

extension ClusterError {
  /// The case's name.
  var label: String {
    switch self {
    case .notFound: "notFound"
    case .alreadyExists: "alreadyExists"
    case .conflict: "conflict"
    case .gone: "gone"
    case .invalid: "invalid"
    case .unauthorized: "unauthorized"
    case .forbidden: "forbidden"
    case .tooManyRequests: "tooManyRequests"
    case .timeout: "timeout"
    case .unavailable: "unavailable"
    case .malformed: "malformed"
    case .cancelled: "cancelled"
    }
  }
}
