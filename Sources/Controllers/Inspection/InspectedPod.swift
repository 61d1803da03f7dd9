internal import Admission
public import IPAM
public import JSON
internal import KubernetesAPI

/// One Pod as an administrator's command reads it.
public struct InspectedPod: Sendable {
  /// Its name.
  public let key: PodKey
  /// Its UID.
  public let uid: PodUID
  /// Its node; empty until it has one.
  public let node: String
  /// Whether it has run to its end and will not run again.
  public let hasEnded: Bool
  /// The addresses that its allocation annotation tells; nil for a Pod without one, or with one that cannot be read.
  public let grants: [AddressGrant]?
  /// Whether it has an allocation annotation that nobody can read.
  public let isUnreadable: Bool

  /// Reads a Pod.
  public init(_ view: JSONView) {
    let pod = PodSighting(view)
    key = pod.key
    uid = pod.uid
    node = pod.node
    hasEnded = pod.hasEnded
    let text = view["metadata"]?["annotations"]?[SpiderAPI.Annotation.allocation]?.string
    grants = text.flatMap { PodAllocation(text: $0)?.grants }
    isUnreadable = text != nil && grants == nil
  }
}
