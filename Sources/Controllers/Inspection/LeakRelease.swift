public import Cluster
internal import IPAM
internal import KubernetesAPI

/// Gives the leaked addresses of a report back.
///
/// The report may be old. So every record is read again, and goes only if it is still for the Pod of the report and a live
/// read of that Pod, by name and UID, and of its StatefulSet says that nobody wants it. Writes are conditional on what was
/// read.
public struct LeakRelease: Sendable {
  /// What became of a leak.
  public enum Outcome: Hashable, Sendable {
    /// The address is free.
    case released
    /// It would be, if this were not a dry run.
    case wouldRelease
    /// It is left as it is, with good reason.
    case passedOver(String)
    /// It could not be found out whether it is a leak, or it could not be written.
    case failed(String)
  }

  /// The clock, and how often a write is tried.
  public struct Options: Sendable {
    /// Seconds since 1970.
    public var now: @Sendable () -> Int64 = SystemTime.seconds
    /// Returns after a time, or at once when the task is cancelled.
    public var sleep: @Sendable (Duration) async -> Void = SystemTime.sleep
    /// How old a report must be, in seconds: longer than the API server may still store a Pod whose addresses are recorded.
    public var grace: Int64 = 65
    /// How often a pool is read and written while others write it.
    public var attempts = 10
    /// The pause after a try that failed for another reason than a conflict.
    public var pause = Duration.seconds(1)
    /// Whether nothing is written.
    public var isDryRun = false

    /// The defaults, with the system's clock.
    public init() {}
  }

  private let store: any ClusterStore
  private let options: Options

  /// A release that does nothing yet.
  public init(in store: any ClusterStore, options: Options = Options()) {
    self.store = store
    self.options = options
  }

  /// How many seconds are left until the report is old enough; 0 for a dry run.
  public func wait(for report: CheckReport) -> Int64 {
    if options.isDryRun { return 0 }
    // A report of the future is one of another clock: it is taken for a new one.
    return max(0, options.grace - max(0, options.now() - report.time))
  }

  /// Releases the report's leaks, and tells what became of each. Waits first until the report is old enough.
  public func run(_ report: CheckReport, tell: (AddressFinding, Outcome) -> Void) async {
    let wait = wait(for: report)
    if wait > 0 { await options.sleep(.seconds(wait)) }
    var told: Set<AddressFinding.Identity> = []
    let leaks = report.findings.filter { $0.kind == .leak && told.insert($0.identity).inserted }
    for (pool, leaks) in Dictionary(grouping: leaks, by: \.pool).sorted(by: { $0.key < $1.key }) {
      let outcomes = Task.isCancelled ? [:] : await release(leaks, of: pool)
      for leak in leaks { tell(leak, outcomes[leak] ?? .failed("it was not tried")) }
    }
  }

  private typealias Outcomes = [AddressFinding: Outcome]

  private func release(_ leaks: [AddressFinding], of pool: String) async -> Outcomes {
    var evidence = LeakEvidence(store: store)
    var failure = ""
    for attempt in 1...max(1, options.attempts) {
      do throws(ClusterError) {
        return try await attemptRelease(leaks, of: pool, &evidence)
      } catch {
        switch error {
        case .notFound: return all(leaks, .passedOver("the pool does not exist"))
        case .conflict: failure = "the pool is written by others all the time"
        default:
          guard error.isPassing else { return all(leaks, .failed("\(error)")) }
          failure = "\(error)"
          if attempt < options.attempts { await options.sleep(options.pause) }
        }
      }
      if Task.isCancelled { break }
    }
    return all(leaks, .failed(failure))
  }

  private func all(_ leaks: [AddressFinding], _ outcome: Outcome) -> Outcomes {
    Dictionary(leaks.map { ($0, outcome) }, uniquingKeysWith: { first, _ in first })
  }

  /// Reads the pool, decides anew, and writes what is left.
  private func attemptRelease(
    _ leaks: [AddressFinding], of name: String, _ evidence: inout LeakEvidence
  ) async throws(ClusterError) -> Outcomes {
    let object = try await store.get(.spiderIPPool, namespace: nil, name: name)
    let pool = try object.read(as: .spiderIPPool) { InspectedPool(SpiderIPPool($0)) }
    guard case .success(var records) = pool.status else {
      return all(leaks, .passedOver("the records of the pool cannot be read"))
    }
    var outcomes: Outcomes = [:]
    for leak in leaks {
      guard let record = records.first(where: { $0.address == leak.address && $0.uid == leak.uid }) else {
        outcomes[leak] = evidence.outcome(of: leak, in: records)
        continue
      }
      switch await evidence.verdict(on: record) {
      case .leaked:
        records.removeAll { $0 == record }
        outcomes[leak] = options.isDryRun ? .wouldRelease : .released
      case .held(let why): outcomes[leak] = .passedOver(why)
      case .unknown(let why): outcomes[leak] = .failed(why)
      }
    }
    let released = outcomes.filter { $0.value == .released }.keys
    if !released.isEmpty {
      evidence.tried.formUnion(released)
      let json = PoolStatusText.write(
        pool: name, uid: pool.uid, version: object.resourceVersion.rawValue, total: pool.total,
        records: records)
      _ = try await store.updateStatus(.spiderIPPool, namespace: nil, name: name, json: json)
    }
    return outcomes
  }
}
