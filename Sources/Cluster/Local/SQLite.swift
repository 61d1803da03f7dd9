internal import CSQLite

// The only file that calls SQLite. Handles have one noncopyable owner each, and no pointer leaves this file.

/// What SQLite said, and while doing what.
struct SQLiteError: Error, CustomStringConvertible {
  /// The extended result code.
  let code: Int32
  /// SQLite's own sentence.
  let message: String

  /// A database in good order that is not for us to use, and why.
  static func foreign(_ reason: String) -> SQLiteError { SQLiteError(code: SQLITE_NOTADB, message: reason) }

  /// The result code without its extension.
  private var primary: Int32 { code & 0xff }
  /// Another process holds the database.
  var isBusy: Bool { primary == SQLITE_BUSY || primary == SQLITE_LOCKED }
  /// The file is no database, or a damaged one.
  var isDamage: Bool { primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB }
  /// The next write may go well without anyone looking at the disk: nothing was torn.
  var isPassing: Bool { primary == SQLITE_FULL || primary == SQLITE_READONLY || isBusy }

  var description: String { "\(message) (SQLite code \(code))" }
}

/// An open database, used by one thread at a time.
struct SQLiteConnection: ~Copyable {
  fileprivate let handle: OpaquePointer

  /// Opens the database in a file, and creates it if there is none.
  init(path: String) throws(SQLiteError) {
    var handle: OpaquePointer?
    let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
    let code = sqlite3_open_v2(path, &handle, flags, nil)
    guard code == SQLITE_OK, let handle else {
      let error = SQLiteError(code: code, message: handle.map(Self.message) ?? "out of memory")
      sqlite3_close_v2(handle)
      throw error
    }
    self.handle = handle
  }

  deinit { sqlite3_close_v2(handle) }

  /// Runs statements that have no parameters and no results of interest.
  func execute(_ sql: String) throws(SQLiteError) {
    let code = sqlite3_exec(handle, sql, nil, nil, nil)
    guard code == SQLITE_OK else { throw SQLiteError(code: code, message: Self.message(handle)) }
  }

  /// The single integer that a query gives; 0 if it gives no row.
  func integer(_ sql: String) throws(SQLiteError) -> Int64 {
    var statement = try prepare(sql)
    var value: Int64 = 0
    try statement.rows { row throws(SQLiteError) in value = row.integer(0) }
    return value
  }

  /// Compiles one statement. The statement must not outlive the connection by use; SQLite keeps the memory valid.
  func prepare(_ sql: String) throws(SQLiteError) -> SQLiteStatement {
    var statement: OpaquePointer?
    let code = sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
    guard code == SQLITE_OK, let statement else {
      throw SQLiteError(code: code, message: Self.message(handle))
    }
    return SQLiteStatement(handle: statement)
  }

  /// Whether a transaction is open: SQLite itself ends one on some errors.
  var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

  fileprivate static func message(_ handle: OpaquePointer) -> String {
    sqlite3_errmsg(handle).map { String(cString: $0) } ?? "unknown error"
  }
}

/// A compiled statement, used again and again.
struct SQLiteStatement: ~Copyable {
  fileprivate let handle: OpaquePointer

  deinit { sqlite3_finalize(handle) }

  /// Runs the statement with these parameters and no interest in its rows.
  mutating func run(_ parameters: SQLiteParameter...) throws(SQLiteError) {
    defer { reset() }
    try bind(parameters)
    while try step() {}
  }

  /// Runs the statement with these parameters and hands over each row.
  mutating func rows(
    _ parameters: SQLiteParameter..., body: (borrowing SQLiteRow) throws(SQLiteError) -> Void
  ) throws(SQLiteError) {
    defer { reset() }
    try bind(parameters)
    while try step() { try body(SQLiteRow(handle: handle)) }
  }

  private func step() throws(SQLiteError) -> Bool {
    switch sqlite3_step(handle) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    case let code:
      let message = sqlite3_db_handle(handle).map(SQLiteConnection.message) ?? "unknown error"
      throw SQLiteError(code: code, message: message)
    }
  }

  private func reset() {
    sqlite3_reset(handle)
    sqlite3_clear_bindings(handle)
  }

  private func bind(_ parameters: [SQLiteParameter]) throws(SQLiteError) {
    for (offset, parameter) in parameters.enumerated() {
      let index = Int32(offset + 1)
      let code =
        switch parameter {
        case .integer(let value): sqlite3_bind_int64(handle, index, value)
        case .text(let value):
          sqlite3_bind_text(handle, index, value, Int32(value.utf8.count), CSQLite_transient())
        case .bytes(let value):
          value.withUnsafeBytes {
            sqlite3_bind_blob64(handle, index, $0.baseAddress, UInt64($0.count), CSQLite_transient())
          }
        }
      guard code == SQLITE_OK else { throw SQLiteError(code: code, message: "parameter \(index)") }
    }
  }
}

/// A value bound to a statement.
enum SQLiteParameter {
  case integer(Int64)
  case text(String)
  case bytes([UInt8])
}

/// The current row of a statement; valid until the statement goes on.
struct SQLiteRow: ~Copyable {
  fileprivate let handle: OpaquePointer

  /// The integer in a column.
  func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

  /// The text in a column.
  func text(_ column: Int32) -> String { String(decoding: bytes(column), as: UTF8.self) }

  /// The bytes in a column.
  func bytes(_ column: Int32) -> [UInt8] {
    guard let start = sqlite3_column_blob(handle, column) else { return [] }
    let count = Int(sqlite3_column_bytes(handle, column))
    return Array(UnsafeRawBufferPointer(start: start, count: count))
  }
}
