internal import Addressing
internal import Admission
internal import IPAM
internal import JSON
internal import KubernetesAPI

/// A pool that somebody wants, and how large.
struct PoolWish: Sendable, Hashable {
  let pool: AutomaticPool
  let count: Int
}

/// What was done to a pool.
struct PoolChange: Sendable, Hashable {
  enum Kind: Sendable, Hashable {
    case none, made, changed
  }

  let name: String
  let kind: Kind
}

/// What became of a wish.
enum CarveOutcome: Sendable, Hashable {
  /// The pool is there, and as it should be.
  case ready(PoolChange)
  /// The subnet has not enough addresses left.
  case short(needed: UInt128, free: UInt128)
  /// Pods hold more addresses than the pool is to have; it shrinks when they have given some back.
  case inUse(held: UInt128)
  /// It cannot be, until somebody changes something: a sentence without a final stop.
  case refused(String)
  /// It could not be done now: a sentence without a final stop.
  case failed(String)
}

/// What one round is to do: the subnet's status, and then a step for each wish, in their order.
struct CarvePlan: Sendable {
  enum Step: Sendable {
    /// There is nothing to write.
    case answer(CarveOutcome)
    case create(PoolWish, name: String, AddressSet)
    case change(PoolWish, SpiderIPPool, AddressSet)
    /// It cannot shrink yet: that it is to is written on it, and its addresses stay.
    case mark(PoolWish, SpiderIPPool, held: UInt128)
  }

  var status: SubnetStatus
  var steps: [Step] = []

  /// Whether it is right only if the subnet is what it was: somebody is told that there is not enough, or a pool gets what the
  /// status gives it already.
  func restsOn(_ subnet: SpiderSubnet) -> Bool {
    let isWritten = status(over: subnet) != nil
    return steps.contains { step in
      switch step {
      case .answer(.short), .answer(.inUse), .answer(.refused), .mark: true
      case .create, .change: !isWritten
      case .answer: false
      }
    }
  }

  /// The object that writes the status, on the condition that the subnet is what it was; nil when it says so already.
  func status(over subnet: SpiderSubnet) -> [UInt8]? {
    let total = AddressText.lenientAddresses(
      subnet.spec.ips, without: subnet.spec.excludeIPs, like: AddressText.lenientNetwork(subnet.spec.subnet))
    let count = total?.saturatingInt64Count ?? 0
    let text = status.text
    if text == subnet.controlledIPPools, subnet.totalIPCount == count,
      subnet.allocatedIPCount == status.allocatedCount
    {
      return nil
    }
    var fields: JSONValue = ["totalIPCount": .int(count), "allocatedIPCount": .int(status.allocatedCount)]
    fields["controlledIPPools"] = text.map { .string($0) }
    let object: JSONValue = [
      "apiVersion": .string(SpiderAPI.apiVersion), "kind": .string(ResourceType.spiderSubnet.kind),
      "metadata": [
        "name": .string(subnet.metadata.name), "uid": .string(subnet.metadata.uid),
        "resourceVersion": .string(subnet.metadata.resourceVersion),
      ],
      "status": fields,
    ]
    return object.bytes
  }
}
