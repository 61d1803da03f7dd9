public import IPAM
import JSON
import KubernetesAPI

extension Reviewer {
  /// The validating review of a Pod.
  func judgePod(_ request: AdmissionRequest, _ pods: PodAdmission, now: UInt64) -> ReviewOutcome {
    var findings = Findings()
    checkFixedNumber(ofPod: request, &findings)
    var order: BindOrder?
    if request.operation == .update {
      Self.checkUnchanged(request, &findings)
    } else if let object = request.object {
      let pod = PodFacts(object, namespace: request.namespace?.string ?? "")
      let annotations = AllocationAnnotations(MetadataReading(object))
      order = bindOrder(for: pod, annotations, request, pods, now: now, &findings)
    }
    if findings.isDenied { return deny(request, .pod, .validate, findings) }
    return pass(
      request, .pod, .validate, .allowed, findings.warnings, binding: order,
      audit: order == nil ? "{\"decision\":\"allowed\"}" : "{\"addresses\":\"bound\"}")
  }

  /// The addresses of a Pod are what they were when it was created.
  private static func checkUnchanged(_ request: AdmissionRequest, _ findings: inout Findings) {
    let new = AllocationAnnotations(MetadataReading(request.object))
    let old = AllocationAnnotations(MetadataReading(request.oldObject))
    let detail =
      "is written by the address management alone and stays as it is; to get other addresses, delete the Pod and create it anew"
    if new.allocation != old.allocation {
      findings.report(.forbidden, AllocationAnnotations.allocationPath, .none, detail, reservationRule)
    }
    if new.reservation != old.reservation {
      findings.report(.forbidden, AllocationAnnotations.reservationPath, .none, detail, reservationRule)
    }
  }

  /// What is to be stored before the Pod may be; nil when it has no addresses, or none that are its own.
  func bindOrder(
    for pod: PodFacts, _ annotations: AllocationAnnotations, _ request: AdmissionRequest,
    _ pods: PodAdmission,
    now: UInt64, _ findings: inout Findings
  ) -> BindOrder? {
    if annotations.isEmpty {
      if !request.isDryRun, pods.book.isServed(pod, settings: pods) {
        findings.refuse(
          .unavailable(
            detail: "no addresses were reserved for the Pod, because the mutating webhook was not asked; "
              + "see that it is registered, and try again", retryAfter: nil, rule: Self.reservationRule))
      }
      return nil
    }
    guard let allocation = redeem(annotations, pod, pods, now: now, &findings), !request.isDryRun else {
      return nil
    }
    guard !pod.name.isEmpty, !pod.uid.isEmpty else {
      findings.report(
        .required, FieldPath.metadata.child(pod.uid.isEmpty ? "uid" : "name"), .none,
        "is set by the API server before a validating review", Self.reservationRule)
      return nil
    }
    return BindOrder(
      id: allocation.id, grants: allocation.grants, pod: PodKey(namespace: pod.namespace, name: pod.name),
      uid: PodUID(pod.uid), owner: pod.ownerKey)
  }

  /// The addresses that the Pod's token is good for.
  private func redeem(
    _ annotations: AllocationAnnotations, _ pod: PodFacts, _ pods: PodAdmission, now: UInt64,
    _ findings: inout Findings
  ) -> (id: ReservationID, grants: [AddressGrant])? {
    let redeemed = ReservationToken.redeem(
      annotations.reservation, for: annotations.allocation, pod.bearer, signer: pods.signer)
    guard let (token, allocation) = redeemed else {
      findings.report(
        .forbidden, AllocationAnnotations.allocationPath, .none,
        "was not written by the address management for this Pod; remove the annotations "
          + "\(SpiderAPI.Annotation.allocation) and \(SpiderAPI.Annotation.reservation), and name a pool in "
          + "\(SpiderAPI.Annotation.pool)",
        Self.reservationRule)
      return nil
    }
    guard now < token.expires else {
      findings.refuse(
        .unavailable(
          detail: "the reservation of the Pod's addresses has expired while it was being created; try again",
          retryAfter: 1, rule: Self.reservationRule))
      return nil
    }
    return (token.id, allocation.grants)
  }

  /// The denial in the place of `outcome`, whose addresses could not be bound.
  public func denial(of outcome: ReviewOutcome, because refusal: BindRefusal) -> ReviewOutcome {
    var findings = Findings()
    findings.refuse(
      .raced(detail: "\(refusal.sentence); try again: another address is chosen then", rule: Self.bindRule))
    return denial(of: outcome, findings, rule: Self.bindRule)
  }

  /// The denial in the place of `outcome`, whose addresses could not be stored. `reason` is a sentence without a final stop.
  public func unbound(_ outcome: ReviewOutcome, because reason: String) -> ReviewOutcome {
    var findings = Findings()
    findings.refuse(
      .unavailable(
        detail: "the Pod's addresses could not be stored: \(reason); try again", retryAfter: 1,
        rule: Self.bindRule))
    return denial(of: outcome, findings, rule: Self.bindRule)
  }
}
