import IPAM
import JSON
import KubernetesAPI

/// The annotations that tell a Pod's addresses, as they stand in an object under review.
struct AllocationAnnotations {
  static let allocationPath = path(SpiderAPI.Annotation.allocation)
  static let reservationPath = path(SpiderAPI.Annotation.reservation)

  let allocation: String?
  let reservation: String?

  init(_ metadata: MetadataReading) {
    allocation = metadata.annotations?[SpiderAPI.Annotation.allocation]?.string
    reservation = metadata.annotations?[SpiderAPI.Annotation.reservation]?.string
  }

  var isEmpty: Bool { allocation == nil && reservation == nil }

  private static func path(_ key: StaticString) -> FieldPath {
    FieldPath.metadata.child("annotations").key(key.description)
  }
}

extension Reviewer {
  static let reservationRule = RuleID("address-reservation")
  static let choiceRule = RuleID("pool-choice")
  static let bindRule = RuleID("address-binding")

  /// The mutating review of a Pod that is being created: its addresses are reserved, and told in its annotations.
  func completePod(_ request: AdmissionRequest, _ pods: PodAdmission, now: UInt64) -> ReviewOutcome {
    var findings = Findings()
    checkFixedNumber(ofPod: request, &findings)
    if findings.isDenied { return deny(request, .pod, .mutate, findings) }
    guard let object = request.object else { return pass(request, .pod, .mutate, .notJudged) }
    let pod = PodFacts(object, namespace: request.namespace?.string ?? "")
    let metadata = MetadataReading(object)
    if !request.isDryRun, keepsReservation(pod, metadata, pods, now: now) {
      return pass(request, .pod, .mutate, .allowed, audit: "{\"addresses\":\"kept\"}")
    }
    return giveAddresses(to: pod, request, .pod, metadata, pods, now: now)
  }

  /// Reserves a Pod's addresses and tells them in the annotations of the object under review.
  func giveAddresses(
    to pod: PodFacts, _ request: AdmissionRequest, _ subject: Subject, _ metadata: MetadataReading,
    _ pods: PodAdmission, now: UInt64
  ) -> ReviewOutcome {
    var findings = Findings()
    let need = automaticPools(for: pod, pods, &findings)
    if findings.isDenied { return deny(request, subject, .mutate, findings) }
    let id = ReservationID(pods.newID())
    let isDryRun = request.isDryRun
    let reserving =
      need.map {
        pods.book.reserve(
          id, for: pod, $0, isLast: isSecondLook, settings: pods, isDryRun: isDryRun, now: now)
      }
      ?? pods.book.reserve(id, for: pod, settings: pods, isDryRun: isDryRun, now: now)
    switch reserving {
    case .leftAlone, .awaitsNode: return withoutAddresses(request, subject, metadata)
    case .needs(let need, let short): return wanting(need, short, request, subject)
    case .refused(let errors):
      for error in errors { findings.report(error) }
      return deny(request, subject, .mutate, findings)
    case .short(let shortage, let interface):
      findings.refuse(.exhausted(detail: shortage.sentence(interface: interface), rule: Self.choiceRule))
      return deny(request, subject, .mutate, findings)
    case .granted(let allocation):
      if request.isDryRun { return told(allocation, request, subject) }
      let text = allocation.text()
      let token = ReservationToken(
        id, expires: now + pods.reservationLifetime, allocation: text, bearer: pod.bearer, signer: pods.signer
      )
      return annotated(request, subject, metadata, text, token)
    }
  }

  /// The pools of its application's own that a Pod asks for; nil for one that asks for none.
  private func automaticPools(
    for pod: PodFacts, _ pods: PodAdmission, _ findings: inout Findings
  ) -> PoolNeed? {
    guard pod.asksForAutomaticPools(pods.choice) else { return nil }
    let annotations = AutomaticAnnotations(pod)
    let isFixed = pod.owner.map { !NativeControllers.owns($0) } ?? false
    let reading = SubnetAnnotation.read(annotations, isFixed: isFixed, in: subnetWorld)
    for error in reading.errors { findings.report(error) }
    guard let owner = pod.owner else {
      AutomaticOwnerRule.reportBare(annotations, &findings)
      return nil
    }
    AutomaticOwnerRule.check(owner, annotations, &findings)
    return reading.request.map { PoolNeed(namespace: pod.namespace, owner: owner, request: $0) }
  }

  /// What annotations may name.
  var subnetWorld: SubnetAnnotation.World { directory.subnetWorld(settings.choice) }

  /// The answer to a Pod whose application's pools are missing or full, for the case that this cannot be mended.
  private func wanting(
    _ need: PoolNeed, _ short: (shortage: Shortage, interface: String)?, _ request: AdmissionRequest,
    _ subject: Subject
  ) -> ReviewOutcome {
    let owner = need.applicationText
    if request.isDryRun {
      let warning = "dry run: would take an address of a pool that is made for \(owner)"
      return pass(
        request, subject, .mutate, .allowed, ["\(AllocationAnnotations.allocationPath): \(warning)"],
        audit: "{\"addresses\":\"dry-run\"}")
    }
    var findings = Findings()
    if let (shortage, interface) = short {
      let key = SpiderAPI.Annotation.poolIPNumber
      let remedy =
        "the pool is that of \(owner), whose Pods ask for \(key): \"\(need.request.size)\"; "
        + "raise it in the Pod template, or wait until a Pod is gone"
      findings.refuse(
        .exhausted(
          detail: "\(shortage.sentence(interface: interface)); \(remedy)", rule: Self.choiceRule))
    } else {
      findings.refuse(
        .unavailable(
          detail: "the automatic pool of \(owner) does not exist yet; try again", retryAfter: 1,
          rule: Self.choiceRule))
    }
    return deny(request, subject, .mutate, findings, prerequisite: .pools(need))
  }

  /// Whether the Pod carries addresses that are reserved for it already, because the review is asked again about one creation.
  private func keepsReservation(
    _ pod: PodFacts, _ metadata: MetadataReading, _ pods: PodAdmission, now: UInt64
  ) -> Bool {
    let annotations = AllocationAnnotations(metadata)
    let redeemed = ReservationToken.redeem(
      annotations.reservation, for: annotations.allocation, pod.bearer, signer: pods.signer)
    guard let (token, allocation) = redeemed, now < token.expires else { return false }
    return pods.book.isStillReserved(
      token.id, allocation.grants, for: pod.ownerKey, expires: token.expires, now: now)
  }

  /// A Pod that gets no addresses here. What it was copied with is taken away.
  private func withoutAddresses(
    _ request: AdmissionRequest, _ subject: Subject, _ metadata: MetadataReading
  ) -> ReviewOutcome {
    var patch = JSONPatch()
    let annotations = AllocationAnnotations(metadata)
    if annotations.allocation != nil {
      patch.remove("/metadata/annotations", SpiderAPI.Annotation.allocation.description)
    }
    if annotations.reservation != nil {
      patch.remove("/metadata/annotations", SpiderAPI.Annotation.reservation.description)
    }
    if patch.isEmpty { return pass(request, subject, .mutate, .allowed, audit: "{\"addresses\":\"none\"}") }
    return patched(request, subject, patch, audit: "{\"addresses\":\"removed\"}")
  }

  /// The answer to a dry run: nothing is kept, so nothing is written into the Pod.
  private func told(
    _ allocation: PodAllocation, _ request: AdmissionRequest, _ subject: Subject
  ) -> ReviewOutcome {
    let warning = "\(AllocationAnnotations.allocationPath): dry run: would hold \(allocation.addressesText)"
    return pass(request, subject, .mutate, .allowed, [warning], audit: "{\"addresses\":\"dry-run\"}")
  }

  private func annotated(
    _ request: AdmissionRequest, _ subject: Subject, _ metadata: MetadataReading, _ text: String,
    _ token: ReservationToken
  ) -> ReviewOutcome {
    var patch = JSONPatch()
    if metadata.annotations?.kind == .object {
      patch.add("/metadata/annotations", SpiderAPI.Annotation.allocation.description, text)
      patch.add("/metadata/annotations", SpiderAPI.Annotation.reservation.description, token.text)
    } else {
      if metadata.view == nil { patch.add("/metadata") { $0.raw("{}") } }
      patch.add("/metadata/annotations") { annotations in
        annotations.object { object in
          object.key(SpiderAPI.Annotation.allocation)
          object.value(text)
          object.key(SpiderAPI.Annotation.reservation)
          object.value(token.text)
        }
      }
    }
    return patched(request, subject, patch, audit: "{\"addresses\":\"reserved\"}")
  }

  private func patched(
    _ request: AdmissionRequest, _ subject: Subject, _ patch: JSONPatch, audit: StaticString
  ) -> ReviewOutcome {
    var response = AdmissionResponse(to: request, allowed: true, reserving: 1536)
    response.patch(patch)
    response.auditAnnotations(audit)
    return ReviewOutcome(
      body: response.finish(),
      decision: Decision(
        phase: .mutate, request: request, subject: subject, verdict: .allowed, isPatched: true))
  }
}

extension PodFacts {
  /// For whom addresses are reserved: the API server generates a name between the two reviews.
  var bearer: ReservationToken.Bearer {
    ReservationToken.Bearer(
      namespace: namespace, name: generateName.isEmpty ? name : generateName, owner: owner?.uid ?? "")
  }
}

extension PodAllocation {
  /// The addresses and their pools, for people.
  fileprivate var addressesText: String {
    grants.map { "\($0.address) of \($0.pool)" }.joined(separator: ", ")
  }
}
