internal import KubernetesAPI

/// Whether a pool serves a Pod, and why not.
struct PoolFilter {
  /// The answer for one pool.
  enum Verdict: Equatable {
    case serves
    /// It may serve the Pod, once its node is known.
    case dependsOnNode
    /// It does not serve the Pod. The reason names the pool.
    case dropsOut(String)
  }

  let pod: PodFacts
  let namespace: NamespaceFacts?
  let node: NodeKnowledge
  let settings: ChoiceSettings
  /// Read for the first pool that serves some networks only.
  private(set) lazy var networks = MultusNetworks(of: pod, settings: settings)

  init(pod: PodFacts, namespace: NamespaceFacts?, node: NodeKnowledge, settings: ChoiceSettings) {
    self.pod = pod
    self.namespace = namespace
    self.node = node
    self.settings = settings
  }

  /// The first reason against a pool counts. The node is asked for only where nothing else stands against the pool.
  mutating func judge(_ pool: PoolFacts, for interface: String) -> Verdict {
    if pool.isTerminating { return .dropsOut("\(pool.name) is being deleted") }
    if pool.isDisabled { return .dropsOut("\(pool.name) is disabled (spec.disable)") }
    if case .known(let node) = node, let reason = reason(pool, against: node) { return .dropsOut(reason) }
    let reason = reasonOfNamespace(pool) ?? reasonOfPod(pool) ?? reasonOfNetwork(pool, interface)
    if let reason { return .dropsOut(reason) }
    return node == .unknown && pool.dependsOnNode ? .dependsOnNode : .serves
  }

  private func reason(_ pool: PoolFacts, against node: NodeFacts) -> String? {
    if !pool.nodeName.isEmpty {
      if pool.nodeName.contains(node.name) { return nil }
      let nodes = NameSuggestion.listed(pool.nodeName)
      return "\(pool.name) serves the nodes \(nodes) (spec.nodeName), not \(node.name)"
    }
    guard let selector = pool.nodeAffinity, !selector.matches(node.labels) else { return nil }
    return "\(pool.name) serves other nodes than \(node.name) (spec.nodeAffinity)"
  }

  private func reasonOfNamespace(_ pool: PoolFacts) -> String? {
    if !pool.namespaceName.isEmpty {
      if pool.namespaceName.contains(pod.namespace) { return nil }
      let namespaces = NameSuggestion.listed(pool.namespaceName)
      return "\(pool.name) serves the namespaces \(namespaces) (spec.namespaceName), not \(pod.namespace)"
    }
    guard let selector = pool.namespaceAffinity, !selector.isEmpty else { return nil }
    guard let namespace else {
      return "\(pool.name) selects namespaces by label (spec.namespaceAffinity), and the labels of "
        + "\(pod.namespace) are not known"
    }
    if selector.matches(namespace.labels) { return nil }
    return "\(pool.name) serves other namespaces than \(pod.namespace) (spec.namespaceAffinity)"
  }

  private func reasonOfPod(_ pool: PoolFacts) -> String? {
    // Its affinity names an application, not labels of Pods.
    if let application = pool.application {
      return "\(pool.name) is the automatic pool of \(GoText.shortened(application))"
    }
    guard let selector = pool.podAffinity, !selector.matches(pod.labels) else { return nil }
    return "\(pool.name) serves Pods with other labels (spec.podAffinity)"
  }

  private mutating func reasonOfNetwork(_ pool: PoolFacts, _ interface: String) -> String? {
    if pool.multusName.isEmpty { return nil }
    let served = NameSuggestion.listed(pool.multusName)
    let start = "\(pool.name) serves the networks \(served) (spec.multusName)"
    guard let network = networks.network(of: interface) else {
      let key = interface == "eth0" ? MultusNetworks.defaultNetworkKey : MultusNetworks.networksKey
      let state = interface != "eth0" && networks.further == nil ? "cannot be read" : "names none"
      return "\(start), and for \(interface) the annotation \(key) \(state)"
    }
    let isServed = pool.multusName.contains { name in
      name.contains("/") ? name == network : "\(settings.multusNamespace)/\(name)" == network
    }
    return isServed ? nil : "\(start), and \(interface) is attached to \(GoText.shortened(network))"
  }
}
