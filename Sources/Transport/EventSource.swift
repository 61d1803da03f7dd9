/// What one registration with a `Reactor` is called from outside: a number that is never used twice by one reactor.
///
/// Other threads keep this instead of the object, so that what has gone meanwhile is simply not found.
public struct SourceID: Hashable, Sendable {
  let token: UInt64

  static let none = SourceID(token: .max)

  init(token: UInt64) {
    self.token = token
  }

  init(slot: Int, generation: UInt32) {
    token = UInt64(generation) << 32 | UInt64(slot)
  }

  var slot: Int { Int(token & 0xffff_ffff) }
  var generation: UInt32 { UInt32(token >> 32) }
}

/// Something a `Reactor` wakes: because its descriptor is ready, or because its deadline has come.
///
/// Confined to its reactor's thread.
public class EventSource {
  /// The reactor that serves this source.
  public let reactor: Reactor
  /// Its name, `.none` while not registered.
  public internal(set) final var id = SourceID.none

  /// When to call `deadlineReached`; `.max` for never.
  private(set) final var deadline = UInt64.max
  /// Where the heap of deadlines has it, and under which time. That time may be earlier than `deadline`, never later.
  final var heapIndex = -1
  final var armedDeadline = UInt64.max

  init(reactor: Reactor) {
    self.reactor = reactor
  }

  /// The descriptor is ready for `events` (epoll's bits).
  func ready(_ events: UInt32) {}

  /// The deadline has passed and is not set any more.
  func deadlineReached() {}

  /// The loop ends: let go of everything.
  func loopStopped() {}

  /// Moves the deadline. Later costs nothing: the heap learns of it only when the earlier time comes.
  @inline(__always)
  final func setDeadline(_ time: UInt64) {
    deadline = time
    if time < armedDeadline { reactor.arm(self) }
  }

  /// The deadline is being served; it must be set anew to come again.
  final func clearDeadline() {
    deadline = .max
  }
}

/// A single wake-up at a time, for what has no descriptor. Confined to its reactor's thread.
public final class Alarm: EventSource {
  private let action: (Alarm) -> Void

  /// Not set yet.
  public init(reactor: Reactor, _ action: @escaping (Alarm) -> Void) {
    self.action = action
    super.init(reactor: reactor)
  }

  /// Rings once at `time`, monotonic nanoseconds, instead of when it was set for before.
  public func set(_ time: UInt64) {
    setDeadline(time)
  }

  /// Does not ring.
  public func cancel() {
    setDeadline(.max)
  }

  override func deadlineReached() {
    action(self)
  }
}
