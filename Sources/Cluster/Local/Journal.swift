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
  /// The manifest stands in another file than before.
  case moveManifest(ObjectKey, ResourceType, file: String)
  case removeManifest(ObjectKey, ResourceType)
  /// All of a manifest file was applied; it need not be read again while it is the same.
  case putFile(String, content: [UInt8])
  case removeFile(String)
}

/// The durable side of a `LocalCluster`: one SQLite database, held by one process.
///
/// A transaction is durable when `commit` has returned: write-ahead log, `synchronous=FULL`.
struct Journal: ~Copyable {
  let connection: SQLiteConnection
  private var statements: Statements
  /// The types of the objects and manifests, by qualified name.
  private(set) var types: [String: ResourceType]

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
    let types = try Self.types(connection)
    statements = try Statements(connection)
    self.types = types
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
    CREATE INDEX IF NOT EXISTS manifests_by_file ON manifests (file);
    CREATE TABLE IF NOT EXISTS files (path TEXT PRIMARY KEY, content BLOB NOT NULL);
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
  /// Writes all entries and the version they lead to, in one transaction. Durable once it has returned, unless a
  /// transaction of many groups is under way; when it throws, nothing of it was done.
  mutating func commit(_ entries: [JournalEntry], version: UInt64) throws(SQLiteError) {
    if connection.isInTransaction { return try write(entries, version) }
    let former = types
    do throws(SQLiteError) {
      try beginMany()
      try write(entries, version)
      try commitMany()
    } catch {
      // SQLite has rolled back already after some errors; a failure to do so shows at the next BEGIN.
      if connection.isInTransaction { try? connection.execute("ROLLBACK") }
      types = former
      throw error
    }
  }

  /// Begins a transaction of many groups. If one of them fails, the journal must be given up.
  mutating func beginMany() throws(SQLiteError) { try statements.begin.run() }

  /// Makes all groups since `beginMany` durable.
  mutating func commitMany() throws(SQLiteError) { try statements.commit.run() }

  private mutating func write(_ entries: [JournalEntry], _ version: UInt64) throws(SQLiteError) {
    for entry in entries { try write(entry) }
    try statements.putVersion.run(.integer(Int64(version)))
  }

  private mutating func write(_ entry: JournalEntry) throws(SQLiteError) {
    switch entry {
    case .put(let stored, let type):
      try declare(type)
      let object = stored.object
      try statements.putObject.run(
        .text(type.qualifiedName), .text(object.namespace ?? ""), .text(object.name), .text(object.uid),
        .integer(Int64(object.resourceVersion.rawValue) ?? 0), .integer(Int64(stored.mainVersion)),
        .bytes(object.json))
    case .remove(let key, let type):
      try statements.removeObject.run(.text(type.qualifiedName), .text(key.namespace ?? ""), .text(key.name))
    case .putManifest(let manifest):
      try declare(manifest.type)
      try statements.putManifest.run(
        .text(manifest.type.qualifiedName), .text(manifest.key.namespace ?? ""), .text(manifest.key.name),
        .text(manifest.file), .bytes(manifest.content), .integer(Int64(manifest.mainVersion)))
    case .moveManifest(let key, let type, let file):
      try statements.moveManifest.run(
        .text(file), .text(type.qualifiedName), .text(key.namespace ?? ""), .text(key.name))
    case .removeManifest(let key, let type):
      try statements.removeManifest.run(
        .text(type.qualifiedName), .text(key.namespace ?? ""), .text(key.name))
    case .putFile(let path, let content): try statements.putFile.run(.text(path), .bytes(content))
    case .removeFile(let path): try statements.removeFile.run(.text(path))
    }
  }

  private mutating func declare(_ type: ResourceType) throws(SQLiteError) {
    let name = type.qualifiedName
    guard types[name] != type else { return }
    try statements.putType.run(
      .text(name), .text(type.group), .text(type.version), .text(type.plural), .text(type.kind),
      .integer(type.isNamespaced ? 1 : 0), .integer(type.hasStatus ? 1 : 0))
    types[name] = type
  }

  private static func types(
    _ connection: borrowing SQLiteConnection
  ) throws(SQLiteError) -> [String: ResourceType] {
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
}

/// The statements used over and over.
private struct Statements: ~Copyable {
  var begin: SQLiteStatement
  var commit: SQLiteStatement
  var putObject: SQLiteStatement
  var removeObject: SQLiteStatement
  var putManifest: SQLiteStatement
  var removeManifest: SQLiteStatement
  var moveManifest: SQLiteStatement
  var putFile: SQLiteStatement
  var removeFile: SQLiteStatement
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
    let moveManifest = try connection.prepare("UPDATE manifests SET file = ? \(one)")
    let putFile = try connection.prepare("INSERT OR REPLACE INTO files VALUES (?, ?)")
    let removeFile = try connection.prepare("DELETE FROM files WHERE path = ?")
    let putType = try connection.prepare("INSERT OR REPLACE INTO types VALUES (?, ?, ?, ?, ?, ?, ?)")
    let putVersion = try connection.prepare("UPDATE store SET version = ?")
    self.begin = begin
    self.commit = commit
    self.putObject = putObject
    self.removeObject = removeObject
    self.putManifest = putManifest
    self.removeManifest = removeManifest
    self.moveManifest = moveManifest
    self.putFile = putFile
    self.removeFile = removeFile
    self.putType = putType
    self.putVersion = putVersion
  }
}
