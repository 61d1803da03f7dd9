public import JSON

/// The metadata of an object, as far as it is looked at.
public struct ObjectMeta: Sendable, Equatable {
  /// The name; empty when the API server is still to generate one.
  public var name: String
  /// The namespace; empty for an object of the cluster.
  public var namespace: String
  /// The beginning of a name to be generated.
  public var generateName: String
  /// The UID; empty before the API server gave one.
  public var uid: String
  /// The resource version, opaque.
  public var resourceVersion: String
  /// When deletion began, RFC 3339; nil for an object that is not being deleted.
  public var deletionTimestamp: String?
  /// The finalizers, in order.
  public var finalizers: [String]
  /// The labels.
  public var labels: [String: String]
  /// The annotations.
  public var annotations: [String: String]
  /// The owners, in order.
  public var ownerReferences: [OwnerReference]

  /// Reads `metadata`. What is missing or of the wrong type is left empty, as `null` is.
  public init(_ view: JSONView?) {
    name = view?["name"]?.string ?? ""
    namespace = view?["namespace"]?.string ?? ""
    generateName = view?["generateName"]?.string ?? ""
    uid = view?["uid"]?.string ?? ""
    resourceVersion = view?["resourceVersion"]?.string ?? ""
    deletionTimestamp = view?["deletionTimestamp"]?.string
    finalizers = view?["finalizers"].map(Self.strings) ?? []
    labels = view?["labels"].map(Self.dictionary) ?? [:]
    annotations = view?["annotations"].map(Self.dictionary) ?? [:]
    ownerReferences = view?["ownerReferences"]?.elements.map { OwnerReference($0) } ?? []
  }

  /// Whether deletion has begun.
  public var isTerminating: Bool { deletionTimestamp != nil }

  /// The one owner with `controller: true`.
  public var controller: OwnerReference? { ownerReferences.first { $0.controller } }

  static func strings(_ view: JSONView) -> [String] { view.elements.compactMap(\.string) }

  static func dictionary(_ view: JSONView) -> [String: String] {
    var pairs: [String: String] = [:]
    for member in view.members {
      if let key = member.key.string, let value = member.value.string { pairs[key] = value }
    }
    return pairs
  }
}

/// One entry of `metadata.ownerReferences`.
public struct OwnerReference: Sendable, Equatable {
  /// Group and version of the owner.
  public var apiVersion: String
  /// Its kind.
  public var kind: String
  /// Its name.
  public var name: String
  /// Its UID.
  public var uid: String
  /// Whether the owner is the managing controller; at most one is.
  public var controller: Bool
  /// Whether a foreground deletion of the owner waits for this object.
  public var blockOwnerDeletion: Bool

  /// A controller from its parts.
  public init(apiVersion: String, kind: String, name: String, uid: String) {
    self.apiVersion = apiVersion
    self.kind = kind
    self.name = name
    self.uid = uid
    controller = true
    blockOwnerDeletion = false
  }

  /// Reads one entry; what is missing is left empty.
  public init(_ view: JSONView) {
    apiVersion = view["apiVersion"]?.string ?? ""
    kind = view["kind"]?.string ?? ""
    name = view["name"]?.string ?? ""
    uid = view["uid"]?.string ?? ""
    controller = view["controller"]?.bool ?? false
    blockOwnerDeletion = view["blockOwnerDeletion"]?.bool ?? false
  }
}
