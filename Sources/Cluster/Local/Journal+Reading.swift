internal import KubernetesAPI

/// An object that a manifest made or changed.
struct ManifestPlace: Hashable, Sendable {
  let type: ResourceType
  let key: ObjectKey
}

/// What the database holds, for opening the store.
extension Journal {
  /// The version of the last committed change.
  func version() throws(SQLiteError) -> UInt64 {
    UInt64(try connection.integer("SELECT version FROM store"))
  }

  /// Hands over every object.
  func objects(_ body: (StoredObject, ResourceType) -> Void) throws(SQLiteError) {
    var statement = try connection.prepare(
      "SELECT type, namespace, name, uid, version, main_version, json FROM objects")
    try statement.rows { row throws(SQLiteError) in
      let object = ClusterObject(
        name: row.text(2), namespace: Self.namespace(row.text(1)), uid: row.text(3),
        resourceVersion: ResourceVersion(rawValue: String(row.integer(4))), json: row.bytes(6))
      body(StoredObject(object: object, mainVersion: UInt64(row.integer(5))), try type(row.text(0)))
    }
  }

  /// What was applied from manifests, beside the place of each: the file, and the version of the write.
  func manifests(
    _ body: (ManifestPlace, String, UInt64) -> Void
  ) throws(SQLiteError) {
    var statement = try connection.prepare("SELECT type, namespace, name, file, main_version FROM manifests")
    try statement.rows { row throws(SQLiteError) in
      let key = ObjectKey(namespace: Self.namespace(row.text(1)), name: row.text(2))
      body(ManifestPlace(type: try type(row.text(0)), key: key), row.text(3), UInt64(row.integer(4)))
    }
  }

  /// What was applied last at a place, if anything.
  func manifest(at place: ManifestPlace) throws(SQLiteError) -> [UInt8]? {
    var statement = try connection.prepare(
      "SELECT content FROM manifests WHERE type = ? AND namespace = ? AND name = ?")
    var content: [UInt8]?
    try statement.rows(
      .text(place.type.qualifiedName), .text(place.key.namespace ?? ""), .text(place.key.name)
    ) { row throws(SQLiteError) in content = row.bytes(0) }
    return content
  }

  /// Whether a file was applied when it had exactly these bytes.
  func hasFile(_ path: String, _ content: [UInt8]) throws(SQLiteError) -> Bool {
    var statement = try connection.prepare("SELECT 1 FROM files WHERE path = ? AND content = ?")
    var isSame = false
    try statement.rows(.text(path), .bytes(content)) { _ throws(SQLiteError) in isSame = true }
    return isSame
  }

  /// The files that were applied.
  func files() throws(SQLiteError) -> Set<String> {
    var statement = try connection.prepare("SELECT path FROM files")
    var files: Set<String> = []
    try statement.rows { row throws(SQLiteError) in files.insert(row.text(0)) }
    return files
  }

  private func type(_ name: String) throws(SQLiteError) -> ResourceType {
    guard let type = types[name] else { throw .foreign("it does not say what \(name) are") }
    return type
  }

  private static func namespace(_ text: String) -> String? { text.isEmpty ? nil : text }
}
