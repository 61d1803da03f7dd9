public import KubernetesAPI
public import Logging
internal import Synchronization

/// Keeps something in step with the objects of one type in a `ClusterStore`: lists once, then follows the watch.
///
/// ```
/// idle → listing → watching ⇄ waiting
///           ↑         │ gone     │
///           └─────────┴──────────┘        any of them → stopped, on cancellation
/// ```
/// A watch that ends or breaks is taken up where it was; only `gone` (410) leads to a new list. Between attempts that
/// fail lies a growing, jittered pause. One object that cannot be decoded is counted and logged, and stops nothing.
public final class Reflector<Value: Sendable>: Sendable {
  private let store: any ClusterStore
  private let type: ResourceType
  private let namespace: String?
  private let sink: ReflectorSink<Value>
  private let timing: ReflectorTiming
  private let logger: Logger
  private let shared = Mutex(ReflectorProgress())

  /// A reflector that does nothing yet. `namespace` as in `ClusterStore.list`.
  public init(
    store: any ClusterStore, type: ResourceType, namespace: String? = nil, sink: ReflectorSink<Value>,
    timing: ReflectorTiming = ReflectorTiming(), logger: Logger
  ) {
    self.store = store
    self.type = type
    self.namespace = namespace
    self.sink = sink
    self.timing = timing
    self.logger = logger
  }

  /// What it is doing, and how well.
  public var status: ReflectorStatus { shared.withLock { $0.status } }

  /// Returns when the first list has been handed over; at once if it has, if the task is cancelled, or if the
  /// reflector has stopped.
  public func synced() async {
    let id = shared.withLock { $0.nextID() }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isDue = shared.withLock { progress in
          if progress.status.isSynced || progress.status.state == .stopped || Task.isCancelled { return true }
          progress.waiters[id] = continuation
          return false
        }
        if isDue { continuation.resume() }
      }
    } onCancel: {
      shared.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
    }
  }

  /// Lists and watches until the task is cancelled. Call it once.
  public func run() async {
    precondition(status.state == .idle, "a reflector runs once")
    var backoff = Backoff(timing)
    var version: ResourceVersion?
    while !Task.isCancelled {
      let started = timing.now()
      var failure: ClusterError?
      do throws(ClusterError) {
        let start: ResourceVersion
        if let version {
          start = version
        } else {
          start = try await list()
          timing.afterList()
        }
        version = start
        try await watch(from: start)
        version = status.resourceVersion
      } catch {
        version = needsList(error) ? nil : status.resourceVersion
        failure = error
      }
      if Task.isCancelled { break }
      note(failure)
      let lasted = timing.now() - started
      guard let pause = backoff.pause(failed: failure != nil, lasted: lasted, timing) else { continue }
      move(to: .waiting(attempt: backoff.attempt))
      await timing.sleep(pause)
    }
    let waiters = shared.withLock { $0.stopped() }
    for waiter in waiters { waiter.resume() }
  }

  private func needsList(_ error: ClusterError) -> Bool {
    switch error {
    case .gone, .invalid, .malformed: true
    default: !status.isSynced
    }
  }

  private func list() async throws(ClusterError) -> ResourceVersion {
    move(to: .listing)
    var values: [Value] = []
    let version = try await store.scan(type, namespace: namespace) { key, view in
      do {
        guard let view else { throw ClusterError.malformed("it is no JSON") }
        values.append(try sink.reading(view))
      } catch { noteUnreadable(key, error) }
    }
    let count = values.count
    sink.replaceAll(values)
    let waiters = shared.withLock { $0.listed(version, now: timing.now()) }
    for waiter in waiters { waiter.resume() }
    logger.info("listed", metadata: ["kind": "\(type.kind)", "objects": "\(count)", "version": "\(version)"])
    return version
  }

  private func watch(from version: ResourceVersion) async throws(ClusterError) {
    shared.withLock { $0.begin(version, now: timing.now()) }
    // A list is long work; a watch is much waiting and little work.
    let outcome = await withTaskExecutorPreference(store.executor) { () async -> Result<Void, ClusterError> in
      do throws(ClusterError) {
        try await store.watch(type, namespace: namespace, from: version) {
          [self] event throws(ClusterError) in
          apply(event)
          shared.withLock { $0.heard(event, now: timing.now()) }
        }
        return .success(())
      } catch { return .failure(error) }
    }
    try outcome.get()
  }

  private func apply(_ event: WatchEvent) {
    switch event {
    case .added(let object), .modified(let object):
      // What is there stays when its successor cannot be read: better old than forgotten.
      if let value = decode(object) { sink.upsert(value) }
    case .deleted(let object): sink.remove(object.key)
    case .bookmark: break
    }
  }

  private func decode(_ object: ClusterObject) -> Value? {
    do { return try sink.decode(object) } catch {
      noteUnreadable(object.key, error)
      return nil
    }
  }

  private func noteUnreadable(_ key: ObjectKey, _ error: any Error) {
    shared.withLock { $0.status.decodeFailures += 1 }
    logger.error(
      "an object cannot be read and is left out",
      metadata: ["kind": "\(type.kind)", "name": "\(key)", "reason": "\(error)"])
  }

  private func note(_ failure: ClusterError?) {
    guard let failure else { return }
    shared.withLock { $0.failed(failure) }
    if case .gone = failure {
      logger.info("watch is too old, listing again", metadata: ["kind": "\(type.kind)"])
    } else {
      logger.warning("list or watch failed", metadata: ["kind": "\(type.kind)", "reason": "\(failure)"])
    }
  }

  private func move(to state: ReflectorState) { shared.withLock { $0.status.state = state } }
}

/// What a reflector shares with those who ask.
private struct ReflectorProgress {
  var status = ReflectorStatus()
  var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
  private var lastID = 0

  mutating func nextID() -> Int {
    lastID += 1
    return lastID
  }

  mutating func listed(_ version: ResourceVersion, now: UInt64) -> [CheckedContinuation<Void, Never>] {
    status.lists += 1
    status.isSynced = true
    status.resourceVersion = version
    status.lastHeard = now
    defer { waiters = [:] }
    return Array(waiters.values)
  }

  mutating func stopped() -> [CheckedContinuation<Void, Never>] {
    status.state = .stopped
    defer { waiters = [:] }
    return Array(waiters.values)
  }

  mutating func begin(_ version: ResourceVersion, now: UInt64) {
    status.state = .watching
    status.watches += 1
    status.resourceVersion = version
    status.lastHeard = now
  }

  mutating func heard(_ event: WatchEvent, now: UInt64) {
    status.resourceVersion = event.resourceVersion
    status.lastHeard = now
    if case .bookmark = event { return }
    status.events += 1
  }

  mutating func failed(_ failure: ClusterError) {
    status.lastFailure = failure
    if case .gone = failure { status.gones += 1 } else { status.failures += 1 }
  }
}
