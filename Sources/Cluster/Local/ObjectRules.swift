internal import JSON
internal import KubernetesAPI

/// What an API server makes of a write: pure, one object at a time.
struct ObjectRules {
  /// What a write leads to.
  enum Verdict {
    /// Nothing to store: the object is already as asked, or was never there.
    case unchanged
    /// The object as it shall be, still with its former resource version.
    case changed(Draft)
  }

  /// An object to be stored, or to be forgotten, under a version that is not known yet.
  struct Draft {
    let kind: Change.Kind
    let key: ObjectKey
    let uid: String
    var value: JSONValue
    /// Whether anything but the status is written.
    let isMain: Bool
  }

  /// Facts that only a server adds.
  struct Origin {
    /// `metadata.creationTimestamp` and `deletionTimestamp`, as RFC 3339.
    let timestamp: String
    /// A UID for a new object.
    let uid: String
    /// What completes a `generateName`.
    let suffix: String
  }

  let type: ResourceType
  let origin: Origin

  /// Where a new object comes from, and what it may therefore bring along.
  enum Source {
    /// A client: it gets a new UID, and no status if that has a subresource.
    case client
    /// A review: the API server has given it its UID.
    case review
    /// A manifest, possibly a copy of a live object: UID, status and a pending deletion are kept.
    case manifest
  }

  /// The key an object asks for, its name generated if need be.
  func key(of incoming: JSONValue, namespace: String?) throws(ClusterError) -> ObjectKey {
    let metadata = incoming["metadata"]
    var name = metadata?["name"]?.string ?? ""
    if name.isEmpty, let prefix = metadata?["generateName"]?.string, !prefix.isEmpty {
      name = prefix + origin.suffix
    }
    guard !name.isEmpty else { throw .invalid("metadata.name or metadata.generateName is required") }
    return ObjectKey(namespace: try self.namespace(metadata, namespace), name: name)
  }

  private func namespace(_ metadata: JSONValue?, _ asked: String?) throws(ClusterError) -> String? {
    guard type.isNamespaced else { return nil }
    let own = metadata?["namespace"]?.string.flatMap { $0.isEmpty ? nil : $0 }
    if let own, let asked, own != asked {
      throw .invalid("metadata.namespace is \(own), and the request is for \(asked)")
    }
    guard let namespace = own ?? asked else { throw .invalid("\(type.kind) needs a namespace") }
    return namespace
  }

  /// The object a creation makes, where there is none yet.
  func create(_ incoming: JSONValue, key: ObjectKey, from source: Source) throws(ClusterError) -> Draft {
    var value = try identified(incoming)
    let name = key.name
    guard name.utf8.count <= 253, name != ".", name != "..", !name.contains("/"), !name.contains("%") else {
      throw .invalid("metadata.name \(name) is no name for an object")
    }
    var metadata = value["metadata"] ?? .object(JSONObject())
    if source == .client, let version = metadata["resourceVersion"]?.string, !version.isEmpty {
      throw .invalid("metadata.resourceVersion must not be set on an object to be created")
    }
    var uid = metadata["uid"]?.string ?? ""
    if source == .client || uid.isEmpty { uid = origin.uid }
    metadata["name"] = .string(key.name)
    metadata["namespace"] = key.namespace.map { .string($0) }
    metadata["uid"] = .string(uid)
    metadata["generation"] = 1
    if source == .client || metadata["creationTimestamp"]?.string == nil {
      metadata["creationTimestamp"] = .string(origin.timestamp)
    }
    if source != .manifest || Self.finalizers(value).isEmpty {
      metadata["deletionTimestamp"] = nil
      metadata["deletionGracePeriodSeconds"] = nil
    }
    value["metadata"] = metadata
    if type.hasStatus, source != .manifest { value["status"] = nil }
    return Draft(kind: .added, key: key, uid: uid, value: value, isMain: true)
  }

  /// The object after a write of everything but its status.
  func update(
    _ existing: JSONValue, of key: ObjectKey, with incoming: JSONValue
  ) throws(ClusterError) -> Verdict {
    try checkConditions(existing, key, incoming)
    var value = try identified(incoming)
    if type.hasStatus { value["status"] = existing["status"] }
    return try finish(existing, key, value)
  }

  /// The object after a write of its status.
  func updateStatus(
    _ existing: JSONValue, of key: ObjectKey, with incoming: JSONValue
  ) throws(ClusterError) -> Verdict {
    guard type.hasStatus else { return try update(existing, of: key, with: incoming) }
    try checkConditions(existing, key, incoming)
    var value = existing
    value["status"] = incoming["status"]
    if value == existing { return .unchanged }
    return .changed(
      Draft(kind: .modified, key: key, uid: Self.uid(existing), value: value, isMain: false))
  }

  /// The object after a merge patch: an update with what the patch makes of the present object, so that only a version in
  /// the patch itself makes a condition.
  func patch(
    _ existing: JSONValue, of key: ObjectKey, with patch: JSONValue
  ) throws(ClusterError) -> Verdict {
    guard patch.object != nil else { throw .invalid("the patch is not a JSON object") }
    // An update for another UID is a conflict; a patch that would change the UID is an error, as at the API server.
    if let uid = patch["metadata"]?["uid"]?.string, !uid.isEmpty, uid != Self.uid(existing) {
      throw .invalid("metadata.uid: \(uid) is not the UID of \(described(key)), which cannot be changed")
    }
    var value = existing
    value.merge(patch)
    return try update(existing, of: key, with: value)
  }

  /// The object after a deletion: gone, or terminating while it has finalizers.
  func delete(
    _ existing: JSONValue, of key: ObjectKey, preconditions: Preconditions
  ) throws(ClusterError) -> Verdict {
    let uid = Self.uid(existing)
    if let asked = preconditions.uid, asked != uid {
      throw .conflict("\(described(key)) has the UID \(uid), and the deletion asks for \(asked)")
    }
    if let asked = preconditions.resourceVersion { try checkVersion(existing, key, asked.rawValue) }
    if Self.finalizers(existing).isEmpty {
      return .changed(Draft(kind: .deleted, key: key, uid: uid, value: existing, isMain: true))
    }
    if Self.isTerminating(existing) { return .unchanged }
    var value = existing
    value["metadata"]?["deletionTimestamp"] = .string(origin.timestamp)
    value["metadata"]?["deletionGracePeriodSeconds"] = 0
    value["metadata"]?["generation"] = .int(Self.generation(existing) + 1)
    return .changed(Draft(kind: .modified, key: key, uid: uid, value: value, isMain: true))
  }

  /// The object after an admitted update: what the API server decided counts, whatever versions it has.
  func recordUpdate(
    _ existing: JSONValue, of key: ObjectKey, with incoming: JSONValue
  ) throws(ClusterError) -> Verdict {
    var value = try identified(incoming)
    if type.hasStatus { value["status"] = existing["status"] }
    var base = existing
    if let deletion = incoming["metadata"]?["deletionTimestamp"], deletion.string != nil {
      base["metadata"]?["deletionTimestamp"] = deletion
    }
    return try finish(base, key, value, before: existing)
  }

  /// The object after its manifest changed: labels and annotations that others added stay, the rest is the manifest's.
  func apply(
    _ existing: JSONValue, of key: ObjectKey, manifest: JSONValue
  ) throws(ClusterError) -> Verdict {
    var value = try identified(manifest)
    value["status"] = existing["status"] ?? manifest["status"]
    for field in ["labels", "annotations"] {
      guard var merged = existing["metadata"]?[field]?.object else { continue }
      for member in manifest["metadata"]?[field]?.object ?? JSONObject() { merged[member.key] = member.value }
      value["metadata"]?[field] = .object(merged)
    }
    for field in ["finalizers", "ownerReferences"] where value["metadata"]?[field] == nil {
      value["metadata"]?[field] = existing["metadata"]?[field]
    }
    return try finish(existing, key, value)
  }

  /// Whether an admitted creation is the one that made `existing`, told again.
  func isReplay(_ existing: JSONValue, _ incoming: JSONValue) throws(ClusterError) -> Bool {
    if let uid = incoming["metadata"]?["uid"]?.string, !uid.isEmpty { return uid == Self.uid(existing) }
    guard
      case .unchanged = try recordUpdate(existing, of: ObjectKey(namespace: nil, name: ""), with: incoming)
    else { return false }
    return true
  }
}

extension ObjectRules {
  private static let serverOwned = [
    "name", "namespace", "generateName", "uid", "resourceVersion", "creationTimestamp", "deletionTimestamp",
    "deletionGracePeriodSeconds", "generation", "selfLink",
  ]

  /// Lays what only the server may change over a main write, and sees what the write then comes to.
  private func finish(
    _ base: JSONValue, _ key: ObjectKey, _ incoming: JSONValue, before: JSONValue? = nil
  ) throws(ClusterError) -> Verdict {
    let existing = before ?? base
    var value = incoming
    var metadata = incoming["metadata"] ?? .object(JSONObject())
    for field in Self.serverOwned { metadata[field] = base["metadata"]?[field] }
    value["metadata"] = metadata
    if Self.isTerminating(base) {
      let former = Set(Self.finalizers(existing))
      guard former.isSuperset(of: Self.finalizers(value)) else {
        throw .invalid("metadata.finalizers: none can be added to \(described(key)), which is being deleted")
      }
      if Self.finalizers(value).isEmpty {
        return .changed(
          Draft(kind: .deleted, key: key, uid: Self.uid(existing), value: value, isMain: true))
      }
    }
    if value == existing { return .unchanged }
    if Self.content(value) != Self.content(existing) {
      value["metadata"]?["generation"] = .int(Self.generation(existing) + 1)
    }
    return .changed(Draft(kind: .modified, key: key, uid: Self.uid(existing), value: value, isMain: true))
  }

  /// The object with `apiVersion` and `kind` of its type, and without what this store does not keep.
  private func identified(_ incoming: JSONValue) throws(ClusterError) -> JSONValue {
    guard incoming.object != nil else { throw .invalid("the object is not a JSON object") }
    var value = incoming
    for (field, expected) in [("apiVersion", type.apiVersion), ("kind", type.kind)] {
      guard let found = value[field]?.string else { throw .invalid("\(field) is missing") }
      guard found == expected else {
        throw .invalid("\(field) is \(found), and the request is for \(expected)")
      }
    }
    value["metadata"]?["managedFields"] = nil
    return value
  }

  private func checkConditions(
    _ existing: JSONValue, _ key: ObjectKey, _ incoming: JSONValue
  ) throws(ClusterError) {
    let metadata = incoming["metadata"]
    if let name = metadata?["name"]?.string, name != key.name {
      throw .invalid("metadata.name is \(name), and the request is for \(key.name)")
    }
    if type.isNamespaced { _ = try namespace(metadata, key.namespace) }
    if let uid = metadata?["uid"]?.string, !uid.isEmpty, uid != Self.uid(existing) {
      throw .conflict("\(described(key)) has the UID \(Self.uid(existing)), and the write is for \(uid)")
    }
    if let version = metadata?["resourceVersion"]?.string, !version.isEmpty {
      try checkVersion(existing, key, version)
    } else if type.isCustom {
      throw .invalid("metadata.resourceVersion: must be specified for an update of \(described(key))")
    }
  }

  private func checkVersion(_ existing: JSONValue, _ key: ObjectKey, _ asked: String) throws(ClusterError) {
    guard asked != existing["metadata"]?["resourceVersion"]?.string else { return }
    throw .conflict("\(described(key)) has been modified; read the latest version and try again")
  }

  /// `spiderippools.spiderpool.spidernet.io "name"`, as the API server's messages name an object.
  func described(_ key: ObjectKey) -> String { "\(type.qualifiedName) \"\(key)\"" }

  private static func uid(_ value: JSONValue) -> String { value["metadata"]?["uid"]?.string ?? "" }

  private static func generation(_ value: JSONValue) -> Int64 { value["metadata"]?["generation"]?.int ?? 0 }

  private static func isTerminating(_ value: JSONValue) -> Bool {
    value["metadata"]?["deletionTimestamp"]?.string != nil
  }

  private static func finalizers(_ value: JSONValue) -> [String] {
    value["metadata"]?["finalizers"]?.array?.compactMap(\.string) ?? []
  }

  /// What a generation counts the changes of.
  private static func content(_ value: JSONValue) -> JSONValue {
    var content = value
    content["metadata"] = nil
    content["status"] = nil
    return content
  }
}

extension ResourceType {
  /// Whether a CustomResourceDefinition makes the type: such objects are updated under a version only.
  fileprivate var isCustom: Bool { group.contains(".") && !group.hasSuffix(".k8s.io") }
}
