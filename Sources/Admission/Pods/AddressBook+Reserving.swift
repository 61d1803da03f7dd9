internal import Addressing
internal import IPAM
internal import KubernetesAPI

/// What the mutating review asks.
extension AddressBook {
  /// What a Pod that is being created is to get.
  enum Reserving {
    /// Nothing: it is no Pod of ours.
    case leftAlone
    /// Nothing yet: it depends on the node, which is not known.
    case awaitsNode
    /// Its annotations are wrong, or no pool is for it.
    case refused([FieldError])
    /// No address is left for it.
    case short(Shortage, interface: String)
    case granted(PodAllocation)
  }

  /// Chooses pools and takes an address of each interface and family.
  /// - Parameter isDryRun: nothing stays reserved.
  func reserve(
    _ id: ReservationID, for pod: PodFacts, settings: PodAdmission, isDryRun: Bool, now: UInt64
  ) -> Reserving {
    withState { state -> Reserving in
      switch state.choose(for: pod, settings.choice) {
      case .leftAlone: return .leftAlone
      case .awaitsNode: return .awaitsNode
      case .refused(let errors): return .refused(errors)
      case .chosen(let plan):
        _ = state.ledger.expire(now: now)
        do throws(Shortage) {
          let grants = try state.ledger.reserve(
            id, for: pod.ownerKey, sticky: pod.stickyKey, plan.demands,
            expires: now + settings.reservationLifetime, now: now, start: settings.searchStart(of: id))
          if isDryRun { state.ledger.cancel(id) }
          guard let allocation = PodAllocation(plan: plan, grants: grants, catalog: state.catalog) else {
            preconditionFailure("grants are of pools that the catalog has")
          }
          return .granted(allocation)
        } catch {
          if !isDryRun { state.noteRefused(pod, error) }
          return .short(error, interface: plan.interfaces[error.demand.interface].name)
        }
      }
    }
  }

  /// Whether these addresses are still reserved by this number, here or, as far as it can be seen, by another replica:
  /// then the review is asked again about one creation.
  func isStillReserved(
    _ id: ReservationID, _ grants: [AddressGrant], for owner: OwnerKey, expires: UInt64, now: UInt64
  ) -> Bool {
    withState { state -> Bool in
      if let known = state.ledger.reservation(id) { return known == grants }
      return state.ledger.adopt(id, for: owner, grants, expires: expires, now: now)
    }
  }

  /// Whether a Pod is one that gets addresses from us.
  func isServed(_ pod: PodFacts, settings: PodAdmission) -> Bool {
    withState { state -> Bool in
      return switch state.choose(for: pod, settings.choice) {
      case .chosen, .refused: true
      case .leftAlone, .awaitsNode: false
      }
    }
  }
}

extension PodFacts {
  /// The key under which a Pod finds the addresses again that it had before: StatefulSets' Pods alone have one.
  var stickyKey: PodKey? {
    guard let owner, owner.apiVersion == "apps/v1", owner.kind == "StatefulSet", !name.isEmpty else {
      return nil
    }
    return PodKey(namespace: namespace, name: name)
  }
}

/// Whose Pod was refused, in a form that can be found again.
public struct RefusedOwner: Hashable, Sendable {
  /// Group and version.
  public let apiVersion: String
  /// The kind.
  public let kind: String
  /// The namespace.
  public let namespace: String
  /// The name.
  public let name: String
}

extension AddressBook.State {
  /// Which pools are for a Pod, as far as it is known what it is, and where.
  func choose(for pod: PodFacts, _ settings: ChoiceSettings) -> PoolChoice.Outcome {
    var node = NodeKnowledge.unknown
    if !pod.nodeName.isEmpty {
      node = .known(nodes[pod.nodeName] ?? NodeFacts(name: pod.nodeName, labels: [:]))
    }
    return PoolChoice.choose(
      for: pod, in: namespaces[pod.namespace], on: node, from: catalog, settings: settings)
  }

  /// Owners remembered for one pool; beyond that they find out by themselves.
  private static let maximumRefused = 1024

  /// Notes who wants to hear when addresses come back.
  mutating func noteRefused(_ pod: PodFacts, _ shortage: Shortage) {
    guard let owner = pod.owner else { return }
    let key = RefusedOwner(
      apiVersion: owner.apiVersion, kind: owner.kind, namespace: pod.namespace, name: owner.name)
    for pool in shortage.demand.pools where refused[pool, default: []].count < Self.maximumRefused {
      refused[pool, default: []].insert(key)
    }
  }
}
