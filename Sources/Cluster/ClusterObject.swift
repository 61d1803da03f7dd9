/// The version of an object or of a list: opaque, but for what `number` says.
public struct ResourceVersion: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral,
  CustomStringConvertible
{
  /// The text as the API server wrote it.
  public let rawValue: String

  /// A version from its text.
  public init(rawValue: String) { self.rawValue = rawValue }

  /// A version from a literal.
  public init(stringLiteral value: String) { rawValue = value }

  /// The text.
  public var description: String { rawValue }
}

extension ResourceVersion {
  /// The value of a version written as a decimal number, as etcd's and the local store's are; nil for any other text.
  ///
  /// It may only be used to tell old from new, and only among versions of one store: it counts nothing, other stores have
  /// other numbers, and so does a store that was set up anew.
  public var number: UInt64? {
    // `UInt64` would take a sign too, and no store writes leading zeros.
    guard let first = rawValue.utf8.first, rawValue.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      first != UInt8(ascii: "0") || rawValue.utf8.count == 1
    else { return nil }
    return UInt64(rawValue)
  }

  /// Whether this version of something came before `other`, in the same store; nil when that is not known.
  public func isOlder(than other: ResourceVersion) -> Bool? {
    guard let number, let other = other.number else { return nil }
    return number < other
  }
}

/// One object: its identity, and the whole of it as JSON.
public struct ClusterObject: Hashable, Sendable {
  /// `metadata.name`.
  public let name: String
  /// `metadata.namespace`; `nil` for a cluster-scoped object.
  public let namespace: String?
  /// `metadata.uid`.
  public let uid: String
  /// `metadata.resourceVersion`.
  public let resourceVersion: ResourceVersion
  /// The whole object, `apiVersion` and `kind` included, as one JSON document.
  public let json: [UInt8]

  /// An object from its parts; the caller answers for their agreement with `json`.
  public init(
    name: String, namespace: String?, uid: String, resourceVersion: ResourceVersion, json: [UInt8]
  ) {
    self.name = name
    self.namespace = namespace
    self.uid = uid
    self.resourceVersion = resourceVersion
    self.json = json
  }

  /// Where the object lies among those of its type.
  public var key: ObjectKey { ObjectKey(namespace: namespace, name: name) }
}

/// Where an object lies among those of its type; ordered as an API server lists.
public struct ObjectKey: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The namespace; `nil` for a cluster-scoped object.
  public let namespace: String?
  /// The name.
  public let name: String

  /// A key from its parts.
  public init(namespace: String?, name: String) {
    self.namespace = namespace
    self.name = name
  }

  /// `namespace/name`, or the name alone.
  public var description: String { namespace.map { "\($0)/\(name)" } ?? name }

  /// By namespace, then by name.
  public static func < (left: Self, right: Self) -> Bool {
    (left.namespace ?? "", left.name) < (right.namespace ?? "", right.name)
  }
}

/// What a watch tells.
public enum WatchEvent: Hashable, Sendable {
  /// The object is new.
  case added(ClusterObject)
  /// The object changed.
  case modified(ClusterObject)
  /// The object is gone; this is its last state, with the version of the deletion.
  case deleted(ClusterObject)
  /// Nothing changed up to this version: a later watch may start from it.
  case bookmark(ResourceVersion)

  /// The version to resume from once this event was dealt with.
  public var resourceVersion: ResourceVersion {
    switch self {
    case .added(let object), .modified(let object), .deleted(let object): object.resourceVersion
    case .bookmark(let version): version
    }
  }
}

/// What must still hold of an object for it to be deleted; otherwise the answer is `conflict`.
public struct Preconditions: Hashable, Sendable {
  /// The UID it must have, if any is asked for.
  public var uid: String?
  /// The resource version it must have, if any is asked for.
  public var resourceVersion: ResourceVersion?

  /// Preconditions; none by default.
  public init(uid: String? = nil, resourceVersion: ResourceVersion? = nil) {
    self.uid = uid
    self.resourceVersion = resourceVersion
  }
}
