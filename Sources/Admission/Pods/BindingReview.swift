import IPAM
import JSON
import KubernetesAPI

/// Reviews of `pods/binding`: a Pod whose pools depend on its node gets its addresses when the node is known. Annotations of
/// the Binding become the Pod's.
extension Reviewer {
  /// The mutating review: addresses are reserved for the Pod on that node, and told in the Binding's annotations.
  func completeBinding(_ request: AdmissionRequest, _ pods: PodAdmission, now: UInt64) -> ReviewOutcome {
    guard let (pod, metadata) = unplaced(request, pods) else {
      return pass(request, .binding, .mutate, .allowed, audit: "{\"addresses\":\"none\"}")
    }
    return giveAddresses(to: pod, request, .binding, metadata, pods, now: now)
  }

  /// The validating review: what the annotations tell is stored before the Pod has its node.
  func judgeBinding(_ request: AdmissionRequest, _ pods: PodAdmission, now: UInt64) -> ReviewOutcome {
    var findings = Findings()
    if let key = key(request), !pods.book.hasSeen(key) {
      findings.refuse(
        .unavailable(
          detail: "the Pod was not seen yet by the address management; try again", retryAfter: 1,
          rule: Self.reservationRule))
      return deny(request, .binding, .validate, findings)
    }
    guard let (pod, metadata) = unplaced(request, pods) else {
      return pass(request, .binding, .validate, .allowed)
    }
    let order = bindOrder(for: pod, AllocationAnnotations(metadata), request, pods, now: now, &findings)
    if findings.isDenied { return deny(request, .binding, .validate, findings) }
    return pass(request, .binding, .validate, .allowed, binding: order)
  }

  /// The Pod that is to get a node, as it will be on it, if it has no addresses yet; nil for any other.
  private func unplaced(
    _ request: AdmissionRequest, _ pods: PodAdmission
  ) -> (pod: PodFacts, metadata: MetadataReading)? {
    guard request.operation == .create, let object = request.object, let key = key(request),
      let node = object["target"]?["name"]?.string, let facts = pods.book.unplaced(key)
    else { return nil }
    return (facts.placed(on: node), MetadataReading(object))
  }

  private func key(_ request: AdmissionRequest) -> PodKey? {
    (request.name ?? request.object?["metadata"]?["name"])?.string.map {
      PodKey(namespace: request.namespace?.string ?? "", name: $0)
    }
  }
}
