internal import DequeModule
internal import KubernetesAPI

/// One object in the store.
struct StoredObject: Sendable {
  /// The object; its JSON bytes are shared by everyone who holds it.
  let object: ClusterObject
  /// The version of the last write of anything but the status.
  let mainVersion: UInt64
}

/// One committed change.
struct Change: Sendable {
  enum Kind { case added, modified, deleted }

  let kind: Kind
  let type: ResourceType
  let stored: StoredObject
  /// The version the change made; each change makes the next number.
  let version: UInt64

  /// What a watch tells about it.
  var event: WatchEvent {
    switch kind {
    case .added: .added(stored.object)
    case .modified: .modified(stored.object)
    case .deleted: .deleted(stored.object)
    }
  }
}

/// Everything committed, in memory: the objects, and the last changes for watches to resume from.
struct ClusterState {
  /// How much of the past is kept.
  struct HistoryLimit: Sendable {
    var changes: Int
    var bytes: Int
    /// Kept whatever their bytes, so that a few large objects do not drive every watch into a relist.
    var least = 16
  }

  /// What a watch finds after its position.
  enum Continuation {
    /// Events up to and including a version; possibly none that concern the watch.
    case events([WatchEvent], upTo: UInt64)
    /// Nothing yet.
    case nothing
    /// The past from there on is forgotten, or has not happened here.
    case gone
  }

  private(set) var version: UInt64
  private(set) var tables: [ResourceType: [ObjectKey: StoredObject]] = [:]
  private var history: Deque<Change> = []
  private var historyBytes = 0
  private let limit: HistoryLimit

  init(version: UInt64, limit: HistoryLimit) {
    self.version = version
    self.limit = limit
  }

  /// The object, if there is one.
  func object(_ type: ResourceType, _ key: ObjectKey) -> StoredObject? { tables[type]?[key] }

  /// The objects of a type in order, of one namespace or of all.
  func objects(_ type: ResourceType, namespace: String?) -> [ClusterObject] {
    guard let table = tables[type] else { return [] }
    var found: [ClusterObject] = []
    found.reserveCapacity(namespace == nil ? table.count : 0)
    for stored in table.values where namespace == nil || stored.object.namespace == namespace {
      found.append(stored.object)
    }
    found.sort { $0.key < $1.key }
    return found
  }

  /// Puts an object in place as it was read from disk, without a change.
  mutating func load(_ stored: StoredObject, type: ResourceType) {
    tables[type, default: [:]][stored.object.key] = stored
  }

  /// Makes committed changes visible, in order.
  mutating func publish(_ changes: [Change]) {
    for change in changes {
      precondition(change.version == version + 1, "each change makes the next version")
      version = change.version
      let key = change.stored.object.key
      if change.kind == .deleted {
        tables[change.type]?[key] = nil
      } else {
        tables[change.type, default: [:]][key] = change.stored
      }
      history.append(change)
      historyBytes += change.stored.object.json.count
    }
    while let oldest = history.first,
      history.count > limit.changes || (historyBytes > limit.bytes && history.count > limit.least)
    {
      historyBytes -= oldest.stored.object.json.count
      history.removeFirst()
    }
  }

  /// Forgets the changes so far; a watch can begin only at the present version.
  mutating func forgetHistory() {
    history = []
    historyBytes = 0
  }

  /// What follows a position for a watch, looking at no more than `limit` changes at once.
  func following(
    _ position: UInt64, type: ResourceType, namespace: String?, limit: Int
  ) -> Continuation {
    if position == version { return .nothing }
    let first = history.first?.version ?? version + 1
    guard position < version, position + 1 >= first else { return .gone }
    let start = Int(position + 1 - first)
    let end = min(start + limit, history.count)
    var events: [WatchEvent] = []
    for change in history[start..<end]
    where change.type == type && (namespace == nil || change.stored.object.namespace == namespace) {
      events.append(change.event)
    }
    return .events(events, upTo: history[end - 1].version)
  }
}
