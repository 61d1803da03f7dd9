internal import Dispatch
internal import Glibc
internal import Synchronization

/// A bounded buffer of log lines in front of a descriptor.
///
/// Lines are appended from any thread and written together, at most `delay` later, by one serial queue; a descriptor that
/// does not take them (a full pipe) never holds up a caller. Lines beyond `capacity` bytes are dropped and counted.
public final class LogSink: Sendable {
  private struct State {
    var pending: [UInt8] = []
    var isScheduled = false
  }

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
  public func append(_ line: (inout [UInt8]) -> Void) {
    let schedule = state.withLock { state -> Bool in
      guard state.pending.count < capacity else {
        dropped.add(1, ordering: .relaxed)
        return false
      }
      line(&state.pending)
      if state.isScheduled { return false }
      state.isScheduled = true
      return true
    }
    if schedule {
      queue.asyncAfter(deadline: .now() + delay) { [self] in writePending() }
    }
  }

  /// Writes everything that waits before it returns; for the end of the program.
  public func flush() {
    queue.sync { writePending() }
  }

  private func writePending() {
    let bytes = state.withLock { state -> [UInt8] in
      let bytes = state.pending
      state.pending = []
      state.pending.reserveCapacity(min(bytes.count, 1 << 16))
      state.isScheduled = false
      return bytes
    }
    bytes.withUnsafeBytes { buffer in
      var rest = buffer[...]
      while !rest.isEmpty {
        let written = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
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
}
