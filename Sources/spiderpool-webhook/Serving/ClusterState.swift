internal import Admission
internal import Cluster
internal import Controllers
internal import Telemetry

/// Where the cluster's state comes from, and goes to.
enum ClusterState: CustomStringConvertible {
  /// The embedded store.
  case local(LocalCluster, directory: String)

  var description: String {
    switch self {
    case .local(_, let directory): directory
    }
  }

  /// Opens it.
  /// - Throws: an ``ExitStatus`` that says why that was not possible.
  init(_ options: StateOptions) async throws {
    guard let directory = options.store else { throw ExitStatus(.usage, "no state") }
    do throws(LocalClusterError) {
      self = .local(try LocalCluster.open(directory: directory), directory: directory)
    } catch {
      throw ExitStatus(.unreadable, "\(error)")
    }
  }

  /// The state as everything else sees it.
  var store: any ClusterStore {
    switch self {
    case .local(let cluster, _): cluster
    }
  }

  /// The embedded store, which writes down what was admitted.
  var local: LocalCluster? {
    if case .local(let cluster, _) = self { cluster } else { nil }
  }

  /// The rules' settings for this state.
  func admission(_ settings: Settings) -> AdmissionSettings {
    var admission = settings.admission
    admission.recordsAdmitted = local != nil
    return admission
  }

  /// Where claims are agreed on; nil for the embedded store, which has one server.
  func register(for directory: PoolDirectory) -> ClaimRegister? {
    nil
  }

  /// Ends it in good order.
  func close() async {
    switch self {
    case .local(let cluster, _): await cluster.close()
    }
  }
}
