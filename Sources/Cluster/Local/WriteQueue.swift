internal import Dispatch
internal import Synchronization

/// Gathers the writes of many callers for one writer thread, which commits all that wait as one group.
///
/// While a group is on its way to the disk the next one gathers, so groups grow with the load and a lone write does
/// not wait for company.
final class WriteQueue: Sendable {
  typealias Completion = @Sendable (Result<WriteOutcome, ClusterError>) -> Void

  private struct Item: Sendable {
    let write: ObjectWrite
    let completion: Completion
  }

  private struct Pending {
    var items: [Item] = []
    var isRunning = false
    var isClosed = false
  }

  /// Bounds how long the first caller of a group waits for the others' writes.
  private static let groupLimit = 512

  private let pending = Mutex(Pending())
  private let writer = DispatchQueue(label: "spiderpool-webhook.store")
  private let capacity: Int
  private let commit: @Sendable ([ObjectWrite]) -> [Result<WriteOutcome, ClusterError>]

  init(capacity: Int, commit: @escaping @Sendable ([ObjectWrite]) -> [Result<WriteOutcome, ClusterError>]) {
    self.capacity = capacity
    self.commit = commit
  }

  /// Puts a write in line. `completion` is called once, after the commit, on the writer thread; at once if the line is
  /// full or closed.
  func submit(_ write: ObjectWrite, _ completion: @escaping Completion) {
    let refusal: ClusterError? = pending.withLock { pending in
      if pending.isClosed { return .unavailable("the store is closed") }
      if pending.items.count >= capacity { return .tooManyRequests(retryAfter: nil) }
      pending.items.append(Item(write: write, completion: completion))
      if !pending.isRunning {
        pending.isRunning = true
        writer.async { self.drain() }
      }
      return nil
    }
    if let refusal { completion(.failure(refusal)) }
  }

  /// Takes no more writes, and calls `completion` on the writer thread when those in line are done.
  func close(_ completion: @escaping @Sendable () -> Void) {
    pending.withLock { $0.isClosed = true }
    writer.async(execute: completion)
  }

  private func drain() {
    while let group = next() {
      let results = commit(group.map(\.write))
      for (item, result) in zip(group, results) { item.completion(result) }
    }
  }

  private func next() -> [Item]? {
    pending.withLock { pending in
      guard !pending.items.isEmpty else {
        pending.isRunning = false
        return nil
      }
      let group = Array(pending.items.prefix(Self.groupLimit))
      pending.items.removeFirst(group.count)
      return group
    }
  }
}
