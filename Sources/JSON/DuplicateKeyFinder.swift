/// Finds objects that name a key twice, anywhere in a document, in time linear in its size whatever an adversary sends.
///
/// Small objects compare fingerprints of their keys; large ones use a hash table with the process's random seed.
struct DuplicateKeyFinder {
  /// Above this number of members the pairwise comparison would grow too slow.
  private static let smallCount = 16

  /// Open addressing; a slot holds 32 bits of hash and the tape index of a key, 0 when free.
  private var table: [UInt64] = []

  /// The JSON Pointer of the first key that repeats another one of its object; nil when there is none.
  mutating func firstDuplicate(in root: JSONView) -> String? {
    let end = root.nextIndex
    return withUnsafeTemporaryAllocation(of: UInt64.self, capacity: Self.smallCount) { fingerprints in
      var view = root
      while view.index < end {
        if view.tag == Tape.object, view.count > 1 {
          let key =
            view.count <= Self.smallCount
            ? Self.pairwise(view, fingerprints) : hashed(view)
          if let key { return Self.pointer(from: root, to: key) }
        }
        // Into containers, past scalars.
        let isNumber = view.tag == Tape.int || view.tag == Tape.double || view.tag == Tape.uint
        view = view.moved(to: view.index + (isNumber ? 2 : 1))
      }
      return nil
    }
  }

  /// Gives the table's memory back.
  mutating func releaseTable() { table = [] }

  /// One word that equal keys share: length, first and last eight bytes.
  private static func fingerprint(_ key: UnsafeBufferPointer<UInt8>) -> UInt64 {
    guard let start = UnsafeRawPointer(key.baseAddress) else { return 0 }
    // At least eight bytes can be read behind any string (see CSimdjson.h).
    let head = Bytes.word(start, 0)
    let count = key.count
    if count < 8 {
      let kept = head & ((1 << UInt64(count * 8)) - 1)
      return (kept &+ UInt64(count)) &* 0x9E37_79B9_7F4A_7C15
    }
    let tail = Bytes.word(start, count - 8)
    return (head ^ (tail << 29 | tail >> 35) &+ UInt64(count)) &* 0x9E37_79B9_7F4A_7C15
  }

  private static func pairwise(
    _ object: JSONView, _ fingerprints: UnsafeMutableBufferPointer<UInt64>
  ) -> JSONView? {
    var seen: UInt64 = 0  // one bit per fingerprint's top six bits: mostly tells at once that a key is new
    var count = 0
    for member in object.members {
      let mark = fingerprint(member.key.stringBytes)
      let bit: UInt64 = 1 << (mark >> 58)
      if seen & bit != 0, fingerprints[..<count].contains(mark), repeats(member.key, in: object) {
        return member.key
      }
      seen |= bit
      fingerprints[count] = mark
      count += 1
    }
    return nil
  }

  /// Whether an earlier key of the object is the same.
  private static func repeats(_ key: JSONView, in object: JSONView) -> Bool {
    for member in object.members {
      if member.key.index == key.index { return false }
      if member.key.equals(key) { return true }
    }
    return false
  }

  private mutating func hashed(_ object: JSONView) -> JSONView? {
    // The tape's count stops at 24 bits; a document that large is counted.
    let count = object.count < 0xFF_FFFF ? object.count : object.members.reduce(0) { sum, _ in sum + 1 }
    var size = 64
    while size < count * 2 { size *= 2 }
    if table.count < size { table = [UInt64](repeating: 0, count: size) }
    return table.withUnsafeMutableBufferPointer { slots in
      slots[..<size].update(repeating: 0)
      for member in object.members {
        var hasher = Hasher()
        hasher.combine(bytes: UnsafeRawBufferPointer(member.key.stringBytes))
        let hash = UInt64(truncatingIfNeeded: hasher.finalize())
        var slot = Int(hash >> 32) & (size - 1)
        while slots[slot] != 0 {
          let sameHash = (slots[slot] ^ hash << 32) >> 32 == 0
          if sameHash, object.moved(to: Int(slots[slot] & 0xFFFF_FFFF)).equals(member.key) {
            return member.key
          }
          slot = (slot + 1) & (size - 1)
        }
        slots[slot] = hash << 32 | UInt64(member.key.index)
      }
      return nil
    }
  }

  /// The JSON Pointer of the member that starts with `key`.
  private static func pointer(from root: JSONView, to key: JSONView) -> String {
    var pointer = JSONPointer()
    var container = root
    descent: while true {
      var position = 0
      for element in container.elements {
        if element.index <= key.index, key.index < element.nextIndex {
          pointer.append(String(position))
          container = element
          continue descent
        }
        position += 1
      }
      for member in container.members where key.index < member.value.nextIndex {
        pointer.append(member.key.string ?? "")
        if member.key.index == key.index { return pointer.description }
        container = member.value
        continue descent
      }
      return pointer.description
    }
  }
}
