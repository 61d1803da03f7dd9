public import Synchronization

/// A counter that one thread writes and any thread reads: no bus lock, no wait.
public struct LoopCounter: ~Copyable, Sendable {
  @usableFromInline let storage = Atomic<Int>(0)

  /// Zero.
  public init() {}

  /// The value at some moment not long ago.
  @inlinable
  public var value: Int { storage.load(ordering: .relaxed) }

  /// Adds on the one thread that writes.
  @inlinable
  public func add(_ amount: Int = 1) {
    storage.store(storage.load(ordering: .relaxed) &+ amount, ordering: .relaxed)
  }
}

/// Bytes on the wire of the connections of one loop that share this object.
public final class TrafficCounters: Sendable {
  /// From peers.
  public let bytesIn = LoopCounter()
  /// To peers.
  public let bytesOut = LoopCounter()

  /// Zero.
  public init() {}
}
