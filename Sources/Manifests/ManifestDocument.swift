public import JSON

/// One object as it was written.
public struct ManifestDocument: Sendable {
  /// The object. Nothing is known of it: it may be a scalar.
  public let value: JSONValue
  /// The file it stands in, by the path it was found under.
  public let file: String
  /// Where its values stand in the file.
  public let positions: ManifestPositions

  /// The line it begins in, from 1.
  public var line: Int { positions.start.line }
  /// The column it begins in, from 1.
  public var column: Int { positions.start.column }
}

/// A place in a text: lines and columns from 1, columns counted in Unicode scalars.
public struct ManifestPosition: Hashable, Sendable {
  /// The line.
  public let line: Int
  /// The column.
  public let column: Int

  /// A place.
  public init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }
}

/// Where the values of one document stand.
public struct ManifestPositions: Sendable {
  /// Where the document begins.
  public let start: ManifestPosition
  /// By pointer from the root of the text's own document; empty if positions are not kept.
  private let table: [JSONPointer: ManifestPosition]
  /// Where in the text's own document this one lies: not empty for an item of a `List`.
  private let base: JSONPointer

  init(start: ManifestPosition, table: [JSONPointer: ManifestPosition], base: JSONPointer = JSONPointer()) {
    self.start = start
    self.table = table
    self.base = base
  }

  /// The place of the value at `pointer`; of the nearest value around it if there is none, so that a missing field is
  /// shown at the object that misses it. A scalar's place is its own; that of an object or array is its key.
  public func position(of pointer: JSONPointer) -> ManifestPosition {
    var tokens = base.tokens + pointer.tokens
    while tokens.count > base.tokens.count {
      if let found = table[JSONPointer(tokens: tokens)] { return found }
      tokens.removeLast()
    }
    return start
  }

  /// The positions of what lies below.
  func below(_ tokens: String...) -> ManifestPositions {
    let base = JSONPointer(tokens: self.base.tokens + tokens)
    return ManifestPositions(start: table[base] ?? start, table: table, base: base)
  }
}
