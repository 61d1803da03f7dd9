/// Names that someone who wrote another one may have meant.
enum NameSuggestion {
  /// More differences than this are no slip of the keyboard.
  private static let maximumDistance = 2
  private static let maximumShown = 3

  /// What to put behind "there is no such pool": the names that come close, or else those that exist.
  static func text(for wanted: String, among names: [String], what: String) -> String {
    if names.isEmpty { return "there is no \(what) yet" }
    let close = closest(to: wanted, among: names)
    if close.isEmpty { return "the \(what)s are \(listed(names))" }
    return "did you mean \(close.joined(separator: " or "))?"
  }

  /// The first few names, and how many more there are.
  static func listed(_ names: [String]) -> String {
    let shown = names.prefix(maximumShown).joined(separator: ", ")
    return names.count > maximumShown ? "\(shown) and \(names.count - maximumShown) more" : shown
  }

  /// The names with the fewest differences, in their own order.
  static func closest(to wanted: String, among names: [String]) -> [String] {
    let wanted = Array(wanted.utf8)
    // A third of a short name is as good as another name.
    var best = min(maximumDistance, wanted.count / 3)
    var found: [String] = []
    for name in names where abs(name.utf8.count - wanted.count) <= best {
      let distance = distance(wanted, Array(name.utf8), limit: best)
      if distance > best { continue }
      if distance < best { found = [] }
      best = distance
      if found.count < maximumShown { found.append(name) }
    }
    return found
  }

  /// How many characters must be added, taken out or replaced (Levenshtein), or more than `limit`. Only the cells within the
  /// limit of the diagonal are looked at, so it is linear in the length.
  static func distance(_ a: [UInt8], _ b: [UInt8], limit: Int) -> Int {
    guard abs(a.count - b.count) <= limit else { return limit + 1 }
    var row = (0...b.count).map { min($0, limit + 1) }
    for i in 0..<a.count {
      let (low, high) = (max(0, i - limit), min(b.count, i + 1 + limit))
      var diagonal = row[low]
      row[low] = low == 0 ? min(i + 1, limit + 1) : limit + 1
      for j in low..<max(low, high) {
        let above = j + 1 <= i + limit ? row[j + 1] : limit + 1
        let cell = min(diagonal + (a[i] == b[j] ? 0 : 1), above + 1, row[j] + 1)
        diagonal = row[j + 1]
        row[j + 1] = min(cell, limit + 1)
      }
    }
    return row[b.count]
  }
}
