import Addressing
import Foundation
import IPAM

/// Measures what an allocation takes: `swift run -c release LedgerBenchmark [allocations] [pools]`.
///
/// Reserves and binds addresses for Pods as Deployments make them, ten Pods each. What was bound is confirmed after every
/// thousand, outside the measured time, as Pods that show up in the watch are.
@main struct LedgerBenchmark {
  static func main() throws {
    let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
    let total = arguments.first ?? 1_000_000
    let pools = arguments.dropFirst().first ?? 1
    let size = total / pools
    var ledger = Ledger()
    for pool in 0..<pools {
      let lower = IPAddress(v4: UInt32(0x0A00_0000 + pool * 2 * size))
      let upper = IPAddress(v4: UInt32(0x0A00_0000 + (pool + 1) * 2 * size - 1))
      ledger.define("pool-\(pool)", givable: AddressSet(try AddressRange(lower, upper)), state: .open)
    }
    let before = residentBytes()
    var times: [Duration] = []
    for batch in 0..<total / 1_000 {
      times.append(try fill(&ledger, batch, pools))
    }
    let bytes = residentBytes() - before
    let faults = ledger.checkInvariants()
    precondition(faults.isEmpty, "the ledger is in order")
    let all = times.reduce(.zero, +)
    print("allocations        \(total) in \(pools) pools")
    print("reserve and bind   \(nanoseconds(all) / total) ns each")
    print(
      "the last tenth     \(nanoseconds(times.suffix(times.count / 10).reduce(.zero, +)) / (total / 10)) ns each"
    )
    print("the slowest 1,000  \(nanoseconds(times.max() ?? .zero) / 1_000_000) ms together")
    print("memory             \(bytes / total) bytes each")
  }

  /// A thousand Pods.
  static func fill(_ ledger: inout Ledger, _ batch: Int, _ pools: Int) throws -> Duration {
    let pods = (0..<1_000).map { number in
      let pod = batch * 1_000 + number
      let suffix = String(UInt32(truncatingIfNeeded: pod &* 2_654_435_761) % 33_000_000, radix: 32)
      return PodKey(namespace: "team-\(pod / 1_000)", name: "service-\(pod / 10)-7d9f8c6b5d-\(suffix)")
    }
    let uids = pods.indices.map { _ in PodUID(UUID().uuidString.lowercased()) }
    let owner = OwnerKey(id: "\(batch)", label: "ReplicaSet \(batch)")
    let demands = [AddressDemand(interface: 0, family: .v4, pools: ["pool-\(batch % pools)"])]
    let start = ContinuousClock.now
    for (pod, uid) in zip(pods, uids) {
      guard case .uuid(let number) = uid else { continue }
      let id = ReservationID(number)
      let grants = try ledger.reserve(
        id, for: owner, sticky: pod, demands, expires: 30_000, now: UInt64(batch),
        start: 0x4000_0000_0000_0000)
      try ledger.bind(id, grants, to: pod, uid: uid, owner: owner, gone: [], now: UInt64(batch))
    }
    let time = ContinuousClock.now - start
    for uid in uids { ledger.confirm(uid, at: UInt64(batch)) }
    return time
  }

  static func nanoseconds(_ duration: Duration) -> Int {
    Int(duration.components.seconds) * 1_000_000_000 + Int(duration.components.attoseconds / 1_000_000_000)
  }

  /// The memory that the process has in use (`VmRSS`).
  static func residentBytes() -> Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
    return 1_024 * (Int(line.filter(\.isNumber)) ?? 0)
  }
}
