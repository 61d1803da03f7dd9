internal import JSON
internal import KubernetesAPI

/// What a group of writes will have changed once it is committed.
struct GroupDraft {
  private struct Place: Hashable {
    let type: ResourceType
    let key: ObjectKey
  }

  /// The version the group leads to.
  private(set) var version: UInt64
  private(set) var changes: [Change] = []
  private(set) var entries: [JournalEntry] = []
  private var latest: [Place: Change] = [:]

  /// `entries` are written along with the changes.
  init(version: UInt64, entries: [JournalEntry]) {
    self.version = version
    self.entries = entries
  }

  /// The object as the group leaves it so far, if the group touches it.
  func object(_ type: ResourceType, _ key: ObjectKey) -> StoredObject? {
    latest[Place(type: type, key: key)]?.stored
  }

  /// Whether the group deletes the object.
  func isDeleted(_ type: ResourceType, _ key: ObjectKey) -> Bool {
    latest[Place(type: type, key: key)]?.kind == .deleted
  }

  /// Adds a change under the next version.
  mutating func add(_ draft: ObjectRules.Draft, type: ResourceType, former: StoredObject?) -> StoredObject {
    version += 1
    var value = draft.value
    value["metadata"]?["resourceVersion"] = .string(String(version))
    let object = ClusterObject(
      name: draft.key.name, namespace: draft.key.namespace, uid: draft.uid,
      resourceVersion: ResourceVersion(rawValue: String(version)), json: value.exactBytes)
    let mainVersion = draft.isMain ? version : former?.mainVersion ?? version
    let stored = StoredObject(object: object, mainVersion: mainVersion)
    let change = Change(kind: draft.kind, type: type, stored: stored, version: version)
    changes.append(change)
    latest[Place(type: type, key: draft.key)] = change
    entries.append(draft.kind == .deleted ? .remove(draft.key, type) : .put(stored, type))
    return stored
  }

  /// Remembers what was applied from a manifest, or that it is gone. `mainVersion` is that of the object it left.
  mutating func note(_ write: ObjectWrite, key: ObjectKey, mainVersion: UInt64) {
    switch write.operation {
    case .apply(let file):
      entries.append(
        .putManifest(
          AppliedManifest(
            type: write.type, key: key, file: file, content: write.json, mainVersion: mainVersion)))
    case .move(let file): entries.append(.moveManifest(key, write.type, file: file))
    case .retract: entries.append(.removeManifest(key, write.type))
    default: break
    }
  }
}

extension JSONValue {
  /// The document in an array without spare room, for those who keep it.
  var exactBytes: [UInt8] { bytes.withUnsafeBufferPointer { Array($0) } }
}
