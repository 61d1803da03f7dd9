// KubernetesAPI: the values of the Kubernetes API this program speaks about, and nothing that acts on them.
//
// Comes in: JSON views of objects and reviews. Goes out: ObjectMeta, selectors, Spiderpool's resources, field errors,
// Status and AdmissionReview answers as bytes. Deliberately unknown here: how objects are fetched, which rules hold,
// any cluster state, the clock.

/// Group, version and kind of an object.
public struct GroupVersionKind: Sendable, Hashable {
  /// The API group; empty for the core group.
  public let group: String
  /// The version, such as `v1`.
  public let version: String
  /// The kind.
  public let kind: String

  /// Group, version and kind.
  public init(group: String, version: String, kind: String) {
    self.group = group
    self.version = version
    self.kind = kind
  }

  /// `Kind.group`, or the kind alone in the core group: how the API machinery names a kind in a message.
  public var qualifiedKind: String { group.isEmpty ? kind : "\(kind).\(group)" }
}

extension ResourceType {
  /// Group, version and kind.
  public var groupVersionKind: GroupVersionKind {
    GroupVersionKind(group: group, version: version, kind: kind)
  }
}
