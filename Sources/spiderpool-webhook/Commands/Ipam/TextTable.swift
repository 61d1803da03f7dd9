/// Lines of columns, as kubectl prints them.
struct TextTable {
  private var rows: [[String]]

  /// A table with a heading alone.
  init(_ heading: [String]) { rows = [heading] }

  /// Adds a row with a cell for each column; an empty cell is shown as a dash.
  mutating func add(_ row: [String]) {
    precondition(row.count == rows[0].count, "every row has a cell for each column")
    rows.append(row.map { $0.isEmpty ? "-" : $0 })
  }

  /// The lines, without a final line feed and without blanks at their ends.
  var text: String {
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
      let line = cells.joined(separator: "   ")
      return String(line[..<(line.lastIndex { $0 != " " }.map(line.index(after:)) ?? line.startIndex)])
    }.joined(separator: "\n")
  }
}
