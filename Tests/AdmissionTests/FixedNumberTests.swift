import JSON
import KubernetesAPI
import Testing

@testable import Admission

@Suite struct `A relative number of addresses` {
  /// A recorded review with `"5"` changed.
  private func recorded(_ name: String, _ number: String) throws -> String {
    let text = String(decoding: try Fixtures.review(name), as: UTF8.self)
    let plain = #""ipam.spidernet.io/ippool-ip-number":"5""#
    #expect(text.contains(plain))
    return text.replacing(plain, with: #""ipam.spidernet.io/ippool-ip-number":"\#(number)""#)
  }

  @Test(arguments: ["mutate", "validate"])
  func `is denied on the recorded CloneSet`(_ phase: String) throws {
    let world = World()
    try world.storeDemoSubnets()
    let answer = Answer(
      world.answer(
        try recorded("v1.36/\(phase)-cloneset-create", "+5"), phase == "mutate" ? .mutate : .validate))
    #expect(
      answer.printed == """
        The CloneSet "custom-kruise-cloneset" is invalid: spec.template.metadata.annotations\
        [ipam.spidernet.io/ippool-ip-number]: Invalid value: "+5": the number of replicas of CloneSet \
        (apps.kruise.io/v1alpha1) is not known, so the number of addresses must be fixed; write \
        ipam.spidernet.io/ippool-ip-number: "5" (a server that runs with \
        --elastic-third-party follows kinds that have a scale subresource)
        """)
    #expect(answer.status?.code == 422 && answer.status?.details?.group == "apps.kruise.io")
    #expect(answer.audit == ["decision": "denied", "rule": "fixed-ip-number"])
    #expect(answer.outcome.decision.kind == .workload && answer.outcome.decision.kindName == "CloneSet")
  }

  @Test(arguments: ["mutate", "validate"])
  func `is denied on the recorded CloneSet's Pod`(_ phase: String) throws {
    let answer = Answer(
      World().answer(
        try recorded("v1.36/\(phase)-pod-of-cloneset-create", "+5"), phase == "mutate" ? .mutate : .validate))
    #expect(
      answer.causes == [
        """
        metadata.annotations[ipam.spidernet.io/ippool-ip-number]: Invalid value: "+5": the number of replicas of its \
        controller, CloneSet (apps.kruise.io/v1alpha1) is not known, so the number of addresses must be fixed; write \
        ipam.spidernet.io/ippool-ip-number: "5" (a server that runs with \
        --elastic-third-party follows kinds that have a scale subresource)
        """
      ])
    #expect(answer.status?.message.hasPrefix("Pod \"custom-kruise-cloneset-") == true)
  }

  @Test(arguments: ["+0", "3+5", "++5", "+x", "+"])
  func `is denied in every spelling`(_ number: String) throws {
    #expect(
      Answer(World().answer(try recorded("v1.36/validate-cloneset-create", number), .validate)).isAllowed
        == false)
  }

  private func template(_ number: String) -> String {
    #"{"metadata":{"annotations":{"ipam.spidernet.io/ippool-ip-number":"\#(number)"}},"spec":{"containers":[]}}"#
  }

  private func review(_ group: String, _ kind: String, _ spec: String, old: String? = nil) -> Answer {
    let object = { (spec: String) in
      #"{"apiVersion":"\#(group)/v1","kind":"\#(kind)","metadata":{"name":"a"},"spec":\#(spec)}"#
    }
    return Answer(
      World().answer(
        """
        {"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u","kind":{"group":"\(group)",\
        "version":"v1","kind":"\(kind)"},"name":"a","operation":"\(old == nil ? "CREATE" : "UPDATE")","object":\
        \(object(spec)),"oldObject":\(old.map(object) ?? "null")}}
        """, .validate))
  }

  @Test(arguments: ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"])
  func `is allowed on the controllers of Kubernetes itself`(_ kind: String) {
    #expect(review("apps", kind, #"{"template":\#(template("+5"))}"#).isAllowed)
    #expect(review("apps.kruise.io", kind, #"{"template":\#(template("+5"))}"#).isAllowed == false)
  }

  @Test func `is allowed on jobs of Kubernetes itself`() {
    #expect(review("batch", "Job", #"{"template":\#(template("+5"))}"#).isAllowed)
    #expect(
      review("batch", "CronJob", #"{"jobTemplate":{"spec":{"template":\#(template("+5"))}}}"#).isAllowed)
  }

  @Test func `is found wherever a template stands`() {
    let cases = [
      (#"{"jobTemplate":{"spec":{"template":\#(template("+1"))}}}"#, "spec.jobTemplate.spec.template"),
      (#"{"workers":[{},{"template":\#(template("+1"))}]}"#, "spec.workers[1].template"),
      (#"{"leader":{"workerTemplate":\#(template("+1"))}}"#, "spec.leader.workerTemplate"),
    ]
    for (spec, path) in cases {
      let answer = review("example.com", "Thing", spec)
      #expect(
        answer.status?.details?.causes.map(\.field) == [
          "\(path).metadata.annotations[ipam.spidernet.io/ippool-ip-number]"
        ])
    }
  }

  @Test func `in the template of a native controller inside another object is allowed`() {
    #expect(
      review(
        "core.oam.dev", "Application",
        #"{"components":[{"apiVersion":"apps/v1","kind":"Deployment","spec":{"template":\#(template("+1"))}}]}"#
      ).isAllowed)
    #expect(
      review(
        "apps.kruise.io", "UnitedDeployment",
        #"{"template":{"deploymentTemplate":{"spec":{"template":\#(template("+1"))}}}}"#
      ).isAllowed)
  }

  @Test func `that was there before does not hinder a change`() {
    let old = #"{"replicas":1,"template":\#(template("+5"))}"#
    #expect(
      review("apps.kruise.io", "CloneSet", #"{"replicas":2,"template":\#(template("+5"))}"#, old: old)
        .isAllowed)
    #expect(
      review("apps.kruise.io", "CloneSet", #"{"template":\#(template("+6"))}"#, old: old).isAllowed == false)
  }

  @Test func `nested without end costs no more than the depth looked at`() {
    let deep = String(repeating: #"{"a":"#, count: 400) + template("+1") + String(repeating: "}", count: 400)
    #expect(review("example.com", "Thing", deep).isAllowed)
  }

  // Quadratic work would take minutes here.
  @Test(.timeLimit(.minutes(5))) func `in very wide objects costs no more than reading them`() {
    let wide = (0..<60_000).map { #""k\#($0)":{"a":[]}"# }.joined(separator: ",")
    let spec = #"{\#(wide),"template":\#(template("+5"))}"#
    #expect(review("example.com", "Thing", spec, old: spec).isAllowed)
    let many = (0..<5000).map { _ in template("+5") }.joined(separator: ",")
    let answer = review("example.com", "Thing", #"{"a":[\#(many)]}"#, old: #"{"a":[]}"#)
    #expect(answer.status?.details?.causes.count == 51)
  }

  private func pod(_ owners: String, number: String = "+5", old: String? = nil) -> Answer {
    let pod = { (number: String) in
      """
      {"apiVersion":"v1","kind":"Pod","metadata":{"generateName":"p-","annotations":\
      {"ipam.spidernet.io/ippool-ip-number":"\(number)"},"ownerReferences":[\(owners)]}}
      """
    }
    return Answer(
      World().answer(
        """
        {"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u","kind":{"group":"",\
        "version":"v1","kind":"Pod"},"operation":"\(old == nil ? "CREATE" : "UPDATE")","object":\(pod(number)),\
        "oldObject":\(old.map(pod) ?? "null")}}
        """, .validate))
  }

  private func owner(_ apiVersion: String, _ kind: String, controller: Bool) -> String {
    #"{"apiVersion":"\#(apiVersion)","kind":"\#(kind)","name":"o","uid":"u","controller":\#(controller)}"#
  }

  @Test func `on a Pod is judged by its controller, not by its first owner`() {
    let kruise = owner("apps.kruise.io/v1alpha1", "CloneSet", controller: true)
    #expect(pod("\(owner("apps/v1", "ReplicaSet", controller: false)),\(kruise)").isAllowed == false)
    let native = owner("apps/v1", "ReplicaSet", controller: true)
    #expect(pod("\(owner("example.com/v1", "Thing", controller: false)),\(native)").isAllowed)
    #expect(pod("").isAllowed)
    #expect(pod(owner("v1", "ReplicationController", controller: true)).isAllowed == false)
    #expect(pod(owner("batch/v1", "Job", controller: true)).isAllowed)
    #expect(pod(owner("batch.volcano.sh/v1alpha1", "Job", controller: true)).isAllowed == false)
    #expect(pod(owner("apps/v1beta1", "ReplicaSet", controller: true)).isAllowed == false)
    #expect(pod(kruise, number: "5").isAllowed)
    #expect(pod(kruise, old: "+5").isAllowed)
    #expect(pod(kruise, old: "5").isAllowed == false)
    #expect(pod(kruise).status?.details?.name == "p-")
  }
}
