import Cluster
import Foundation
import JSON
import KubernetesAPI
import TestSupport
import Testing

@testable import StoreCrashWriter

/// What a writer's object must look like: the last steps that wrote its spec and its status.
private struct Expected: Equatable, CustomStringConvertible {
  var spec: Int
  var status: Int?

  var description: String { "spec \(spec), status \(status.map(String.init) ?? "none")" }
}

/// What one writer's acknowledged steps, and only those, make of its objects.
private func model(_ round: String, _ writer: Int, steps: Int) -> [String: Expected] {
  var objects: [String: Expected] = [:]
  for step in 0..<steps {
    let name = CrashStep.name(round, writer, step)
    switch CrashStep(writer, step) {
    case .create, .recordCreate: objects[name] = Expected(spec: step)
    case .update, .recordUpdate: objects[name]?.spec = step
    case .updateStatus: objects[name]?.status = step
    case .delete, .recordDelete: objects[name] = nil
    }
  }
  return objects
}

@Suite(.timeLimit(.minutes(3))) struct `Killing a local cluster` {
  private static let rounds = 50
  private static let writers = 8

  /// What a writer process acknowledged: per writer, the number of steps and the version of the last one.
  private struct Acknowledged {
    var steps: [Int: Int] = [:]
    var versions: [UInt64] = []
    var wasReady = false
    var failure: String?

    init(_ output: String) {
      // A last line without its end is no acknowledgement, though the writer never splits one.
      for line in output.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
        let words = line.split(separator: " ")
        if line == "ready" {
          wasReady = true
        } else if words.count == 3, let writer = Int(words[0]), let step = Int(words[1]) {
          steps[writer] = step + 1
          if let version = UInt64(words[2]) { versions.append(version) }
        } else {
          failure = String(line)
        }
      }
    }
  }

  /// Runs a writer in `directory` and kills it: after so many acknowledgements, or so many microseconds.
  private func crash(_ directory: String, _ round: String, after moment: Moment) throws -> Acknowledged {
    let process = Process()
    process.executableURL = Bundle.main.bundleURL.appendingPathComponent("StoreCrashWriter")
    process.arguments = [directory, round, String(Self.writers)]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    var bytes: [UInt8] = []
    switch moment {
    case .lines(let count):
      while bytes.count(where: { $0 == UInt8(ascii: "\n") }) < count {
        let more = output.fileHandleForReading.availableData
        if more.isEmpty { break }
        bytes += more
      }
    case .microseconds(let count): usleep(UInt32(count))
    }
    kill(process.processIdentifier, SIGKILL)
    bytes += output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Acknowledged(String(decoding: bytes, as: UTF8.self))
  }

  private enum Moment {
    case lines(Int)
    /// Mostly while the store is being opened.
    case microseconds(Int)
  }

  @Test func `is needed before another process may open its directory`() async throws {
    try await withDirectory { directory in
      let process = Process()
      process.executableURL = Bundle.main.bundleURL.appendingPathComponent("StoreCrashWriter")
      process.arguments = [directory, "r", "1"]
      let output = Pipe()
      process.standardOutput = output
      try process.run()
      #expect(!output.fileHandleForReading.availableData.isEmpty)
      let error = #expect(throws: LocalClusterError.self) { try LocalCluster.open(directory: directory) }
      #expect(error?.description.hasSuffix("is in use by another process") == true)
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      let cluster = try LocalCluster.open(directory: directory)
      await cluster.close()
    }
  }

  @Test func `loses nothing that was acknowledged, at whatever moment`() async throws {
    let seed = UInt64.random(in: 0 ... .max)
    print("crash seed \(seed)")
    var random = SeededGenerator(seed: seed)
    try await withDirectory { directory in
      var settled: [String: Expected] = [:]
      var total = 0
      for round in 0..<Self.rounds {
        let manifest = String(decoding: pool("manifest", subnet: "10.\(round).0.0/16"), as: UTF8.self)
        try Data(manifest.utf8).write(to: URL(fileURLWithPath: directory).appendingPathComponent("pool.json"))
        let moment: Moment =
          round % 5 == 4
          ? .microseconds(Int.random(in: 0..<40_000, using: &random))
          : .lines(Int.random(in: 1..<400, using: &random))
        let acknowledged = try crash(directory, "r\(round)", after: moment)
        #expect(acknowledged.failure == nil)
        total += acknowledged.steps.values.reduce(0, +)
        let found = try await contents(directory, acknowledged, manifestSubnet: "10.\(round).0.0/16")
        settle(&settled, found, acknowledged, "r\(round)", seed)
        #expect(found == settled, "seed \(seed), round \(round)")
      }
      print("crash rounds \(Self.rounds), acknowledged writes \(total)")
      #expect(total > Self.rounds)
    }
  }

  /// Adds what a round must have left: each writer's acknowledged steps, and possibly the one it was at.
  private func settle(
    _ settled: inout [String: Expected], _ found: [String: Expected], _ acknowledged: Acknowledged,
    _ round: String, _ seed: UInt64
  ) {
    for writer in 0..<Self.writers {
      let steps = acknowledged.steps[writer] ?? 0
      let own = found.filter { $0.key.hasPrefix("\(round)-\(writer)-") }
      let least = model(round, writer, steps: steps)
      let most = model(round, writer, steps: steps + 1)
      #expect(own == least || own == most, "seed \(seed), \(round), writer \(writer) after \(steps) steps")
      settled.merge(own) { _, new in new }
    }
  }

  /// Opens the store, checks that it is in order, and tells what it holds of the writers' objects.
  private func contents(
    _ directory: String, _ acknowledged: Acknowledged, manifestSubnet: String
  ) async throws -> [String: Expected] {
    let cluster = try LocalCluster.open(directory: directory)
    var found: [String: Expected] = [:]
    var versions: Set<UInt64> = []
    var objects: [ClusterObject] = []
    let version = try await cluster.list(.spiderIPPool, namespace: nil) { objects.append($0) }
    for object in objects {
      let value = try object.value
      #expect(value[metadata: "resourceVersion"]?.string == object.resourceVersion.rawValue)
      #expect(value[metadata: "uid"]?.string == object.uid)
      #expect(versions.insert(UInt64(object.resourceVersion.rawValue) ?? 0).inserted)
      if object.name == "manifest" {
        #expect(value["spec"]?["subnet"]?.string == manifestSubnet)
      } else {
        let spec = Int(value["spec"]?["step"]?.int ?? -1)
        found[object.name] = Expected(spec: spec, status: value["status"]?["step"]?.int.map { Int($0) })
      }
    }
    let highest = max(versions.max() ?? 0, acknowledged.versions.max() ?? 0)
    #expect(UInt64(version.rawValue) ?? 0 >= highest)
    await cluster.close()
    return found
  }
}
