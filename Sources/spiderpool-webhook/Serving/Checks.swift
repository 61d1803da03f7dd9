internal import Synchronization

/// Conditions of the server's health, each by its name.
final class Checks: Sendable {
  /// Nil when the condition holds, otherwise why it does not.
  typealias Check = @Sendable () -> String?

  private let checks = Mutex<[(name: String, check: Check)]>([])

  /// Adds a condition; conditions are told in the order they were added.
  func add(_ name: String, _ check: @escaping Check) {
    checks.withLock { $0.append((name, check)) }
  }

  /// Every condition, with the reason why it does not hold.
  func report() -> [(name: String, failure: String?)] {
    checks.withLock { $0 }.map { ($0.name, $0.check()) }
  }
}

/// What the health port tells.
struct Conditions: Sendable {
  /// Whether the process is of use at all; if not, it is restarted.
  let liveness = Checks()
  /// Whether it is to be sent reviews.
  let readiness = Checks()
}

/// A switch that is thrown once, from any thread.
final class Latch: Sendable {
  private let thrown = Atomic(false)

  /// Whether it was thrown.
  var isSet: Bool { thrown.load(ordering: .acquiring) }

  /// Throws it.
  func set() { thrown.store(true, ordering: .releasing) }
}
