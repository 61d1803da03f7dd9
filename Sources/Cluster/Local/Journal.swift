internal import KubernetesAPI

/// What was applied from a manifest, to tell later whether the manifest or the object has changed since.
struct AppliedManifest: Sendable {
  let type: ResourceType
  let key: ObjectKey
  /// The file it came from, as a person would name it.
  let file: String
  /// The document as it was applied, byte for byte.
  let content: [UInt8]
  /// `StoredObject.mainVersion` right after it was applied.
  let mainVersion: UInt64
}

/// What one write does to the database.
enum JournalEntry: Sendable {
  case put(StoredObject, ResourceType)
  case remove(ObjectKey, ResourceType)
  case putManifest(AppliedManifest)
  case removeManifest(ObjectKey, ResourceType)
}

/// The durable side of a `LocalCluster`: one SQLite database, held by one process.
///
/// A transaction is durable when `commit` has returned: write-ahead log, `synchronous=FULL`.
struct Journal: ~Copyable {
  private let connection: SQLiteConnection
  private var statements: Statements
  private var writtenTypes: Set<ResourceType> = []

  /// Marks the file as ours: "spwh".
  private static let applicationID: Int64 = 0x7370_7768
  private static let format: Int64 = 1

  /// Opens or creates the database and takes it for this process alone.
  static func open(path: String, maximumBytes: Int?) throws(LocalClusterError) -> Journal {
    do throws(SQLiteError) {
      let connection = try taken(path)
      if let problem = try problem(of: connection) { throw SQLiteError.foreign(problem) }
      return try Journal(of: connection, maximumBytes: maximumBytes)
    } catch {
      throw LocalClusterError(opening: path, error)
    }
  }

  private static func taken(_ path: String) throws(SQLiteError) -> SQLiteConnection {
    let connection = try SQLiteConnection(path: path)
    // Exclusive locking keeps other processes out for as long as we live, and needs no shared-memory file.
    try connection.execute(
      "PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_size=-1024; BEGIN EXCLUSIVE; COMMIT")
    return connection
  }

  private init(of connection: consuming SQLiteConnection, maximumBytes: Int?) throws(SQLiteError) {
    try connection.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL")
    // In one transaction, so that a crash leaves either an empty database or one of ours.
    try connection.execute(
      """
      BEGIN IMMEDIATE; \(Self.schema)
      PRAGMA application_id=\(Self.applicationID); PRAGMA user_version=\(Self.format); COMMIT
      """)
    if let maximumBytes {
      let pages = max(1, Int64(maximumBytes) / (try connection.integer("PRAGMA page_size")))
      try connection.execute("PRAGMA max_page_count=\(pages)")
    }
    statements = try Statements(connection)
    self.connection = connection
  }

  private static let schema = """
    CREATE TABLE IF NOT EXISTS store (version INTEGER NOT NULL);
    INSERT INTO store SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM store);
    CREATE TABLE IF NOT EXISTS types (
      name TEXT PRIMARY KEY, "group" TEXT NOT NULL, version TEXT NOT NULL, plural TEXT NOT NULL,
      kind TEXT NOT NULL, namespaced INTEGER NOT NULL, status INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS objects (
      type TEXT NOT NULL REFERENCES types, namespace TEXT NOT NULL, name TEXT NOT NULL, uid TEXT NOT NULL,
      version INTEGER NOT NULL, main_version INTEGER NOT NULL, json BLOB NOT NULL,
      PRIMARY KEY (type, namespace, name));
    CREATE TABLE IF NOT EXISTS manifests (
      type TEXT NOT NULL REFERENCES types, namespace TEXT NOT NULL, name TEXT NOT NULL, file TEXT NOT NULL,
      content BLOB NOT NULL, main_version INTEGER NOT NULL, PRIMARY KEY (type, namespace, name));
    """

  /// Why the database found must be left alone; nil for one of ours, and for an empty one.
  private static func problem(of connection: borrowing SQLiteConnection) throws(SQLiteError) -> String? {
    let owner = try connection.integer("PRAGMA application_id")
    let format = try connection.integer("PRAGMA user_version")
    if owner == applicationID {
      guard format == Self.format else {
        return "it has format \(format), and this program reads \(Self.format)"
      }
      guard
        try connection.integer("SELECT count(*) FROM pragma_quick_check(1) WHERE quick_check <> 'ok'") == 0
      else { return "it is damaged" }
      return nil
    }
    guard owner == 0, try connection.integer("SELECT count(*) FROM sqlite_schema") == 0 else {
      return "it was made by another program"
    }
    return nil
  }
}

extension Journal {
  /// The version of the last committed change.
  func version() throws(SQLiteError) -> UInt64 {
    UInt64(try connection.integer("SELECT version FROM store"))
  }

  /// Hands over every object.
  func objects(_ body: (StoredObject, ResourceType) -> Void) throws(SQLiteError) {
    let types = try types()
    var statement = try connection.prepare(
      "SELECT type, namespace, name, uid, version, main_version, json FROM objects")
    try statement.rows { row throws(SQLiteError) in
      guard let type = types[row.text(0)] else { return }
      let object = ClusterObject(
        name: row.text(2), namespace: Self.namespace(row.text(1)), uid: row.text(3),
        resourceVersion: ResourceVersion(rawValue: String(row.integer(4))), json: row.bytes(6))
      body(StoredObject(object: object, mainVersion: UInt64(row.integer(5))), type)
    }
  }

  /// What was applied last for an object, if it came from a manifest.
  mutating func manifest(_ type: ResourceType, _ key: ObjectKey) throws(SQLiteError) -> [UInt8]? {
    var content: [UInt8]?
    try statements.findManifest.rows(.text(type.qualifiedName), .text(key.namespace ?? ""), .text(key.name)) {
      row throws(SQLiteError) in content = row.bytes(0)
    }
    return content
  }

  /// Hands over the objects that manifests made, with the version of that write.
  func manifests(_ body: (ResourceType, ObjectKey, UInt64) -> Void) throws(SQLiteError) {
    let types = try types()
    var statement = try connection.prepare("SELECT type, namespace, name, main_version FROM manifests")
    try statement.rows { row throws(SQLiteError) in
      guard let type = types[row.text(0)] else { return }
      body(type, ObjectKey(namespace: Self.namespace(row.text(1)), name: row.text(2)), UInt64(row.integer(3)))
    }
  }

  /// Writes all entries and the version they lead to, in one transaction. Durable once it has returned; when it
  /// throws, nothing of it was done.
  mutating func commit(_ entries: [JournalEntry], version: UInt64) throws(SQLiteError) {
    var newTypes: Set<ResourceType> = []
    do throws(SQLiteError) {
      try statements.begin.run()
      for entry in entries { try write(entry, &newTypes) }
      try statements.putVersion.run(.integer(Int64(version)))
      try statements.commit.run()
    } catch {
      // SQLite has rolled back already after some errors; a failure to do so shows at the next BEGIN.
      if connection.isInTransaction { try? connection.execute("ROLLBACK") }
      throw error
    }
    writtenTypes.formUnion(newTypes)
  }

  private mutating func write(_ entry: JournalEntry, _ newTypes: inout Set<ResourceType>) throws(SQLiteError)
  {
    switch entry {
    case .put(let stored, let type):
      try declare(type, &newTypes)
      let object = stored.object
      try statements.putObject.run(
        .text(type.qualifiedName), .text(object.namespace ?? ""), .text(object.name), .text(object.uid),
        .integer(Int64(object.resourceVersion.rawValue) ?? 0), .integer(Int64(stored.mainVersion)),
        .bytes(object.json))
    case .remove(let key, let type):
      try statements.removeObject.run(.text(type.qualifiedName), .text(key.namespace ?? ""), .text(key.name))
    case .putManifest(let manifest):
      try declare(manifest.type, &newTypes)
      try statements.putManifest.run(
        .text(manifest.type.qualifiedName), .text(manifest.key.namespace ?? ""), .text(manifest.key.name),
        .text(manifest.file), .bytes(manifest.content), .integer(Int64(manifest.mainVersion)))
    case .removeManifest(let key, let type):
      try statements.removeManifest.run(
        .text(type.qualifiedName), .text(key.namespace ?? ""), .text(key.name))
    }
  }

  private mutating func declare(
    _ type: ResourceType, _ newTypes: inout Set<ResourceType>
  ) throws(SQLiteError) {
    guard !writtenTypes.contains(type), newTypes.insert(type).inserted else { return }
    try statements.putType.run(
      .text(type.qualifiedName), .text(type.group), .text(type.version), .text(type.plural), .text(type.kind),
      .integer(type.isNamespaced ? 1 : 0), .integer(type.hasStatus ? 1 : 0))
  }

  private func types() throws(SQLiteError) -> [String: ResourceType] {
    var types: [String: ResourceType] = [:]
    var statement = try connection.prepare(
      "SELECT name, \"group\", version, plural, kind, namespaced, status FROM types")
    try statement.rows { row throws(SQLiteError) in
      types[row.text(0)] = ResourceType(
        group: row.text(1), version: row.text(2), plural: row.text(3), kind: row.text(4),
        isNamespaced: row.integer(5) != 0, hasStatus: row.integer(6) != 0)
    }
    return types
  }

  private static func namespace(_ text: String) -> String? { text.isEmpty ? nil : text }
}

/// The statements used over and over.
private struct Statements: ~Copyable {
  var begin: SQLiteStatement
  var commit: SQLiteStatement
  var putObject: SQLiteStatement
  var removeObject: SQLiteStatement
  var putManifest: SQLiteStatement
  var removeManifest: SQLiteStatement
  var findManifest: SQLiteStatement
  var putType: SQLiteStatement
  var putVersion: SQLiteStatement

  init(_ connection: borrowing SQLiteConnection) throws(SQLiteError) {
    let one = "WHERE type = ? AND namespace = ? AND name = ?"
    let begin = try connection.prepare("BEGIN IMMEDIATE")
    let commit = try connection.prepare("COMMIT")
    let putObject = try connection.prepare("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, ?, ?)")
    let removeObject = try connection.prepare("DELETE FROM objects \(one)")
    let putManifest = try connection.prepare("INSERT OR REPLACE INTO manifests VALUES (?, ?, ?, ?, ?, ?)")
    let removeManifest = try connection.prepare("DELETE FROM manifests \(one)")
    let findManifest = try connection.prepare("SELECT content FROM manifests \(one)")
    let putType = try connection.prepare("INSERT OR REPLACE INTO types VALUES (?, ?, ?, ?, ?, ?, ?)")
    let putVersion = try connection.prepare("UPDATE store SET version = ?")
    self.begin = begin
    self.commit = commit
    self.putObject = putObject
    self.removeObject = removeObject
    self.putManifest = putManifest
    self.removeManifest = removeManifest
    self.findManifest = findManifest
    self.putType = putType
    self.putVersion = putVersion
  }
}
