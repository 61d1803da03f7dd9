internal import KubernetesAPI

/// One write as it was asked for.
struct ObjectWrite: Sendable {
  enum Operation: Sendable {
    case create
    case update
    case updateStatus
    /// A merge patch of anything but the status.
    case patch
    case delete(Preconditions)
    /// What an admitted review made.
    case record(RecordedChange.Operation)
    /// A manifest, new or changed, from this file.
    case apply(file: String)
    /// A manifest is the same as before, in another file.
    case move(file: String)
    /// A manifest is gone: its object is deleted if it was last written by it, at this version.
    case retract(mainVersion: UInt64)
  }

  let operation: Operation
  let type: ResourceType
  let namespace: String?
  /// `nil` if the object names itself.
  let name: String?
  /// Empty for deletions.
  var json: [UInt8] = []
}

/// What a write came to.
enum WriteOutcome: Sendable {
  /// The object as it is stored now.
  case stored(ClusterObject)
  /// The object is gone; this was its last state.
  case deleted(ClusterObject)
  /// There was nothing to do, and there is no object.
  case absent
}
