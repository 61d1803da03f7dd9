import IPAM
import JSON
import KubernetesAPI

/// The controllers whose replicas are known.
enum NativeControllers {
  /// Whether this owner of a Pod is one of them.
  static func owns(_ owner: JSONView) -> Bool { owns(OwnerReference(owner)) }

  /// Whether this owner of a Pod is one of them. In earlier versions their objects make no Pods any more.
  static func owns(_ owner: OwnerReference) -> Bool {
    ["v1", "apps/v1", "batch/v1"].contains(owner.apiVersion)
      && (owner.kind == ResourceType.pod.kind || WorkloadKind(rawValue: owner.kind) != nil)
  }

  /// Whether objects of this kind are such controllers, in whatever version they are served. Without a group it is the
  /// core group's.
  static func isNative(group: JSONView?, kind: JSONView) -> Bool {
    let isGroup = group.map { $0.equals("apps") || $0.equals("batch") || $0.equals("extensions") } ?? true
    return isGroup && isKind(kind)
  }

  static func isKind(_ kind: JSONView) -> Bool {
    kind.equals("Pod") || kind.equals("Deployment") || kind.equals("ReplicaSet") || kind.equals("DaemonSet")
      || kind.equals("StatefulSet") || kind.equals("Job") || kind.equals("CronJob")
  }
}
