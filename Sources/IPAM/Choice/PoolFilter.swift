internal import KubernetesAPI

/// Whether a pool serves a Pod, and why not.
struct PoolFilter {
  /// The answer for one pool.
  enum Verdict: Equatable {
    case serves
    /// It may serve the Pod, once its node is known.
    case dependsOnNode
    case dropsOut(Reason)
  }

  /// What stands against a pool. It is put into words only when no other pool serves the Pod.
  enum Reason: Equatable {
    case terminating, disabled
    case nodeName, nodeAffinity
    case namespaceName, namespaceAffinity, namespaceUnknown
    case application, podAffinity
    case network
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
    if pool.isTerminating { return .dropsOut(.terminating) }
    if pool.isDisabled { return .dropsOut(.disabled) }
    if case .known(let node) = node, let reason = reason(pool, against: node) { return .dropsOut(reason) }
    let reason = reasonOfNamespace(pool) ?? reasonOfPod(pool) ?? reasonOfNetwork(pool, interface)
    if let reason { return .dropsOut(reason) }
    return node == .unknown && pool.dependsOnNode ? .dependsOnNode : .serves
  }

  private func reason(_ pool: PoolFacts, against node: NodeFacts) -> Reason? {
    if !pool.nodeName.isEmpty { return pool.nodeName.contains(node.name) ? nil : .nodeName }
    return pool.nodeAffinity?.matches(node.labels) ?? true ? nil : .nodeAffinity
  }

  private func reasonOfNamespace(_ pool: PoolFacts) -> Reason? {
    if !pool.namespaceName.isEmpty {
      return pool.namespaceName.contains(pod.namespace) ? nil : .namespaceName
    }
    guard let selector = pool.namespaceAffinity, !selector.isEmpty else { return nil }
    guard let namespace else { return .namespaceUnknown }
    return selector.matches(namespace.labels) ? nil : .namespaceAffinity
  }

  private func reasonOfPod(_ pool: PoolFacts) -> Reason? {
    // The affinity of an automatic pool names an application, not labels of Pods.
    if pool.marks != nil { return .application }
    return pool.podAffinity?.matches(pod.labels) ?? true ? nil : .podAffinity
  }

  private mutating func reasonOfNetwork(_ pool: PoolFacts, _ interface: String) -> Reason? {
    if pool.multusName.isEmpty { return nil }
    guard let network = networks.network(of: interface) else { return .network }
    let isServed = pool.multusName.contains { name in
      name.contains("/") ? name == network : "\(settings.multusNamespace)/\(name)" == network
    }
    return isServed ? nil : .network
  }
}

extension PoolFilter {
  /// A reason in words; the sentence starts with the pool's name.
  mutating func text(of reason: Reason, _ pool: PoolFacts, _ interface: String) -> String {
    let nodeName = if case .known(let node) = node { node.name } else { "" }
    let listed = NameSuggestion.listed
    let words =
      switch reason {
      case .terminating: "is being deleted"
      case .disabled: "is disabled (spec.disable)"
      case .nodeName: "serves the nodes \(listed(pool.nodeName)) (spec.nodeName), not \(nodeName)"
      case .nodeAffinity: "serves other nodes than \(nodeName) (spec.nodeAffinity)"
      case .namespaceName:
        "serves the namespaces \(listed(pool.namespaceName)) (spec.namespaceName), not \(pod.namespace)"
      case .namespaceAffinity: "serves other namespaces than \(pod.namespace) (spec.namespaceAffinity)"
      case .namespaceUnknown:
        "selects namespaces by label (spec.namespaceAffinity), and the labels of \(pod.namespace) are not known"
      case .application:
        "is the automatic pool of \(GoText.shortened(pool.marks?.key.application.name ?? ""))"
      case .podAffinity: "serves Pods with other labels (spec.podAffinity)"
      case .network:
        "serves the networks \(listed(pool.multusName)) (spec.multusName), and \(state(ofNetworkOf: interface))"
      }
    return "\(pool.name) \(words)"
  }

  private mutating func state(ofNetworkOf interface: String) -> String {
    if let network = networks.network(of: interface) {
      return "\(interface) is attached to \(GoText.shortened(network))"
    }
    let key = interface == "eth0" ? MultusNetworks.defaultNetworkKey : MultusNetworks.networksKey
    let isUnreadable = interface != "eth0" && networks.further == nil
    return "for \(interface) the annotation \(key) \(isUnreadable ? "cannot be read" : "names none")"
  }
}
