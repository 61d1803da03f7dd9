internal import Cluster

/// Cuts a stream of bytes into lines, however they arrive.
struct LineSplitter {
  private let maximumBytes: Int
  /// The beginning of a line whose end has not come.
  private var rest: [UInt8] = []

  /// - Parameter maximumBytes: of one line; a longer one is an error.
  init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

  /// Whether a line has begun and not ended.
  var isInsideLine: Bool { !rest.isEmpty }

  /// Adds `bytes`, and returns every line that they complete, without its line feed; empty lines are left out.
  mutating func lines(adding bytes: [UInt8]) throws(ClusterError) -> [[UInt8]] {
    var lines: [[UInt8]] = []
    var start = 0
    while let end = bytes[start...].firstIndex(of: 0x0A) {
      let line = rest + bytes[start..<end]
      rest = []
      start = end + 1
      try check(line.count)
      if line.contains(where: { $0 != 0x0D && $0 != 0x20 }) { lines.append(line) }
    }
    try check(rest.count + bytes.count - start)
    rest.append(contentsOf: bytes[start...])
    return lines
  }

  private func check(_ count: Int) throws(ClusterError) {
    guard count <= maximumBytes else {
      throw .malformed("a watch event is longer than \(maximumBytes) bytes")
    }
  }
}
