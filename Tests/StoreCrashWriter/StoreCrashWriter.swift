// Writes to the store in a directory until it is killed, and prints each write once it is acknowledged.
//
// In comes a directory, a name for the round, and how many writers there shall be. Out goes a line `ready`, then a line
// `writer step version` for every acknowledged step; each is one system call, so a line that was begun is whole.

import Cluster
import Dispatch
import Glibc
import JSON
import KubernetesAPI

@main
struct StoreCrashWriter {
  /// Not asynchronous: in release the tests link this program beside the server, and there can be one such entry.
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 4, let writers = Int(arguments[3]) else {
      print("usage: StoreCrashWriter DIR ROUND WRITERS")
      exit(2)
    }
    let cluster = try LocalCluster.open(directory: arguments[1])
    report("ready")
    for writer in 0..<writers {
      Task { await write(as: writer, in: arguments[2], to: cluster) }
    }
    dispatchMain()
  }

  /// Writes step after step; a failure ends the process, for nothing here may fail.
  private static func write(as writer: Int, in round: String, to cluster: LocalCluster) async {
    var step = 0
    while true {
      let name = CrashStep.name(round, writer, step)
      do throws(ClusterError) {
        let version = try await perform(CrashStep(writer, step), name, step, cluster)
        report("\(writer) \(step) \(version)")
      } catch {
        report("failed \(writer) \(step) \(error)")
        exit(1)
      }
      step += 1
    }
  }

  private static func perform(
    _ step: CrashStep, _ name: String, _ number: Int, _ cluster: LocalCluster
  ) async throws(ClusterError) -> String {
    var pool: JSONValue = [
      "apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderIPPool",
      "metadata": ["name": .string(name)], "spec": ["subnet": "10.6.0.0/16", "step": .int(Int64(number))],
      "status": ["step": .int(Int64(number))],
    ]
    if step == .update || step == .updateStatus {
      let version = try await cluster.get(.spiderIPPool, namespace: nil, name: name).version
      pool["metadata"]?["resourceVersion"] = .string(version)
    }
    let json = pool.bytes
    func change(_ operation: RecordedChange.Operation) -> RecordedChange {
      RecordedChange(operation: operation, type: .spiderIPPool, namespace: nil, name: name, json: json)
    }
    switch step {
    case .create: return try await cluster.create(.spiderIPPool, namespace: nil, json: json).version
    case .update:
      return try await cluster.update(.spiderIPPool, namespace: nil, name: name, json: json).version
    case .updateStatus:
      return try await cluster.updateStatus(.spiderIPPool, namespace: nil, name: name, json: json)
        .version
    case .delete:
      try await cluster.delete(.spiderIPPool, namespace: nil, name: name)
      return "-"
    case .recordCreate: return try await cluster.record(change(.create))?.version ?? "-"
    case .recordUpdate: return try await cluster.record(change(.update))?.version ?? "-"
    case .recordDelete:
      _ = try await cluster.record(change(.delete))
      return "-"
    }
  }

  private static func report(_ line: String) {
    let bytes = Array("\(line)\n".utf8)
    guard Glibc.write(STDOUT_FILENO, bytes, bytes.count) == bytes.count else { exit(1) }
  }
}

extension ClusterObject {
  fileprivate var version: String { resourceVersion.rawValue }
}
