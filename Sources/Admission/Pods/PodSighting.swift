public import IPAM
public import JSON
internal import KubernetesAPI

/// What a watch shows of one Pod, as far as its addresses are concerned.
public struct PodSighting: Sendable, Equatable {
  /// Its name.
  public let key: PodKey
  /// Its UID.
  public let uid: PodUID
  /// The node; empty until it has one.
  public let node: String
  /// Whether it has run to its end and will not run again: its addresses are not needed any more.
  public let hasEnded: Bool
  /// Whether its controller is a StatefulSet, whose Pods find their addresses again.
  public let isStateful: Bool
  /// Whether annotations tell its addresses.
  public let hasAddresses: Bool
  /// What few Pods have: there are many, and most are placed and recorded.
  private(set) var rest: Rest?

  /// The annotations that tell its addresses; nil for a Pod without, and forgotten once they are recorded.
  public var addresses: Addresses? { rest?.addresses }
  /// What a choice of pools needs to know, as long as it has neither addresses nor a node.
  var unplaced: PodFacts? { rest?.unplaced }

  /// What is known of a Pod whose addresses are not recorded yet, or that has none and no node.
  final class Rest: Sendable, Equatable {
    let addresses: Addresses?
    let unplaced: PodFacts?

    /// nil when there is nothing to be known.
    init?(_ addresses: Addresses?, _ unplaced: PodFacts?) {
      if addresses == nil && unplaced == nil { return nil }
      self.addresses = addresses
      self.unplaced = unplaced
    }

    static func == (left: Rest, right: Rest) -> Bool {
      left.addresses == right.addresses && left.unplaced == right.unplaced
    }
  }

  /// What its annotations hold.
  public struct Addresses: Sendable, Equatable {
    /// The text of the allocation.
    public let allocation: String
    /// The text of the token.
    public let reservation: String
    /// For whom it was made.
    let bearer: ReservationToken.Bearer
    /// Whose addresses they are.
    let owner: OwnerKey
    /// The kind of the Pod's controller; `Pod` for a Pod without one.
    public let controllerKind: String
    /// The name of the Pod's controller; its own for a Pod without one.
    public let controllerName: String
  }

  init(
    key: PodKey, uid: PodUID, node: String, hasEnded: Bool, isStateful: Bool, hasAddresses: Bool, rest: Rest?
  ) {
    self.key = key
    self.uid = uid
    self.node = node
    self.hasEnded = hasEnded
    self.isStateful = isStateful
    self.hasAddresses = hasAddresses
    self.rest = rest
  }

  /// Reads a Pod.
  public init(_ view: JSONView) {
    let metadata = view["metadata"]
    let pod = PodFacts(view, namespace: metadata?["namespace"]?.string ?? "")
    key = PodKey(namespace: pod.namespace, name: pod.name)
    uid = PodUID(pod.uid)
    node = pod.nodeName
    hasEnded = Self.hasEnded(view)
    isStateful = pod.stickyKey != nil
    let annotations = AllocationAnnotations(MetadataReading(view))
    var addresses: Addresses?
    if let allocation = annotations.allocation, let reservation = annotations.reservation {
      addresses = Addresses(
        allocation: allocation, reservation: reservation, bearer: pod.bearer, owner: pod.ownerKey,
        controllerKind: pod.owner?.kind ?? ResourceType.pod.kind, controllerName: pod.owner?.name ?? pod.name)
    }
    hasAddresses = addresses != nil
    rest = Rest(addresses, hasAddresses || !node.isEmpty || pod.isHostNetwork ? nil : pod)
  }

  /// The same without what is not needed any more once its addresses are recorded: there are many Pods.
  var recorded: PodSighting {
    var pod = self
    pod.rest = Rest(nil, unplaced)
    return pod
  }

  /// Succeeded; failed and not to be started again; or evicted.
  private static func hasEnded(_ view: JSONView) -> Bool {
    let status = view["status"]
    guard let phase = status?["phase"] else { return false }
    let policy = view["spec"]?["restartPolicy"]
    if phase.equals("Succeeded") { return policy?.equals("Always") != true }
    guard phase.equals("Failed") else { return false }
    return policy?.equals("Never") == true || status?["reason"]?.equals("Evicted") == true
  }
}
