import Addressing
import IPAM
import JSON
import KubernetesAPI

/// The annotations of a workload's template that ask for automatic pools: what is wrong is told where it was written, and not
/// at each Pod.
///
/// Of a change only what is new is judged, so that a workload which was stored while nobody judged it can still be changed in
/// other respects.
enum WorkloadRule {
  static let changeID = RuleID("subnet-unchanged")
}

extension Reviewer {
  /// For an object of Kubernetes' own controllers. Returns whether it asks for automatic pools, or did so.
  func checkWorkload(_ request: AdmissionRequest, _ now: UInt64, _ findings: inout Findings) -> Bool {
    guard settings.usesSubnets, let object = request.object,
      let kind = request.kind?.string.flatMap(WorkloadKind.init(rawValue:))
    else { return false }
    let workload = Workload(object, kind)
    // What a Deployment or CronJob makes was judged with it.
    if workload.isPart || workload.isTerminating { return false }
    let old = request.oldObject.map { Workload($0, kind) }
    guard let annotations = workload.template ?? old?.template else { return false }
    let metadata = kind.templatePath.dropFirst().reduce(FieldPath.spec) { $0.child($1.description) }
      .child("metadata")
    let path = metadata.child("annotations").key(annotations.key.description)
    guard let template = workload.template else {
      findings.warn(
        path, "is gone; the pools that were made for it stay until the \(kind.rawValue) is deleted")
      return true
    }
    let reading = SubnetAnnotation.read(template, at: metadata, in: subnetWorld)
    let isNew = old?.template != template
    if isNew {
      for error in reading.errors { findings.report(error) }
      for note in reading.notes { findings.warn(note.path, note.text) }
    }
    guard let wanted = reading.request else { return true }
    if isNew, let before = old?.template.flatMap({ SubnetAnnotation.read($0, in: subnetWorld).request }) {
      checkUnchanged(wanted, before, path, kind.rawValue, &findings)
    }
    if isNew || workload.replicas != old?.replicas {
      let count = wanted.size.count(replicas: workload.replicas)
      warnOfShortage(wanted, count, workload.application, path, now, &findings)
    }
    return true
  }

  /// A pool stays in the subnet that it was cut from: addresses of another one would need a pool of their own, while Pods
  /// still hold those of the first.
  func checkUnchanged(
    _ wanted: AutomaticPoolRequest, _ before: AutomaticPoolRequest, _ path: FieldPath, _ kind: String,
    _ findings: inout Findings
  ) {
    for pool in wanted.pools {
      let old = before.pools.first { $0.interface == pool.interface && $0.family == pool.family }
      guard let old, old.subnet != pool.subnet else { continue }
      findings.report(
        .forbidden, path, .none,
        "the \(pool.family) pool of \(pool.interface) is cut from SpiderSubnet \(GoText.quoted(old.subnet)) "
          + "and cannot move to \(GoText.quoted(pool.subnet)) while the \(kind) lives; "
          + "delete the \(kind) and create it anew, or create another one beside it",
        WorkloadRule.changeID)
    }
  }

  /// - Parameter count: how many addresses each pool is to have.
  func warnOfShortage(
    _ wanted: AutomaticPoolRequest, _ count: Int, _ application: Application, _ path: FieldPath,
    _ now: UInt64, _ findings: inout Findings
  ) {
    let count = UInt128(count)
    for pool in wanted.pools {
      let room = directory.withIndex { $0.room(in: pool.subnet, for: application, at: now) }
      guard let room, room < count else { continue }
      findings.warn(
        path,
        "SpiderSubnet \(GoText.quoted(pool.subnet)) has \(room) addresses left for the \(pool.family) pool of "
          + "\(pool.interface), and \(count) are wanted: \(count - room) too few; the pool is not made or scaled before they are there"
      )
    }
  }
}

extension AutomaticAnnotations {
  /// The annotation that counts.
  var key: StaticString { subnets == nil ? SpiderAPI.Annotation.subnet : SpiderAPI.Annotation.subnets }
}

extension PoolIndex {
  /// How many addresses of a subnet an application can have: those it has, and those that are free; nil when the subnet is not
  /// known.
  fileprivate func room(in subnet: String, for application: Application, at now: UInt64) -> UInt128? {
    guard let free = free(in: subnet, at: now), let id = stored(.subnet, named: subnet)?.id else {
      return nil
    }
    let text = application.statusText
    let own = subnetDetails[id]?.status.entries.values.filter { $0.application == text } ?? []
    return own.reduce(free.count) { $0 + ($1.addresses?.count ?? 0) }
  }
}
