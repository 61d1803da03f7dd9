/// The Events that were written lately, for equal ones to be counted up. It has a bound.
struct EventMemory {
  /// An Event that was written.
  struct Written {
    let name: String
    /// How often it happened; more than was written while writes came to nothing.
    var count: Int
    /// When it happened last, in seconds since 1970.
    var last: Int64
  }

  private var written: [EventContent: Written] = [:]
  private let limit: Int
  private let window: Int64

  init(limit: Int, window: Int64) {
    self.limit = limit
    self.window = window
  }

  /// How many are remembered.
  var count: Int { written.count }

  /// The Event that says the same, unless the last time is too long ago.
  func find(_ content: EventContent, at time: Int64) -> Written? {
    written[content].flatMap { time - $0.last < window ? $0 : nil }
  }

  /// Remembers an Event, in the place of the one longest unheard of if there is no room.
  mutating func remember(_ content: EventContent, _ event: Written) {
    if written[content] == nil, written.count >= limit {
      let oldest = written.min { $0.value.last < $1.value.last }
      if let oldest { written[oldest.key] = nil }
    }
    written[content] = event
  }

  /// Forgets an Event, which is not there any more.
  mutating func forget(_ content: EventContent) { written[content] = nil }
}
