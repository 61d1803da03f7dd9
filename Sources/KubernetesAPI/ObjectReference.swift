/// Which object something is about.
public struct ObjectReference: Hashable, Sendable {
  /// Group and version, for example `spiderpool.spidernet.io/v2beta1`.
  public var apiVersion: String
  /// The kind, for example `SpiderIPPool`.
  public var kind: String
  /// The namespace; nil for a cluster-scoped object.
  public var namespace: String?
  /// The name.
  public var name: String
  /// The UID; empty when it is not known.
  public var uid: String

  /// A reference from its parts.
  public init(apiVersion: String, kind: String, namespace: String?, name: String, uid: String) {
    self.apiVersion = apiVersion
    self.kind = kind
    self.namespace = namespace
    self.name = name
    self.uid = uid
  }
}
