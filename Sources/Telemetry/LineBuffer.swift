/// Log lines one behind the other, in memory that grows without being cleared first.
public struct LineBuffer: ~Copyable, Sendable {
  // SAFETY: the memory has one owner, this noncopyable value, and nothing else points to it outside a call.
  private nonisolated(unsafe) var memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  /// Bytes that were written.
  public private(set) var count = 0
  /// The last time that was written, in milliseconds since 1970, and where its text begins; lines come many to one of them.
  private var lastTime: (milliseconds: UInt64, place: Int)?

  /// An empty buffer, which holds no memory yet.
  public init() {}

  deinit { memory.deallocate() }

  /// Bytes that fit before more memory is taken.
  var capacity: Int { memory.count }

  /// What was written; valid until the buffer is changed.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

  /// Lends memory for this many bytes behind what was written, of which `body` says how many it used.
  @inline(__always)
  mutating func room(for wanted: Int, _ body: (UnsafeMutablePointer<UInt8>) -> Int) {
    if memory.count - count < wanted { grow(wanted) }
    guard let start = memory.baseAddress else { return }
    count += body((start + count).assumingMemoryBound(to: UInt8.self))
  }

  @inline(never)
  private mutating func grow(_ wanted: Int) {
    let larger = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(4096, memory.count * 2, count + wanted), alignment: 1)
    larger.copyMemory(from: bytes)
    memory.deallocate()
    memory = larger
  }

  /// Adds the bytes as they are.
  public mutating func append(_ text: UnsafeBufferPointer<UInt8>) {
    guard let source = text.baseAddress else { return }
    room(for: text.count) { target in
      target.update(from: source, count: text.count)
      return text.count
    }
  }

  /// Adds the text as it is.
  public mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { append($0) }
  }

  /// Adds a time as `Timestamp` writes it.
  mutating func append(time milliseconds: UInt64) {
    let before = lastTime
    let place = count
    lastTime = (milliseconds, place)
    room(for: Timestamp.length) { target in
      if let before, before.milliseconds == milliseconds {
        target.update(from: target - (place - before.place), count: Timestamp.length)
      } else {
        Timestamp.write(milliseconds, to: target)
      }
      return Timestamp.length
    }
  }

  /// Forgets the lines and keeps the memory.
  mutating func removeAll() {
    count = 0
    lastTime = nil
  }
}
