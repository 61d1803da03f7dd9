/// What reading a store's manifests came to.
public struct ManifestSummary: Sendable, Equatable {
  /// Objects that were created or changed.
  public var applied = 0
  /// Objects whose manifest is as it was.
  public var unchanged = 0
  /// Objects deleted because their manifest is gone.
  public var deleted = 0
  /// Objects that stay although their manifest is gone, because they were changed since.
  public var kept = 0

  /// A summary; nothing of anything by default.
  public init(applied: Int = 0, unchanged: Int = 0, deleted: Int = 0, kept: Int = 0) {
    self.applied = applied
    self.unchanged = unchanged
    self.deleted = deleted
    self.kept = kept
  }
}

extension LocalCluster {
  /// The file beside the manifests that keeps what changed.
  public static let databaseName = ".spiderpool-webhook.sqlite3"

  /// A store in memory, with the objects of these manifest files and folders. Everything goes with the process.
  public static func inMemory(
    manifests paths: [String] = [], options: Options = Options()
  ) throws(LocalClusterError) -> LocalCluster {
    let state = ClusterState(version: 0, limit: options.historyLimit)
    let store = LocalStore(engine: WriteEngine(journal: nil, now: options.now), state: state)
    let summary = try synchronised(store, paths, isDurable: false)
    return LocalCluster(store: store, isDurable: false, options: options, manifests: summary)
  }

  /// A store in a directory, for this process alone. Blocks while it reads.
  ///
  /// A manifest that is new, or other than when it was last read, is applied. One that is gone takes its object along,
  /// unless the object was changed through the store since; its status does not count.
  public static func open(
    directory: String, options: Options = Options()
  ) throws(LocalClusterError) -> LocalCluster {
    let path = directory.hasSuffix("/") ? directory + databaseName : "\(directory)/\(databaseName)"
    var journal = try Journal.open(path: path, maximumBytes: options.maximumDatabaseBytes)
    let state: ClusterState
    do throws(SQLiteError) { state = try loaded(&journal, limit: options.historyLimit) } catch {
      throw LocalClusterError(opening: path, error)
    }
    let store = LocalStore(engine: WriteEngine(journal: consume journal, now: options.now), state: state)
    let summary = try synchronised(store, [directory], isDurable: true)
    return LocalCluster(store: store, isDurable: true, options: options, manifests: summary)
  }

  private static func synchronised(
    _ store: LocalStore, _ paths: [String], isDurable: Bool
  ) throws(LocalClusterError) -> ManifestSummary {
    var sync = ManifestSync(store: store, isDurable: isDurable)
    return try sync.run(paths)
  }

  private static func loaded(
    _ journal: inout Journal, limit: ClusterState.HistoryLimit
  ) throws(SQLiteError) -> ClusterState {
    var state = ClusterState(version: try journal.version(), limit: limit)
    try journal.objects { state.load($0, type: $1) }
    return state
  }
}

extension LocalCluster.Options {
  var historyLimit: ClusterState.HistoryLimit {
    ClusterState.HistoryLimit(changes: historyChanges, bytes: historyBytes)
  }
}
