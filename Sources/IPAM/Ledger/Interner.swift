/// Values that many records share, each under a small number for as long as somebody holds it.
struct Interner<Value: Hashable & Sendable>: Sendable {
  private var values: [Value?] = []
  private var holds: [UInt32] = []
  private var vacant: [UInt32] = []
  private var index = SlotIndex()

  /// How many values there are.
  var count: Int { values.count - vacant.count }

  /// The value with this number, which somebody holds.
  @inline(__always)
  subscript(number: UInt32) -> Value {
    guard let value = values[Int(number)] else {
      preconditionFailure("a number stands for a value that is held")
    }
    return value
  }

  /// The number of a value that somebody holds.
  func number(of value: Value) -> UInt32? { number(of: value, Self.hash(value)) }

  /// How often the value is held.
  func holds(of value: Value) -> Int { number(of: value).map { holds(of: $0) } ?? 0 }

  /// How often the value with this number is held.
  func holds(of number: UInt32) -> Int { Int(holds[Int(number)]) }

  /// Holds a value once more.
  mutating func hold(_ value: Value) -> UInt32 {
    let hash = Self.hash(value)
    if let number = number(of: value, hash) {
      holds[Int(number)] += 1
      return number
    }
    if count == index.capacity { grow() }
    let number: UInt32
    if let last = vacant.popLast() {
      number = last
      values[Int(number)] = value
      holds[Int(number)] = 1
    } else {
      number = UInt32(values.count)
      values.append(value)
      holds.append(1)
    }
    index.insert(number, hash)
    return number
  }

  /// Holds the value with this number once more.
  mutating func hold(_ number: UInt32) { holds[Int(number)] += 1 }

  /// Ends one hold; the last forgets the value.
  mutating func release(_ number: UInt32) {
    precondition(holds[Int(number)] > 0, "a hold is ended once")
    holds[Int(number)] -= 1
    guard holds[Int(number)] == 0 else { return }
    index.remove(number, Self.hash(self[number]))
    values[Int(number)] = nil
    vacant.append(number)
  }

  private static func hash(_ value: Value) -> UInt64 { UInt64(truncatingIfNeeded: value.hashValue) }

  private func number(of value: Value, _ hash: UInt64) -> UInt32? {
    var number = index.first(hash)
    while number != SlotIndex.none {
      if values[Int(number)] == value { return number }
      number = index.next(number)
    }
    return nil
  }

  private mutating func grow() {
    index.grow()
    for (number, value) in values.enumerated() {
      if let value { index.insert(UInt32(number), Self.hash(value)) }
    }
  }
}
