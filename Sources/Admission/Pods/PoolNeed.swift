public import IPAM
public import KubernetesAPI

/// Automatic pools that must be made, or made larger, before a Pod can have its addresses.
public struct PoolNeed: Sendable, Equatable {
  /// The Pod's namespace.
  public let namespace: String
  /// The Pod's controller: the application, or what the application made.
  public let owner: OwnerReference
  /// What the Pod asks for.
  public let request: AutomaticPoolRequest
  /// The application, if it is known.
  public var application: Application?
  /// Whether the pools are there, and only not as the Pod asks: it gets an address of them in any case.
  public var isOptional = false

  /// A need from its parts.
  public init(namespace: String, owner: OwnerReference, request: AutomaticPoolRequest) {
    self.namespace = namespace
    self.owner = owner
    self.request = request
  }

  /// Whose pools they are, for people.
  var applicationText: String {
    application?.description ?? "\(owner.kind) \(namespace)/\(owner.name)"
  }
}

/// What has to be done before a review can be judged for good. It was answered for the case that it cannot be done.
public enum Prerequisite: Sendable, Equatable {
  /// A subnet is to be read as it is now: another replica may have written it a moment ago.
  case subnet(String)
  /// Pools are to be made for an application.
  case pools(PoolNeed)
  /// It is to be known whether objects of a kind tell their replicas.
  case scale(apiVersion: String, kind: String)
}

extension PodFacts {
  /// Whether it asks for pools of its application's own, in a cluster that has such.
  func asksForAutomaticPools(_ settings: ChoiceSettings) -> Bool {
    settings.usesSubnets && !isHostNetwork && !isMirror && AutomaticAnnotations(self).areMeant
  }
}
