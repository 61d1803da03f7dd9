/// What the Pods of one controller have in common: the namespace, and the name up to its last dash.
///
/// What follows the dash is kept as a number when it is at most eight ASCII bytes, as it is for nearly every Pod; a name
/// without such an end is a stem as a whole.
struct NameStem: Hashable, Sendable {
  /// The namespace.
  let namespace: String
  /// The name without the dash and what follows.
  let text: Substring

  /// Parts a name. The suffix is 0 when the stem is all of the name.
  static func split(_ pod: PodKey) -> (stem: NameStem, suffix: UInt64) {
    let name = pod.name.utf8
    var suffix: UInt64 = 0
    var at = name.endIndex
    for place in 0..<9 {
      guard at > name.startIndex else { break }
      let before = name.index(before: at)
      let byte = name[before]
      if byte == UInt8(ascii: "-") {
        if place == 0 { break }
        return (NameStem(namespace: pod.namespace, text: pod.name[..<before]), suffix)
      }
      if place == 8 || byte == 0 || byte > 127 { break }
      suffix |= UInt64(byte) << UInt64(8 * place)
      at = before
    }
    return (NameStem(namespace: pod.namespace, text: pod.name[...]), 0)
  }

  /// The Pod with this end of its name.
  func pod(_ suffix: UInt64) -> PodKey {
    if suffix == 0 { return PodKey(namespace: namespace, name: String(text)) }
    let count = 8 - suffix.leadingZeroBitCount / 8
    let end = String(unsafeUninitializedCapacity: 9) { bytes in
      bytes[0] = UInt8(ascii: "-")
      for place in 0..<count {
        bytes[1 + place] = UInt8(truncatingIfNeeded: suffix >> UInt64(8 * (count - 1 - place)))
      }
      return 1 + count
    }
    return PodKey(namespace: namespace, name: text + end)
  }
}
