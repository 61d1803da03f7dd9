public import KubernetesAPI

/// The choice of pools for a Pod: by its annotations, else by its namespace's, else the default pools.
///
/// The first of these that is there decides alone: nothing is added to it from another.
public enum PoolChoice {
  /// What was chosen.
  public enum Outcome: Sendable, Equatable {
    /// The Pod gets no address from here: it uses its node's network, is a mirror Pod, asks for its application's own pools
    /// (``AutomaticChoice``), or nothing names a pool and there is no default one.
    case leftAlone
    /// What the Pod asks for is wrong, or no pool of a list serves it.
    case refused([FieldError])
    /// Where its addresses come from.
    case chosen(AddressPlan)
    /// A pool that may be wanted serves some nodes only, and the Pod's node is not known yet.
    case awaitsNode
  }

  /// A list of which no pool serves the Pod.
  static let servesID = RuleID("pool-serves-pod")
  /// An interface that asks for switched-off families only.
  static let familyOffID = RuleID("pool-family-enabled")
  /// The namespace's annotations.
  static let namespaceID = RuleID("namespace-pool-annotation")
  /// Reasons beyond this many are counted, not listed.
  static let maximumReasons = 8

  /// Chooses the pools of a Pod.
  /// - Parameters:
  ///   - namespace: The Pod's namespace; nil when nothing is known of it, which is as one without annotations that no
  ///     selector matches.
  ///   - node: Where the Pod runs. For a Pod that names its node itself it must be known.
  public static func choose(
    for pod: PodFacts, in namespace: NamespaceFacts?, on node: NodeKnowledge, from catalog: PoolCatalog,
    settings: ChoiceSettings
  ) -> Outcome {
    if pod.isHostNetwork || pod.isMirror { return .leftAlone }
    if settings.usesSubnets, AutomaticAnnotations(pod).areMeant { return .leftAlone }
    let filter = PoolFilter(pod: pod, namespace: namespace, node: node, settings: settings)
    var choosing = Choosing(filter: filter, catalog: catalog)
    return choosing.outcome()
  }
}
