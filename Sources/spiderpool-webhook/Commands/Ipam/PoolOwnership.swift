internal import Controllers
internal import IPAM
internal import JSON

/// Whose an automatic pool is, and how large it should be, as `ipam show pools` prints it.
struct PoolOwnership {
  private let marks: AutomaticPool.Marks
  /// The application; its labels tell no more than fits into a label when it is not there.
  private let live: Workload?

  init(_ marks: AutomaticPool.Marks, _ owner: ClusterSnapshot.Owner) {
    self.marks = marks
    if case .live(let workload) = owner { live = workload } else { live = nil }
  }

  /// The application, for people.
  var name: String { live?.application.description ?? marks.key.application.description }

  /// How many addresses are wanted now; nil when that cannot be told, because only the application knows.
  private var wanted: Int? {
    switch marks.size {
    case .fixed(let number): number
    case .above: live.flatMap { workload in marks.size?.count(replicas: workload.replicas) }
    case nil: nil
    }
  }

  /// `5`; or `4 (+1)`, of which the replicas are three; a question mark for what cannot be told.
  var wantedText: String {
    let number = wanted?.description ?? "?"
    if case .above(let more) = marks.size { return "\(number) (+\(more))" }
    return number
  }

  /// What programs are told; null for a pool that is not automatic.
  static func members(of ownership: PoolOwnership?) -> [(key: String, value: JSONValue)] {
    let size = ownership?.marks.size
    return [
      ("application", ownership?.application ?? .null), ("ipNumber", size.map { .string("\($0)") } ?? .null),
      ("wanted", ownership?.wanted.map { .int(Int64($0)) } ?? .null),
      ("reclaim", ownership.map { .bool($0.marks.reclaims) } ?? .null),
    ]
  }

  private var application: JSONValue {
    let key = marks.key.application
    return [
      "apiVersion": .string(key.apiVersion), "kind": .string(key.kind),
      "namespace": .string(live?.application.namespace ?? key.namespace),
      "name": .string(live?.application.name ?? key.name), "uid": .string(marks.uid),
    ]
  }
}
