public import Manifests

/// Why a `LocalCluster` could not be opened. Nothing on disk was changed.
public enum LocalClusterError: Error, CustomStringConvertible {
  /// Another process works on the same directory.
  case inUse(file: String)
  /// The database is damaged, of another format or of another program.
  case foreign(file: String, reason: String)
  /// The database cannot be opened, read or created.
  case inaccessible(file: String, reason: String)
  /// Manifests that cannot be read.
  case manifests(ManifestError)
  /// A manifest that no API server would take.
  case rejected(manifest: String, reason: ClusterError)

  init(opening file: String, _ error: SQLiteError) {
    if error.isBusy {
      self = .inUse(file: file)
    } else if error.isDamage {
      self = .foreign(file: file, reason: error.message)
    } else {
      self = .inaccessible(file: file, reason: "\(error)")
    }
  }

  /// A sentence without a final stop.
  public var description: String {
    switch self {
    case .inUse(let file): "\(file) is in use by another process"
    case .foreign(let file, let reason): "\(file) is not used, and left as it is: \(reason)"
    case .inaccessible(let file, let reason): "\(file) cannot be opened: \(reason)"
    case .manifests(let error): "\(error)"
    case .rejected(let manifest, let reason): "\(manifest): \(reason)"
    }
  }
}
