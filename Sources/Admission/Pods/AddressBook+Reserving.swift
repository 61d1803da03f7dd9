internal import Addressing
internal import IPAM
public import KubernetesAPI

/// What the mutating review asks.
extension AddressBook {
  /// What a Pod that is being created is to get.
  enum Reserving {
    /// Nothing: it is no Pod of ours.
    case leftAlone
    /// Nothing yet: it depends on the node, which is not known.
    case awaitsNode
    /// Nothing yet: its application's pools are to be made, or made larger. If they cannot be, the shortage tells why there is
    /// no address; nil when there is no pool at all.
    case needs(PoolNeed, short: (shortage: Shortage, interface: String)?)
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
        return state.reserve(id, plan, for: pod, settings: settings, isDryRun: isDryRun, now: now)
      }
    }
  }

  /// Takes an address of each of the application's own pools.
  /// - Parameter isLast: nothing can be done for the Pod any more: that it was refused is remembered.
  func reserve(
    _ id: ReservationID, for pod: PodFacts, _ need: PoolNeed, isLast: Bool, settings: PodAdmission,
    isDryRun: Bool, now: UInt64
  ) -> Reserving {
    withState { state -> Reserving in
      guard let application = state.workloads.top(of: need.owner, namespace: pod.namespace) else {
        return .needs(need, short: nil)
      }
      var need = need
      need.application = application
      switch AutomaticChoice.choose(for: pod, need.request, of: application, from: state.catalog) {
      case .missing: return .needs(need, short: nil)
      case .refused(let errors): return .refused(errors)
      case .chosen(let plan):
        // Nobody but its Pods tells what an application of somebody else's wants: the newest one counts.
        if !isLast, !isDryRun, !application.isNative,
          !AutomaticChoice.isAsAsked(need.request, of: application, in: state.catalog)
        {
          need.isOptional = true
          return .needs(need, short: nil)
        }
        let result = state.reserve(
          id, plan, for: pod, notesRefusal: isLast, settings: settings, isDryRun: isDryRun, now: now)
        guard case .short(let shortage, let interface) = result, shortage.isForWantOfAddresses else {
          return result
        }
        return .needs(need, short: (shortage, interface))
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
    if pod.asksForAutomaticPools(settings.choice) { return true }
    return withState { state -> Bool in
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

  /// An owner from its parts.
  public init(apiVersion: String, kind: String, namespace: String, name: String) {
    self.apiVersion = apiVersion
    self.kind = kind
    self.namespace = namespace
    self.name = name
  }

  /// The owner of a Pod of this namespace.
  public init(_ owner: OwnerReference, _ namespace: String) {
    apiVersion = owner.apiVersion
    kind = owner.kind
    self.namespace = namespace
    name = owner.name
  }
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

  fileprivate mutating func reserve(
    _ id: ReservationID, _ plan: AddressPlan, for pod: PodFacts, notesRefusal: Bool = true,
    settings: PodAdmission, isDryRun: Bool, now: UInt64
  ) -> AddressBook.Reserving {
    _ = ledger.expire(now: now)
    do throws(Shortage) {
      let grants = try ledger.reserve(
        id, for: pod.ownerKey, sticky: pod.stickyKey, plan.demands,
        expires: now + settings.reservationLifetime, now: now, start: settings.searchStart(of: id))
      if isDryRun { ledger.cancel(id) }
      guard let allocation = PodAllocation(plan: plan, grants: grants, catalog: catalog) else {
        preconditionFailure("grants are of pools that the catalog has")
      }
      return .granted(allocation)
    } catch {
      if !isDryRun, notesRefusal, let owner = pod.owner {
        noteRefused(RefusedOwner(owner, pod.namespace), error.demand.pools)
      }
      return .short(error, interface: plan.interfaces[error.demand.interface].name)
    }
  }

  /// Owners remembered for one pool, and pools they are remembered for; beyond that they find out by themselves.
  private static let maximumRefused = 1024
  private static let maximumRefusing = 8192

  /// Notes who wants to hear when these pools have addresses again.
  mutating func noteRefused(_ owner: RefusedOwner, _ pools: [String]) {
    for pool in pools {
      guard var owners = refused[pool] ?? (refused.count < Self.maximumRefusing ? [] : nil) else { continue }
      if owners.count < Self.maximumRefused { owners.insert(owner) }
      refused[pool] = owners
    }
  }
}
