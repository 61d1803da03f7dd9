public import IPAM

/// What is asked by whoever tells others where Pods with addresses run.
extension AddressBook {
  /// What was last seen of the Pod of this name; nil when there is none.
  public func sighting(at key: PodKey) -> PodSighting? {
    withState { $0.pods[key] }
  }

  /// The Pods that have addresses and a node, have not ended, and are wanted; so many at most, in any order.
  /// - Parameter isWanted: is asked inside the transaction, and must not ask the book.
  public func placedPods(limit: Int, where isWanted: (PodSighting) -> Bool) -> [PodKey] {
    withState { state -> [PodKey] in
      var keys: [PodKey] = []
      for key in state.pods.placed() {
        if keys.count >= limit { break }
        if let pod = state.pods[key], isWanted(pod) { keys.append(key) }
      }
      return keys
    }
  }
}

extension PodSighting {
  /// Whether it has addresses and a node, and has not ended.
  public var isPlaced: Bool { hasAddresses && !node.isEmpty && !hasEnded }
}
