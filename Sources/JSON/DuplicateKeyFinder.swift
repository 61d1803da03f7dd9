/// Finds objects that name a key twice, anywhere in a document, in time linear in its size whatever an adversary sends.
///
/// Small objects note fingerprints of their keys; large ones use a hash table with the process's random seed.
struct DuplicateKeyFinder {
  /// Above this number of members comparing a key with all before it would grow too slow.
  private static let smallCount = 16

  /// Open addressing; a slot holds 32 bits of hash and the tape index of a key, 0 when free.
  private var table: [UInt64] = []

  /// The JSON Pointer of the first key that repeats another one of its object; nil when there is none.
  mutating func firstDuplicate(in root: JSONView) -> String? {
    var duplicate = 0
    _ = visitValue(root, root.index, &duplicate)
    return duplicate == 0 ? nil : Self.pointer(from: root, to: root.moved(to: duplicate))
  }

  /// Gives the table's memory back.
  mutating func releaseTable() { table = [] }

  /// Goes through the object or array at `index` and all below it, and gives the index behind it. The depth of the
  /// recursion is the document's, which the parser has bounded.
  private mutating func visit(_ document: JSONView, _ index: Int, _ duplicate: inout Int) -> Int {
    let word = document.tape[index]
    let next = Int(truncatingIfNeeded: word & 0xFFFF_FFFF)
    var at = index + 1
    if UInt8(truncatingIfNeeded: word >> 56) == Tape.array {
      while at < next - 1 { at = visitValue(document, at, &duplicate) }
      return next
    }
    let isSmall = word >> 32 & 0xFF_FFFF <= Self.smallCount
    if !isSmall, let key = hashed(document.moved(to: index)) { duplicate = key.index }
    var seen: UInt64 = 0  // one bit for six bits of each fingerprint: mostly tells at once that a key is new
    while at < next - 1 {
      if isSmall {
        let key = document.strings + Int(truncatingIfNeeded: document.tape[at] & Tape.payloadMask)
        let bit: UInt64 = 1 &<< (Self.fingerprint(key) &>> 58)
        if seen & bit != 0, Self.repeats(at, inObjectAt: index, document) { duplicate = at }
        seen |= bit
      }
      at = visitValue(document, at + 1, &duplicate)
    }
    return next
  }

  @inline(__always)
  private mutating func visitValue(_ document: JSONView, _ index: Int, _ duplicate: inout Int) -> Int {
    let tag = UInt8(truncatingIfNeeded: document.tape[index] &>> 56)
    if Tape.isContainer(tag) { return visit(document, index, &duplicate) }
    return index &+ (Tape.isNumber(tag) ? 2 : 1)
  }

  /// One word that equal strings share: of length, first and last eight bytes.
  @inline(__always)
  private static func fingerprint(_ string: UnsafePointer<UInt8>) -> UInt64 {
    let start = UnsafeRawPointer(string)
    let count = start.loadUnaligned(as: UInt32.self)
    // At least eight bytes can be read behind any string (see CSimdjson.h).
    let head = Bytes.word(start, 4)
    if count < 8 {
      let kept = head & (((1 as UInt64) &<< UInt64(count &* 8)) &- 1)
      return (kept ^ UInt64(count)) &* 0x9E37_79B9_7F4A_7C15
    }
    let tail = Bytes.word(start, Int(count) &- 4)
    return (head ^ (tail &<< 29 | tail &>> 35) ^ UInt64(count)) &* 0x9E37_79B9_7F4A_7C15
  }

  /// Whether an earlier key of the object is the same as the one at `key`.
  private static func repeats(_ key: Int, inObjectAt object: Int, _ document: JSONView) -> Bool {
    let wanted = document.moved(to: key)
    for member in document.moved(to: object).members {
      if member.key.index == key { return false }
      if member.key.equals(wanted) { return true }
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
