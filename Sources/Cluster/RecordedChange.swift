public import KubernetesAPI

/// What an admitted review made of an object, for a store that stands in for the API server.
///
/// What the API server decided counts: a creation keeps its UID, an update need not know our resource versions, and one
/// of an unknown object creates it. A creation told again changes nothing; one of a name that another object has is
/// `alreadyExists`.
public struct RecordedChange: Sendable {
  /// The operation that was admitted.
  public enum Operation: Sendable {
    /// The object is new.
    case create
    /// The object was replaced, except its status.
    case update
    /// The object was deleted; it stays, terminating, while it has finalizers.
    case delete
  }

  /// What was done.
  public let operation: Operation
  /// To what kind of object.
  public let type: ResourceType
  /// The namespace; `nil` for a cluster-scoped object.
  public let namespace: String?
  /// The name; empty if the object in `json` names itself.
  public let name: String
  /// The admitted object; empty for a deletion.
  public let json: [UInt8]

  /// A change from its parts.
  public init(operation: Operation, type: ResourceType, namespace: String?, name: String, json: [UInt8] = [])
  {
    self.operation = operation
    self.type = type
    self.namespace = namespace
    self.name = name
    self.json = json
  }
}
