import IPAM

/// The Pods that were seen, by name. There may be hundreds of thousands, so what only few of them have is kept apart.
struct PodTable: Sendable {
  /// With its name and the room that a table leaves, about 120 bytes for each Pod.
  private struct Entry: Sendable {
    let uid: PodUID
    let node: String
    let flags: Flags
    let rest: PodSighting.Rest?
  }

  private struct Flags: OptionSet {
    let rawValue: UInt8

    static let ended = Flags(rawValue: 1)
    static let stateful = Flags(rawValue: 2)
    static let addresses = Flags(rawValue: 4)
    static let placed = Flags(rawValue: 8)
  }

  private var entries = PodMap<Entry>()
  /// Each node's name once: thousands of Pods share one.
  private var nodes: Set<String> = []

  /// The names of those that are placed, in any order.
  func placed() -> some Sequence<PodKey> { entries.pods { $0.flags.contains(.placed) } }

  /// What was last seen of the Pod of this name.
  subscript(key: PodKey) -> PodSighting? {
    entries[key].map { entry in
      PodSighting(
        key: key, uid: entry.uid, node: entry.node, hasEnded: entry.flags.contains(.ended),
        isStateful: entry.flags.contains(.stateful), hasAddresses: entry.flags.contains(.addresses),
        rest: entry.rest)
    }
  }

  /// Whether a Pod of this name was seen with this UID.
  func has(_ key: PodKey, _ uid: PodUID) -> Bool { entries[key]?.uid == uid }

  /// Whether a Pod of this name was seen with this UID, and has not ended.
  func isAlive(_ key: PodKey, _ uid: PodUID) -> Bool {
    guard let entry = entries[key], entry.uid == uid else { return false }
    return !entry.flags.contains(.ended)
  }

  /// Takes in what was seen of a Pod.
  mutating func put(_ pod: PodSighting) {
    var flags: Flags = []
    if pod.hasEnded { flags.insert(.ended) }
    if pod.isStateful { flags.insert(.stateful) }
    if pod.hasAddresses { flags.insert(.addresses) }
    if pod.isPlaced { flags.insert(.placed) }
    entries[pod.key] = Entry(
      uid: pod.uid, node: nodes.insert(pod.node).memberAfterInsert, flags: flags, rest: pod.rest)
  }

  /// Takes a Pod out; what was last seen of it.
  mutating func remove(_ key: PodKey) -> PodSighting? {
    let pod = self[key]
    entries[key] = nil
    return pod
  }

  /// Takes all out, and makes room for so many.
  mutating func removeAll(expecting count: Int) {
    entries = PodMap(expecting: count)
    nodes = []
  }
}
