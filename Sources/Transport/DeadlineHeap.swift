/// The sources that have a deadline, earliest first: a binary heap in which every source knows its place.
///
/// A deadline that moves later is not touched until its old time comes, so a busy connection costs nothing here.
struct DeadlineHeap {
  private var sources: [EventSource] = []

  /// The time at which there may be something to do; `.max` for never.
  var earliest: UInt64 {
    sources.first?.armedDeadline ?? .max
  }

  var count: Int { sources.count }

  /// Files `source` under its deadline, new or earlier than before.
  mutating func arm(_ source: EventSource) {
    source.armedDeadline = source.deadline
    if source.heapIndex < 0 {
      source.heapIndex = sources.count
      sources.append(source)
    }
    siftUp(source.heapIndex)
  }

  /// Takes `source` out, if it is in.
  mutating func remove(_ source: EventSource) {
    let index = source.heapIndex
    guard index >= 0 else { return }
    source.heapIndex = -1
    source.armedDeadline = .max
    let last = sources.removeLast()
    guard index < sources.count else { return }
    place(last, index)
    siftUp(index)
    siftDown(last.heapIndex)
  }

  /// Lets go of every source.
  mutating func removeAll() {
    for source in sources {
      source.heapIndex = -1
      source.armedDeadline = .max
    }
    sources = []
  }

  /// The source whose deadline came first, out of the heap; nil when no other has come.
  mutating func popExpired(_ now: UInt64) -> EventSource? {
    while let first = sources.first, first.armedDeadline <= now {
      // Moved later meanwhile: filed under its real time, so that those before it come first.
      if first.deadline > first.armedDeadline, first.deadline != .max {
        first.armedDeadline = first.deadline
        siftDown(0)
        continue
      }
      remove(first)
      if first.deadline <= now { return first }
    }
    return nil
  }

  private mutating func siftUp(_ start: Int) {
    var index = start
    let source = sources[index]
    while index > 0 {
      let parent = (index - 1) / 2
      if sources[parent].armedDeadline <= source.armedDeadline { break }
      place(sources[parent], index)
      index = parent
    }
    place(source, index)
  }

  private mutating func siftDown(_ start: Int) {
    var index = start
    let source = sources[index]
    while true {
      var child = 2 * index + 1
      if child >= sources.count { break }
      let right = child + 1
      if right < sources.count, sources[right].armedDeadline < sources[child].armedDeadline { child = right }
      if sources[child].armedDeadline >= source.armedDeadline { break }
      place(sources[child], index)
      index = child
    }
    place(source, index)
  }

  private mutating func place(_ source: EventSource, _ index: Int) {
    sources[index] = source
    source.heapIndex = index
  }
}
