internal import IPAM
internal import Synchronization

/// The Pods whose endpoints are to be looked at, each once, on their way from those who have news to the one who writes.
///
/// It holds no news, only names: what is to be done follows from what is known when a Pod's turn comes.
final class EndpointQueue: Sendable {
  /// What is to be done next.
  enum Work: Equatable {
    /// See to the endpoint of the Pod of this name.
    case pod(PodKey)
    /// Look at all Pods and endpoints.
    case pass
  }

  private struct State {
    /// Those before `head` have had their turn.
    var order: [PodKey] = []
    var head = 0
    var waiting: Set<PodKey> = []
    var isPassDue = false

    mutating func next() -> Work? {
      if head < order.count {
        let key = order[head]
        head += 1
        waiting.remove(key)
        if head == order.count || head >= 1024 {
          order.removeFirst(head)
          head = 0
        }
        return .pod(key)
      }
      if isPassDue {
        isPassDue = false
        return .pass
      }
      return nil
    }
  }

  private let state = Mutex(State())
  private let bell = Doorbell()
  private let capacity: Int

  init(capacity: Int) { self.capacity = capacity }

  /// How many Pods wait.
  var count: Int { state.withLock { $0.waiting.count } }

  /// Puts a Pod in line; false if there is no room: then a look at all Pods follows once those in line have had their turn.
  @discardableResult
  func add(_ key: PodKey) -> Bool {
    let (isAdded, isNews) = state.withLock { state in
      if state.waiting.contains(key) { return (true, false) }
      guard state.waiting.count < capacity else {
        state.isPassDue = true
        return (false, false)
      }
      state.waiting.insert(key)
      state.order.append(key)
      return (true, true)
    }
    if isNews { bell.ring() }
    return isAdded
  }

  /// Asks for a look at all Pods.
  func askForPass() {
    state.withLock { $0.isPassDue = true }
    bell.ring()
  }

  /// Forgets all that waits.
  func clear() { state.withLock { $0 = State() } }

  /// What is to be done next; waits until there is something. nil when the task is cancelled. One may ask at a time.
  func next() async -> Work? {
    while !Task.isCancelled {
      if let work = state.withLock({ $0.next() }) { return work }
      await bell.wait()
    }
    return nil
  }
}
