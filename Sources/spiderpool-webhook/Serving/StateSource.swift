internal import Admission
internal import Cluster
internal import Controllers
internal import KubernetesClient
internal import Telemetry

/// Where the cluster's state comes from, and goes to.
enum StateSource: CustomStringConvertible {
  /// An API server; the claims' Lease is in the namespace given.
  case kubernetes(KubernetesCluster, claimNamespace: String)
  /// The embedded store.
  case local(LocalCluster, directory: String)

  var description: String {
    switch self {
    case .kubernetes(let cluster, _): "\(cluster.server)"
    case .local(_, let directory): directory
    }
  }

  /// Opens the one that was chosen.
  /// - Throws: an ``ExitStatus`` that says what keeps it from being used. An API server that is away is waited for instead.
  init(_ options: StateOptions) throws {
    if let directory = options.store {
      do throws(LocalClusterError) {
        self = .local(try LocalCluster.open(directory: directory), directory: directory)
      } catch {
        throw ExitStatus(.unreadable, "\(error)")
      }
      return
    }
    do throws(AccessError) {
      let access = try Self.access(options)
      let cluster = try KubernetesCluster(access, userAgent: "spiderpool-webhook/\(Version.text)")
      let namespace = options.claimNamespace ?? (options.inCluster ? access.namespace : "spiderpool")
      self = .kubernetes(cluster, claimNamespace: namespace)
    } catch {
      throw ExitStatus(.unreadable, "\(error)")
    }
  }

  private static func access(_ options: StateOptions) throws(AccessError) -> ClusterAccess {
    guard let kubeconfig = options.kubeconfig else { return try ClusterAccess.inCluster() }
    return try Kubeconfig(file: kubeconfig).access()
  }

  /// The state as everything else sees it.
  var store: any ClusterStore {
    switch self {
    case .kubernetes(let cluster, _): cluster
    case .local(let cluster, _): cluster
    }
  }

  /// Where replicas keep what they share.
  var namespace: String {
    switch self {
    case .kubernetes(_, let namespace): namespace
    case .local: "spiderpool"
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
    guard case .kubernetes(let cluster, let namespace) = self else { return nil }
    return ClaimRegister(store: cluster, namespace: namespace, directory: directory, now: Timestamp.now)
  }

  /// Ends it in good order.
  func close() async {
    switch self {
    case .kubernetes(let cluster, _): cluster.close()
    case .local(let cluster, _): await cluster.close()
    }
  }
}
