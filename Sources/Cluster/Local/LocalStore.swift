internal import KubernetesAPI
internal import Synchronization

/// What the two forms of a `LocalCluster` share: the objects in memory, the one who decides writes, and the watches.
///
/// Locks are taken in the order engine, shared; nothing waits for the disk while holding the second.
final class LocalStore: Sendable {
  private struct Waiter {
    let type: ResourceType
    let position: UInt64
    let continuation: CheckedContinuation<Void, Never>
  }

  private struct Shared {
    var state: ClusterState
    var waiters: [UInt64: Waiter] = [:]
    var nextWaiter: UInt64 = 0
    var isClosed = false
  }

  /// A watch of something quiet is woken after so many changes of other things, to be told a bookmark.
  static let bookmarkInterval: UInt64 = 256

  private let engine: Mutex<WriteEngine>
  private let shared: Mutex<Shared>

  init(engine: consuming sending WriteEngine, state: ClusterState) {
    self.engine = Mutex(engine)
    shared = Mutex(Shared(state: state))
  }

  /// Reads the state as it is committed.
  func read<R>(_ body: (borrowing ClusterState) -> R) throws(ClusterError) -> R {
    let result: R? = shared.withLock { $0.isClosed ? nil : body($0.state) }
    guard let result else { throw .unavailable("the store is closed") }
    return result
  }

  /// Decides, commits and publishes a group of writes.
  func run(
    _ writes: [ObjectWrite], and entries: [JournalEntry] = []
  ) -> [Result<WriteOutcome, ClusterError>] {
    engine.withLock { engine in
      let version = shared.withLock { $0.state.version }
      let group = engine.run(writes, and: entries, version: version) { type, key in
        shared.withLock { $0.state.object(type, key) }
      }
      publish(group.changes)
      return group.results
    }
  }

  /// Forgets the changes so far, for which no watch can ask: nobody has seen a version yet.
  func forgetHistory() { shared.withLock { $0.state.forgetHistory() } }

  /// Lets the opener look into the database.
  func withJournal<R: Sendable>(
    _ body: @Sendable (inout Journal) throws(SQLiteError) -> R
  ) throws(SQLiteError) -> R? {
    let result: Result<R?, SQLiteError> = engine.withLock { engine in
      do throws(SQLiteError) { return .success(try engine.withJournal(body)) } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  /// Ends every watch and every later call, and gives the database back.
  func close() {
    engine.withLock { $0.close() }
    let waiters = shared.withLock { shared in
      shared.isClosed = true
      defer { shared.waiters = [:] }
      return shared.waiters
    }
    for waiter in waiters.values { waiter.continuation.resume() }
  }

  private func publish(_ changes: [Change]) {
    guard !changes.isEmpty else { return }
    let types = Set(changes.map(\.type))
    let woken = shared.withLock { shared in
      shared.state.publish(changes)
      let version = shared.state.version
      let woken = shared.waiters.filter { _, waiter in
        types.contains(waiter.type) || version - waiter.position >= Self.bookmarkInterval
      }
      for id in woken.keys { shared.waiters[id] = nil }
      return woken
    }
    for waiter in woken.values { waiter.continuation.resume() }
  }

  /// Returns when there may be something new for a watch at `position`, when the store closes, or on cancellation.
  func waitForChange(of type: ResourceType, after position: UInt64) async {
    let id = shared.withLock { shared in
      shared.nextWaiter += 1
      return shared.nextWaiter
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isDue = shared.withLock { shared in
          // A cancellation before this point is seen here, a later one finds the waiter.
          if shared.isClosed || shared.state.version > position || Task.isCancelled { return true }
          shared.waiters[id] = Waiter(type: type, position: position, continuation: continuation)
          return false
        }
        if isDue { continuation.resume() }
      }
    } onCancel: {
      shared.withLock { $0.waiters.removeValue(forKey: id) }?.continuation.resume()
    }
  }
}
