internal import Synchronization

/// One time of holding the lease: what the renewals have come to, for those who watch over them.
final class LeaseTenure: Sendable {
  private struct State {
    var record: LeaseRecord
    var renewed: UInt64
  }

  private let state: Mutex<State>

  /// - Parameter renewed: when the write that got the lease was sent.
  init(_ record: LeaseRecord, renewed: UInt64) {
    state = Mutex(State(record: record, renewed: renewed))
  }

  /// What the next renewal is conditional on.
  var record: LeaseRecord { state.withLock { $0.record } }

  /// When the last good renewal was sent.
  var renewed: UInt64 { state.withLock { $0.renewed } }

  /// The lease was renewed by a write sent at a time.
  func renew(_ record: LeaseRecord, sent: UInt64) {
    state.withLock { $0 = State(record: record, renewed: sent) }
  }

  /// The record has another version than was known. It counts as no renewal: when it was written is not known.
  func see(_ record: LeaseRecord) { state.withLock { $0.record = record } }
}
