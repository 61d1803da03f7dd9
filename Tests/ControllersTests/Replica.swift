import Admission
import Cluster
import Controllers
import JSON
import Synchronization

/// One server of several: a directory of its own, and the store they share.
struct Replica {
  static let lease = (namespace: "spiderpool", name: "claims")

  let directory = PoolDirectory()
  let register: ClaimRegister
  let clock: ReplicaClock

  init(_ store: any ClusterStore, clock: ReplicaClock = ReplicaClock()) {
    self.clock = clock
    register = ClaimRegister(
      store: store, namespace: Self.lease.namespace, name: Self.lease.name, directory: directory,
      now: { clock.now })
  }

  /// The validating review of a new pool, as this replica alone judges it.
  func review(_ name: String, subnet: String = "10.6.0.0/16", ips: String) -> ReviewOutcome {
    let text = """
      {"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"r-\(name)","kind":{"group":\
      "spiderpool.spidernet.io","version":"v2beta1","kind":"SpiderIPPool"},"name":"\(name)","operation":"CREATE",\
      "object":{"apiVersion":"spiderpool.spidernet.io/v2beta1","kind":"SpiderIPPool","metadata":{"name":"\(name)",\
      "uid":"uid-\(name)"},"spec":{"ipVersion":4,"subnet":"\(subnet)","ips":["\(ips)"]}}}}
      """
    var parser = JSONParser()
    return Reviewer(directory: directory).review(
      Array(text.utf8), parser: &parser, phase: .validate, now: clock.now)
  }

  /// Reviews a new pool and agrees on it with the others; whether it is admitted in the end.
  func admit(_ name: String, subnet: String = "10.6.0.0/16", ips: String) async -> Bool {
    guard let claim = review(name, subnet: subnet, ips: ips).claim else { return false }
    return await register.register(claim) == .registered
  }
}

/// A clock that stands still until it is moved.
final class ReplicaClock: Sendable {
  private let milliseconds = Atomic<UInt64>(1_800_000_000_000)

  var now: UInt64 { milliseconds.load(ordering: .relaxed) }

  func advance(seconds: UInt64) { milliseconds.add(seconds * 1000, ordering: .relaxed) }
}
