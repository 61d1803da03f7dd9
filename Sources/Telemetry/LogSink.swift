internal import Dispatch
internal import Glibc
internal import Synchronization

/// A bounded buffer of log lines in front of a descriptor.
///
/// Lines are appended from any thread and written together by one serial queue, at most `delay` later, or at once when there
/// are many; a descriptor that does not take them (a full pipe) never holds up a caller. Lines beyond `capacity` bytes are
/// dropped and counted.
public final class LogSink: Sendable {
  private struct State: ~Copyable {
    var pending = LineBuffer()
    /// The memory of lines that were written, for those to come.
    var spare = LineBuffer()
    var isScheduled = false
    var isHurried = false
  }

  /// With so many bytes waiting they are written without delay.
  private static let manyBytes = 256 << 10
  /// A spare buffer larger than this is given back.
  private static let spareBytes = 512 << 10

  private let state = Mutex(State())
  private let dropped = Atomic<Int>(0)
  private let queue = DispatchQueue(label: "log")
  private let descriptor: Int32
  private let capacity: Int
  private let delay: DispatchTimeInterval

  /// - Parameters:
  ///   - descriptor: where lines go; not closed by the sink. 2 is standard error.
  ///   - capacity: bytes that may wait; further lines are dropped.
  ///   - delayMilliseconds: how long a line may wait for company before it is written.
  public init(descriptor: Int32 = 2, capacity: Int = 1 << 20, delayMilliseconds: Int = 20) {
    self.descriptor = descriptor
    self.capacity = capacity
    self.delay = .milliseconds(delayMilliseconds)
  }

  /// Lines that were dropped since the start because the descriptor did not keep up.
  public var droppedLines: Int { dropped.load(ordering: .relaxed) }

  /// Adds one line, its newline included, written by `line` straight into the buffer.
  public func append(_ line: (inout LineBuffer) -> Void) {
    let due = state.withLock { state -> Due? in
      guard state.pending.count < capacity else {
        dropped.add(1, ordering: .relaxed)
        return nil
      }
      line(&state.pending)
      if !state.isHurried, state.pending.count > Self.manyBytes {
        state.isHurried = true
        return .now
      }
      if state.isScheduled { return nil }
      state.isScheduled = true
      return .later
    }
    switch due {
    case .now: queue.async { [self] in writePending() }
    case .later: queue.asyncAfter(deadline: .now() + delay) { [self] in writePending() }
    case nil: break
    }
  }

  /// When what waits must be written.
  private enum Due {
    case now, later
  }

  /// Writes everything that waits before it returns; for the end of the program.
  public func flush() {
    queue.sync { writePending() }
  }

  private func writePending() {
    var lines = LineBuffer()
    state.withLock { state in
      swap(&lines, &state.pending)
      swap(&state.pending, &state.spare)
      state.isScheduled = false
      state.isHurried = false
    }
    write(lines.bytes)
    guard lines.capacity <= Self.spareBytes else { return }
    lines.removeAll()
    state.withLock { swap(&lines, &$0.spare) }
  }

  private func write(_ bytes: UnsafeRawBufferPointer) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if written >= 0 {
        rest = rest.dropFirst(written)
      } else if errno == EAGAIN {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&waiting, 1, 1000)
      } else if errno != EINTR {
        dropped.add(1, ordering: .relaxed)
        return
      }
    }
  }
}
