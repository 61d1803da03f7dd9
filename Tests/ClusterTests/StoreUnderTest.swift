import Cluster
import Foundation
import JSON
import KubernetesAPI
import Testing

/// The forms of `ClusterStore` that the same suites run over. Another conformer joins by a case that makes one.
enum StoreUnderTest: String, CaseIterable, CustomTestStringConvertible {
  case memory
  case disk

  var testDescription: String { rawValue }

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
