internal import Admission
internal import Cluster
internal import IPAM
internal import JSON
internal import KubernetesAPI

/// The SpiderEndpoint that a Pod should have.
struct EndpointDraft {
  /// The Pod.
  let pod: PodSighting
  private let addresses: PodSighting.Addresses
  private let interfaces: [JSONValue]

  /// nil for a Pod without a node or without addresses that can be read.
  init?(of pod: PodSighting) {
    guard pod.isPlaced, let addresses = pod.addresses, PodAllocation(text: addresses.allocation) != nil else {
      return nil
    }
    let list: JSONValue
    do throws(JSONError) { list = try JSONValue(parsing: addresses.allocation) } catch { return nil }
    self.pod = pod
    self.addresses = addresses
    // The annotation names everything as an endpoint does, and leaves out what is false or empty.
    interfaces = (list.array ?? []).map { interface in
      var interface = interface
      if interface["cleanGateway"] == nil { interface["cleanGateway"] = false }
      interface["vlan"] = 0
      return interface
    }
  }

  /// The whole object, to be created.
  var object: JSONValue {
    var metadata: JSONValue = [
      "name": .string(pod.key.name), "namespace": .string(pod.key.namespace),
      "finalizers": [.string(SpiderAPI.finalizer.description)],
    ]
    metadata["ownerReferences"] = owners
    return [
      "apiVersion": .string(ResourceType.spiderEndpoint.apiVersion),
      "kind": .string(ResourceType.spiderEndpoint.kind), "metadata": metadata, "status": status,
    ]
  }

  /// The merge patch that makes this endpoint of one that told of an earlier Pod of the name.
  func patch(over stored: StoredEndpoint) -> JSONValue {
    [
      "metadata": [
        "resourceVersion": .string(stored.version.rawValue),
        "finalizers": .array(
          (stored.otherFinalizers + [SpiderAPI.finalizer.description]).map { .string($0) }),
        "ownerReferences": owners ?? .null,
      ],
      "status": status,
    ]
  }

  /// The endpoint of a StatefulSet's Pod outlives the Pod, as its addresses do, and so belongs to nobody.
  private var owners: JSONValue? {
    if pod.isStateful { return nil }
    return [
      [
        "apiVersion": .string(ResourceType.pod.apiVersion), "kind": .string(ResourceType.pod.kind),
        "name": .string(pod.key.name), "uid": .string(pod.uid.description),
      ]
    ]
  }

  private var status: JSONValue {
    [
      "current": [
        "uid": .string(pod.uid.description), "node": .string(pod.node), "ips": .array(interfaces),
      ],
      "ownerControllerType": .string(addresses.controllerKind),
      "ownerControllerName": .string(addresses.controllerName),
    ]
  }
}
