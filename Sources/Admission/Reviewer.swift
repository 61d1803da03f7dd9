// Admission: one AdmissionReview in, its answer out.
//
// Comes in: the bytes of a review, the phase, the time. Goes out: the bytes of the answer, the decision for logs and
// metrics, and the claim on addresses that an admitted object makes. What is known of the cluster lies in
// `PoolDirectory`. Deliberately unknown here: HTTP, connections, clients, how other replicas are told, the clock.

import Addressing
public import JSON
import KubernetesAPI

/// Judges reviews. A value without state of its own: any number of threads may use it at once.
public struct Reviewer: Sendable {
  /// What is known of the cluster.
  public let directory: PoolDirectory
  /// What the installation decided.
  public let settings: AdmissionSettings
  /// How Pods get their addresses; nil where they get none and their annotations alone are judged.
  public var pods: PodAdmission? { podAdmission?.value }
  /// Whether what a first look found missing was seen to: what is missing still counts against the request.
  public var isSecondLook = false
  /// By reference: a reviewer is passed on by value for every review, and most are not about Pods.
  private let podAdmission: Shared?

  private final class Shared: Sendable {
    let value: PodAdmission

    init(_ value: PodAdmission) { self.value = value }
  }

  /// A reviewer over this directory.
  public init(
    directory: PoolDirectory, settings: AdmissionSettings = AdmissionSettings(), pods: PodAdmission? = nil
  ) {
    self.directory = directory
    self.settings = settings
    podAdmission = pods.map(Shared.init)
  }

  /// Answers a review. `now` is in milliseconds since 1970; `parser` belongs to the calling thread. A body with
  /// `JSONParser.padding` bytes of unused capacity is read where it lies.
  public func review(
    _ body: [UInt8], parser: inout JSONParser, phase: Phase, now: UInt64
  ) -> ReviewOutcome {
    do throws(JSONError) {
      return try parser.parse(body) { root in answer(root, phase, now) }
    } catch {
      return BadRequest.outcome(for: error, phase)
    }
  }

  private func answer(_ root: JSONView, _ phase: Phase, _ now: UInt64) -> ReviewOutcome {
    let request: AdmissionRequest
    do throws(ReviewFault) { request = try AdmissionRequest(root) } catch {
      return BadRequest.outcome(for: error, phase)
    }
    guard let operation = request.operation else {
      return BadRequest.outcome(
        "request.operation must be CREATE, UPDATE, DELETE or CONNECT", request, phase)
    }
    let subject = Subject(request)
    guard subject != .other, subject != .binding || pods != nil else {
      return pass(request, subject, phase, .notJudged)
    }
    if operation == .create || operation == .update, request.object == nil {
      return BadRequest.outcome("request.object is missing: \(operation.text) needs one", request, phase)
    }
    if operation == .update, request.oldObject == nil {
      return BadRequest.outcome("request.oldObject is missing: UPDATE needs one", request, phase)
    }
    switch (operation, phase) {
    case (.connect, _): return pass(request, subject, phase, .notJudged)
    case (.delete, .mutate): return pass(request, subject, phase, .notJudged)
    case (.delete, .validate): return judgeDeletion(request, subject)
    case (_, .mutate):
      if subject == .pod, operation == .create, let pods { return completePod(request, pods, now: now) }
      if subject == .binding, operation == .create, let pods {
        return completeBinding(request, pods, now: now)
      }
      return complete(request, subject, now)
    case (_, .validate):
      if subject == .pod, let pods { return judgePod(request, pods, now: now) }
      if subject == .binding, let pods { return judgeBinding(request, pods, now: now) }
      return judge(request, subject, now)
    }
  }
}

extension Reviewer {
  /// The mutating review.
  private func complete(_ request: AdmissionRequest, _ subject: Subject, _ now: UInt64) -> ReviewOutcome {
    guard let object = request.object else { return pass(request, subject, .mutate, .notJudged) }
    var defaulter = Defaulter()
    switch subject {
    case .pool: defaulter.completePool(object, subnet: subnet(of:))
    case .subnet: defaulter.completeSubnet(object)
    case .reservedIP: defaulter.completeReservedIP(object)
    case .pod, .binding, .workload, .thirdParty, .other: return judge(request, subject, now, in: .mutate)
    }
    let patch = defaulter.patch
    if patch.isEmpty {
      return pass(request, subject, .mutate, .allowed, audit: "{\"defaulting\":\"unchanged\"}")
    }
    var response = AdmissionResponse(to: request, allowed: true, reserving: 896)
    response.patch(patch)
    // Another key than the validating review's: both webhooks have one name, and a key is kept once for each request.
    response.auditAnnotations("{\"defaulting\":\"defaulted\"}")
    return ReviewOutcome(
      body: response.finish(),
      decision: Decision(
        phase: .mutate, request: request, subject: subject, verdict: .allowed, isPatched: true))
  }

  /// The subnet that owns the pools of a network.
  private func subnet(of network: CIDR) -> Defaulter.Subnet? {
    guard settings.usesSubnets else { return nil }
    return directory.withIndex { index -> Defaulter.Subnet? in
      for id in index.subnetNetworks.members(of: network) {
        let entry = index.entry(id)
        guard !entry.isClaim, !entry.isTerminating, let detail = index.subnetDetails[id] else { continue }
        return Defaulter.Subnet(
          name: entry.name, uid: detail.subnet.metadata.uid, gateway: detail.subnet.spec.gateway,
          routes: detail.subnet.spec.routes)
      }
      return nil
    }
  }

  /// The validating review, and for Pods and workloads the mutating one too: a mistake that nothing can mend is told at
  /// once, and whichever of the two webhooks is registered tells it.
  private func judge(
    _ request: AdmissionRequest, _ subject: Subject, _ now: UInt64, in phase: Phase = .validate
  ) -> ReviewOutcome {
    var findings = Findings()
    var claim: AddressClaim?
    switch subject {
    case .pool:
      let review = AddressReview(request, .pool, settings, now: now)
      for rule in RuleTables.pool { rule(review, &findings) }
      claim = judgeInCluster(review, RuleTables.poolInCluster, &findings)
    case .subnet:
      let review = AddressReview(request, .subnet, settings, now: now)
      for rule in RuleTables.subnet { rule(review, &findings) }
      claim = judgeInCluster(review, RuleTables.subnetInCluster, &findings)
    case .reservedIP: ReservedIPRules.check(request, settings, &findings)
    case .pod: checkFixedNumber(ofPod: request, &findings)
    case .thirdParty:
      if !checkThirdParty(request, now, &findings) {
        return pass(request, subject, phase, .notJudged)
      }
    case .workload:
      if !checkWorkload(request, now, &findings) { return pass(request, subject, phase, .notJudged) }
    case .binding, .other: break
    }
    if findings.isDenied {
      return deny(request, subject, phase, findings, prerequisite: staleSubnet(request, subject, findings))
    }
    return pass(request, subject, phase, .allowed, findings.warnings, claim)
  }

  /// Runs the rules about the rest of the cluster in one transaction, and takes the claim in the same one: of two
  /// objects that clash the second one finds the first one's claim.
  private func judgeInCluster(
    _ review: AddressReview, _ rules: [ClusterRule], _ findings: inout Findings
  ) -> AddressClaim? {
    if findings.refusal != nil { return nil }
    let mayClaim = !review.request.isDryRun && !findings.isDenied
    var found = findings
    let claim = directory.withIndex { index -> AddressClaim? in
      if mayClaim { index.sweep(at: review.now) }
      for rule in rules { rule(review, index, &found) }
      guard mayClaim, !found.isDenied, let claim = ClaimRule.claim(of: review) else { return nil }
      guard index.claims.count < PoolIndex.maximumClaims else {
        found.refuse(
          .unavailable(
            detail:
              "too many objects are being created and not yet seen in the cluster; try again in a few seconds",
            retryAfter: 5, rule: ClaimRule.id))
        return nil
      }
      index.take(claim)
      return claim
    }
    findings = found
    return claim
  }

  private func judgeDeletion(_ request: AdmissionRequest, _ subject: Subject) -> ReviewOutcome {
    guard subject == .pool || subject == .subnet else { return pass(request, subject, .validate, .notJudged) }
    var findings = Findings()
    DeletionRule.check(request, subject, settings, &findings)
    if findings.isDenied { return deny(request, subject, .validate, findings) }
    if !request.isDryRun, let name = request.name?.string {
      directory.withIndex { $0.markLeaving(subject == .pool ? .pool : .subnet, named: name) }
    }
    return pass(request, subject, .validate, .allowed, findings.warnings)
  }
}

extension Reviewer {
  /// The answer that lets the request pass.
  func pass(
    _ request: AdmissionRequest, _ subject: Subject, _ phase: Phase, _ verdict: Decision.Verdict,
    _ warnings: [String] = [], _ claim: AddressClaim? = nil, binding: BindOrder? = nil,
    audit: StaticString = "{\"decision\":\"allowed\"}"
  ) -> ReviewOutcome {
    var response = AdmissionResponse(to: request, allowed: true, reserving: 288)
    if !warnings.isEmpty { response.warnings(Warnings.fitted(warnings)) }
    response.auditAnnotations(verdict == .notJudged ? "{\"decision\":\"not-judged\"}" : audit)
    return ReviewOutcome(
      body: response.finish(),
      decision: Decision(phase: phase, request: request, subject: subject, verdict: verdict), claim: claim,
      binding: binding, admitted: phase == .validate ? admitted(request, subject) : nil)
  }

  private func admitted(_ request: AdmissionRequest, _ subject: Subject) -> AdmittedChange? {
    guard settings.recordsAdmitted, !request.isDryRun, let operation = request.operation else { return nil }
    guard let type = subject.resourceType else { return nil }
    var writer = JSONWriter()
    if let object = request.object { writer.value(object) }
    return AdmittedChange(
      operation: operation, type: type,
      name: (request.name ?? request.object?["metadata"]?["name"])?.string ?? "", object: writer.finish())
  }

  /// The subnet that may have been written a moment ago, if what stands against a pool is what is known of it.
  private func staleSubnet(
    _ request: AdmissionRequest, _ subject: Subject, _ findings: Findings
  ) -> Prerequisite? {
    let rules = [AutomaticPoolRule.id, ContainmentRule.id, ContainmentRule.ownerID]
    guard subject == .pool, !isSecondLook, findings.errors.contains(where: { rules.contains($0.rule) }) else {
      return nil
    }
    return MetadataReading(request.object).ownerSubnet.map { .subnet($0) }
  }

  func deny(
    _ request: AdmissionRequest, _ subject: Subject, _ phase: Phase, _ findings: Findings,
    prerequisite: Prerequisite? = nil
  ) -> ReviewOutcome {
    let kind = request.kind?.string ?? ""
    let metadata = request.object?["metadata"]
    let name = request.name ?? metadata?["name"]?.nonEmpty ?? metadata?["generateName"]
    let target = Denial.Target(
      group: request.group?.string ?? "", kind: kind, plural: subject.plural ?? kind,
      name: name?.string ?? "")
    let denial = Denial(findings, target)
    var response = AdmissionResponse(to: request, allowed: false, reserving: 1024)
    Self.write(denial, Warnings.fitted(findings.warnings), to: &response)
    return ReviewOutcome(
      body: response.finish(),
      decision: Decision(
        phase: phase, request: request, subject: subject, verdict: .denied, code: denial.status.code,
        rule: denial.rules.first?.text),
      prerequisite: isSecondLook ? nil : prerequisite ?? findings.prerequisite)
  }

  static func write(_ denial: Denial, _ warnings: [String], to response: inout AdmissionResponse) {
    response.status(denial.status)
    response.warnings(warnings)
    response.beginAuditAnnotations()
    response.auditAnnotation("decision", "denied")
    response.auditAnnotation("rule", denial.rules.map(\.description).joined(separator: ","))
    response.endAuditAnnotations()
  }
}

extension Subject {
  /// What the request is about. A subresource is not the object: `status` is written by controllers, `scale` has no
  /// template.
  init(_ request: AdmissionRequest) {
    guard request.subResource == nil, let kind = request.kind else {
      let isBinding =
        request.subResource?.equals("binding") == true && request.kind?.equals("Binding") == true
      self = isBinding ? .binding : .other
      return
    }
    if let group = request.group, group.equals("spiderpool.spidernet.io") {
      if kind.equals("SpiderIPPool") {
        self = .pool
      } else if kind.equals("SpiderSubnet") {
        self = .subnet
      } else {
        self = kind.equals("SpiderReservedIP") ? .reservedIP : .other
      }
    } else if request.group == nil, kind.equals("Pod") {
      self = .pod
    } else {
      self = NativeControllers.isNative(group: request.group, kind: kind) ? .workload : .thirdParty
    }
  }

  /// What refusals call its objects, for the kinds that are known.
  var plural: String? { self == .pod || self == .binding ? ResourceType.pod.plural : resourceType?.plural }

  /// The resource, for Spiderpool's own kinds.
  var resourceType: ResourceType? {
    switch self {
    case .pool: .spiderIPPool
    case .subnet: .spiderSubnet
    case .reservedIP: .spiderReservedIP
    case .pod, .binding, .workload, .thirdParty, .other: nil
    }
  }
}

extension JSONView {
  /// The view itself if it is a string that is not empty.
  var nonEmpty: JSONView? { utf8?.isEmpty == false ? self : nil }
}
