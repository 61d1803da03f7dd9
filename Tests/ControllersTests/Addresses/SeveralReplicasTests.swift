import Admission
import Cluster
import IPAM
import KubernetesAPI
import TestSupport
import Testing

@testable import Controllers

@Suite("Addresses of several replicas", .timeLimit(.minutes(2)))
struct SeveralReplicasTests {
  private static let replicas = 3
  private static let rounds = 12
  private static let addresses = 40

  /// In each round every replica binds random addresses at once, under random faults; some are given back.
  @Test func `never let two Pods have one address, nor lose one that was acknowledged`() async throws {
    var random = SeededGenerator.announced()
    let stored = try await StoredPools.make(["a": "10.6.0.1-10.6.0.\(Self.addresses)"])
    let replicas = (0..<Self.replicas).map { _ in AddressReplica(stored.store) }
    for replica in replicas { try await replica.catchUp() }
    var acknowledged: [String: String] = [:]
    for round in 0..<Self.rounds {
      var wishes: [(replica: Int, address: String, pod: String)] = []
      for replica in 0..<Self.replicas {
        replicas[replica].plan.inject(Self.fault(&random), into: .updateStatus, skipping: 0, times: 2)
        for number in 0..<6 {
          wishes.append(
            (
              replica, "10.6.0.\(Int.random(in: 1...Self.addresses, using: &random))",
              "p-\(round)-\(replica)-\(number)"
            ))
        }
      }
      let bound = try await Self.bind(wishes, replicas)
      for (address, pod) in bound {
        #expect(acknowledged[address] == nil, "\(address) of \(acknowledged[address] ?? "") went to \(pod)")
        acknowledged[address] = "default/\(pod) uid-\(pod)"
      }
      let records = try await stored.records("a")
      for (address, holder) in acknowledged { #expect(records[address] == holder) }
      try await Self.release(&acknowledged, replicas, stored, &random)
    }
    #expect(try await stored.pool("a").allocatedIPCount == Int64(acknowledged.count))
  }

  private static func fault(_ random: inout SeededGenerator) -> FaultPlan.Fault {
    switch Int.random(in: 0..<4, using: &random) {
    case 0: .fail(.conflict("somebody was faster"))
    case 1: .fail(.unavailable("away"))
    case 2: .loseAnswer(.timeout("no answer"))
    default: .fail(.tooManyRequests(retryAfter: .milliseconds(1)))
    }
  }

  private static func bind(
    _ wishes: [(replica: Int, address: String, pod: String)], _ replicas: [AddressReplica]
  ) async throws -> [(address: String, pod: String)] {
    try await withThrowingTaskGroup(of: (address: String, pod: String)?.self) { group in
      for wish in wishes {
        group.addTask {
          let result = try await replicas[wish.replica].bind(wish.address, of: "a", to: wish.pod)
          return result == .bound ? (wish.address, wish.pod) : nil
        }
      }
      return try await group.reduce(into: []) { bound, one in if let one { bound.append(one) } }
    }
  }

  /// Some Pods go; any replica gives their addresses back.
  private static func release(
    _ acknowledged: inout [String: String], _ replicas: [AddressReplica], _ stored: StoredPools,
    _ random: inout SeededGenerator
  ) async throws {
    for replica in replicas { try await replica.catchUp() }
    for (address, holder) in acknowledged.sorted(by: { $0.key < $1.key })
    where Int.random(in: 0..<3, using: &random) == 0 {
      let replica = replicas[Int.random(in: 0..<replicas.count, using: &random)]
      let uid = PodUID(String(holder.split(separator: " ")[1]))
      for (pool, record) in replica.book.records(of: uid) {
        #expect(replica.book.release(pool, record, now: 0))
      }
      await replica.committer.nudge("a")
      while try await stored.records("a")[address] == holder { await Task.yield() }
      acknowledged[address] = nil
    }
    for replica in replicas { try await replica.catchUp() }
  }
}
