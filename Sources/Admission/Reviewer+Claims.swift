import Addressing
import KubernetesAPI

extension Reviewer {
  /// The denial in the place of `outcome`, whose claim came after another replica's. The claim is taken back.
  public func denial(of outcome: ReviewOutcome, because conflict: ClaimConflict) -> ReviewOutcome {
    guard let claim = outcome.claim else { preconditionFailure("only an outcome with a claim can lose it") }
    directory.withdraw(claim)
    let winner = conflict.winner
    let label = "\(winner.kind == .pool ? "SpiderIPPool" : "SpiderSubnet") \(GoText.quoted(winner.name))"
    var findings = Findings()
    if conflict.addresses.isEmpty {
      findings.reportPassing(
        .spec.child("subnet"),
        "overlaps \(winner.network) of \(label), which is being created at this moment; try again in a few seconds",
        ClaimRule.id)
    } else {
      let relation =
        switch (claim.kind, winner.kind) {
        case (.pool, .subnet): "is outside"
        case (.subnet, _): "is needed by"
        case (.pool, .pool): "overlaps"
        }
      findings.reportPassing(
        .spec.child("ips"),
        "\(AddressText.shown(conflict.addresses)) \(relation) \(label), "
          + "which is being created or changed at this moment; try again in a few seconds",
        ClaimRule.id)
    }
    return denial(of: outcome, findings)
  }

  /// The denial in the place of `outcome`, which could not be told to whom it must be told first: other replicas, or the
  /// embedded store. A claim is taken back.
  /// - Parameter reason: a sentence without a final stop.
  public func unavailable(_ outcome: ReviewOutcome, because reason: String) -> ReviewOutcome {
    if let claim = outcome.claim { directory.withdraw(claim) }
    var findings = Findings()
    findings.refuse(
      .unavailable(detail: "\(reason); try again in a few seconds", retryAfter: 5, rule: ClaimRule.id))
    return denial(of: outcome, findings)
  }

  /// The denial in the place of `outcome`, for which there is no address.
  /// - Parameter reason: a sentence without a final stop.
  public func short(_ outcome: ReviewOutcome, because reason: String) -> ReviewOutcome {
    var findings = Findings()
    findings.refuse(.exhausted(detail: reason, rule: Self.choiceRule))
    return denial(of: outcome, findings, rule: Self.choiceRule)
  }

  func denial(
    of outcome: ReviewOutcome, _ findings: Findings, rule: RuleID = ClaimRule.id
  ) -> ReviewOutcome {
    let decision = outcome.decision
    let target = Denial.Target(
      group: decision.group, kind: decision.kindName, plural: decision.kind.plural ?? decision.kindName,
      name: decision.name)
    let denial = Denial(findings, target)
    var response = AdmissionResponse(uid: decision.uid, allowed: false, reserving: 1024)
    Self.write(denial, [], to: &response)
    return ReviewOutcome(
      body: response.finish(),
      decision: Decision(decision, deniedBy: rule.text, code: denial.status.code))
  }
}
