public import Cluster
public import KubernetesAPI
public import Logging
internal import Synchronization

/// Tells people about objects by `Event`s of the core group, as `kubectl describe` shows them.
///
/// Recording never waits: events go into a bounded queue, and one task writes them. They are a help for people and nothing that
/// anything relies on: what cannot be written is counted and forgotten.
public final class EventRecorder: Sendable {
  /// Whether something is as it should be.
  public enum Kind: String, Hashable, Sendable {
    /// It is.
    case normal = "Normal"
    /// Somebody should look at it.
    case warning = "Warning"
  }

  private let options: EventOptions
  private let queue: EventQueue
  private let writer: EventWriter
  private let logger: Logger
  private let shared = Mutex(EventStatus())

  /// A recorder that writes nothing before `run`.
  /// - Parameter component: who tells: `source.component` and `reportingComponent`.
  public init(
    store: any ClusterStore, component: String = "spiderpool-webhook", options: EventOptions = EventOptions(),
    logger: Logger
  ) {
    self.options = options
    self.logger = logger
    queue = EventQueue(capacity: options.capacity)
    writer = EventWriter(store: store, component: component, options: options)
  }

  /// How it does.
  public var status: EventStatus { shared.withLock { $0 } }

  /// Tells something about an object. Returns at once, whatever becomes of it.
  /// - Parameters:
  ///   - reason: one word for programs, in UpperCamelCase.
  ///   - message: a sentence for people; cut to 1024 bytes.
  public func record(_ kind: Kind, reason: String, message: String, about object: ObjectReference) {
    let content = EventContent(kind, reason: reason, message: message, about: object)
    let isAdded = queue.add(content, at: options.now())
    note {
      $0.recorded += 1
      if !isAdded { $0.dropped += 1 }
    }
  }

  /// Writes what is recorded, until the task is cancelled; what waits then is dropped. Call it once.
  public func run() async {
    var memory = EventMemory(limit: options.remembered, window: options.window)
    while !Task.isCancelled {
      for entry in await queue.take() {
        if Task.isCancelled { drop(entry) } else { await write(entry, &memory) }
      }
    }
    for entry in queue.takeAll() { drop(entry) }
  }

  private func write(_ entry: EventQueue.Entry, _ memory: inout EventMemory) async {
    do throws(ClusterError) {
      switch try await writer.write(entry, &memory) {
      case .created: note { $0.created += 1 }
      case .counted: note { $0.counted += 1 }
      }
    } catch {
      note {
        $0.failures += 1
        $0.lastFailure = error
      }
      let object = entry.content.object
      logger.debug(
        "an event was not written",
        metadata: [
          "kind": "\(object.kind)", "name": "\(object.name)", "event": "\(entry.content.reason)",
          "reason": "\(error)",
        ])
    }
  }

  private func drop(_ entry: EventQueue.Entry) { note { $0.dropped += entry.count } }

  private func note(_ change: (inout EventStatus) -> Void) { shared.withLock { change(&$0) } }
}
