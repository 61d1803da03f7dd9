public import KubernetesAPI

/// The choice of an application's own pools for one of its Pods.
public enum AutomaticChoice: Sendable, Equatable {
  /// The Pod's annotations are wrong, or a pool gives nothing.
  case refused([FieldError])
  /// Where its addresses come from.
  case chosen(AddressPlan)
  /// A pool is not there yet, or not the application's as it is now.
  case missing

  /// Chooses.
  public static func choose(
    for pod: PodFacts, _ request: AutomaticPoolRequest, of application: Application, from catalog: PoolCatalog
  ) -> AutomaticChoice {
    var plan = AddressPlan(interfaces: [], demands: [])
    for pool in AutomaticPool.pools(of: request, for: application) {
      guard let found = standing(pool, in: catalog) else { return .missing }
      if plan.interfaces.last?.name != pool.place.interface {
        plan.interfaces.append(.init(name: pool.place.interface))
      }
      plan.demands.append(
        AddressDemand(
          interface: plan.interfaces.count - 1, family: pool.place.family, pools: [found.name]))
    }
    guard let text = pod.annotations[PodFacts.Key.routes] else { return .chosen(plan) }
    var mistakes = Mistakes()
    plan.routes = RoutesAnnotation.read(text, &mistakes)
    return mistakes.errors.isEmpty ? .chosen(plan) : .refused(mistakes.errors)
  }

  /// Whether the pools of an application are marked with the size and the end that a request asks for.
  public static func isAsAsked(
    _ request: AutomaticPoolRequest, of application: Application, in catalog: PoolCatalog
  ) -> Bool {
    AutomaticPool.pools(of: request, for: application).allSatisfy { pool in
      let marks = standing(pool, in: catalog)?.marks
      return marks?.size == pool.size && marks?.reclaims == pool.reclaims
    }
  }

  /// The pool as it is there.
  private static func standing(_ pool: AutomaticPool, in catalog: PoolCatalog) -> PoolFacts? {
    catalog.automaticPools(pool.key).first { $0.marks?.uid == pool.application.uid && !$0.isTerminating }
  }
}
