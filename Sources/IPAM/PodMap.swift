/// Something for each of very many Pods, by name: a name takes 16 bytes, and what the Pods of one controller have in common is
/// kept once.
///
/// A text for each name would be scattered over the memory that reading them took, and keep it from being given back.
public struct PodMap<Value: Sendable>: Sendable {
  private struct Name: Hashable {
    let stem: UInt32
    let suffix: UInt64
  }

  private var stems = Interner<NameStem>()
  private var values: [Name: Value] = [:]

  /// An empty map with room for so many.
  public init(expecting count: Int = 0) { values.reserveCapacity(count) }

  /// How many there are.
  public var count: Int { values.count }

  /// What there is for the Pod of this name; nil takes it out.
  public subscript(pod: PodKey) -> Value? {
    get {
      let (stem, suffix) = NameStem.split(pod)
      return stems.number(of: stem).flatMap { values[Name(stem: $0, suffix: suffix)] }
    }
    set {
      let (stem, suffix) = NameStem.split(pod)
      if let newValue {
        let number = stems.hold(stem)
        if values.updateValue(newValue, forKey: Name(stem: number, suffix: suffix)) != nil {
          stems.release(number)
        }
      } else if let number = stems.number(of: stem),
        values.removeValue(forKey: Name(stem: number, suffix: suffix)) != nil
      {
        stems.release(number)
      }
    }
  }

  /// The names of those that `isWanted` wants, in no order, one by one as they are asked for.
  public func pods(where isWanted: @escaping (Value) -> Bool) -> some Sequence<PodKey> {
    values.lazy.filter { isWanted($0.value) }.map { stems[$0.key.stem].pod($0.key.suffix) }
  }

  /// All names, in no order.
  public var pods: [PodKey] { values.keys.map { stems[$0.stem].pod($0.suffix) } }
}
