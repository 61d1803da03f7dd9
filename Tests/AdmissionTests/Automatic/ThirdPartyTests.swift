import IPAM
import JSON
import KubernetesAPI
import Testing

@testable import Admission

@Suite struct `An object of a third party that names a subnet` {
  private static let field = "spec.template.metadata.annotations"
  private static let right = ["subnet": #"{"ipv4":["s4"]}"#, "ippool-ip-number": "5"]

  private func template(_ annotations: [String: String], _ pods: JSONValue = [:]) -> JSONValue {
    ["metadata": ["annotations": AutomaticWorld.annotations(annotations)], "spec": pods]
  }

  private func spec(_ annotations: [String: String], replicas: Int64 = 3) -> JSONValue {
    ["replicas": .int(replicas), "template": template(annotations)]
  }

  @Test func `passes when it is right`() throws {
    let answer = try AutomaticWorld().review(spec(Self.right))
    #expect(answer.isAllowed && answer.warnings.isEmpty && answer.outcome.decision.verdict == .allowed)
    let plain = try AutomaticWorld().review(spec([:]))
    #expect(plain.isAllowed && plain.outcome.decision.verdict == .notJudged)
  }

  @Test func `must tell a number`() throws {
    let answer = try AutomaticWorld().review(spec(["subnet": #"{"ipv4":["s4"]}"#]))
    #expect(
      answer.causes == [
        "\(Self.field)[ipam.spidernet.io/ippool-ip-number]: Required value: the number of replicas of CloneSet "
          + "(apps.kruise.io/v1) is not known, so the number of addresses must be given; "
          + #"write ipam.spidernet.io/ippool-ip-number: "5""#
      ])
    #expect(answer.audit["rule"] == "subnet-needs-ip-number")
  }

  @Test(arguments: ["five", "", "-3", "5.0"])
  func `is told of a number that is none`(_ number: String) throws {
    for subnet in [[:], ["subnet": #"{"ipv4":["s4"]}"#]] {
      let annotations = subnet.merging(["ippool-ip-number": number]) { $1 }
      let answer = try AutomaticWorld().review(spec(annotations))
      #expect(
        answer.causes == [
          "\(Self.field)[ipam.spidernet.io/ippool-ip-number]: Invalid value: \(GoText.quoted(number)): must be a number of "
            + #"addresses, at most 16777216; write ipam.spidernet.io/ippool-ip-number: '5'"#
        ])
    }
  }

  @Test func `is told every mistake of every template`() throws {
    let wrong = ["subnet": #"{"ipv4":["s5"]}"#, "ippool-ip-number": "+5"]
    let jobs: JSONValue = [
      "tasks": [["template": template(["subnets": "[", "ippool-ip-number": "5"])]],
      "template": ["jobTemplate": ["spec": ["template": template(wrong)]]],
    ]
    let answer = try AutomaticWorld().review(jobs, ofThirdParty: "AdvancedCronJob")
    #expect(
      answer.status?.details?.causes.map(\.field) == [
        "spec.tasks[0].template.metadata.annotations[ipam.spidernet.io/subnets]",
        "spec.template.jobTemplate.spec.template.metadata.annotations[ipam.spidernet.io/ippool-ip-number]",
        "spec.template.jobTemplate.spec.template.metadata.annotations[ipam.spidernet.io/subnet]",
      ])
  }

  @Test func `is judged by what is new`() throws {
    let world = try AutomaticWorld()
    let wrong = ["subnet": #"{"ipv4":["s5"]}"#]
    let answer = world.review(spec(wrong, replicas: 6), old: spec(wrong))
    #expect(answer.isAllowed && answer.outcome.decision.verdict == .allowed)
    let numbered = wrong.merging(["ippool-ip-number": "5"]) { $1 }
    #expect(world.review(spec(numbered), old: spec(wrong)).audit["rule"] == "subnet-unknown")
    let relative = Self.right.merging(["ippool-ip-number": "+5"]) { $1 }
    let kept = relative.merging(["ippool-reclaim": "false"]) { $1 }
    #expect(world.review(spec(kept), old: spec(relative)).isAllowed)
    let moved = relative.merging(["ippool-ip-number": "+6"]) { $1 }
    #expect(world.review(spec(moved), old: spec(relative)).audit["rule"] == "fixed-ip-number")
  }

  @Test func `stays with its subnet`() throws {
    let moved = Self.right.merging(["subnet": #"{"ipv4":["t4"]}"#]) { $1 }
    let answer = try AutomaticWorld().review(spec(moved), old: spec(Self.right))
    #expect(answer.audit["rule"] == "subnet-unchanged")
    #expect(answer.causes.first?.contains("while the CloneSet lives") == true)
  }

  @Test func `is warned of a subnet that is too small`() throws {
    let many = Self.right.merging(["ippool-ip-number": "9"]) { $1 }
    let answer = try AutomaticWorld().review(spec(many))
    #expect(answer.isAllowed)
    #expect(answer.warnings.first?.contains("has 8 addresses left") == true)
  }

  @Test func `whose Pods use their nodes' network asks for nothing`() throws {
    let answer = try AutomaticWorld().review(
      ["template": template(["subnet": "?"], ["hostNetwork": true])])
    #expect(answer.isAllowed)
  }
}

@Suite struct `Elastic applications of third parties` {
  private let annotations = ["subnet": #"{"ipv4":["s4"]}"#, "ippool-ip-number": "+2"]

  private func world() throws -> AutomaticWorld {
    var world = try AutomaticWorld()
    world.settings.followsThirdParties = true
    return world
  }

  private func spec() -> JSONValue {
    ["template": ["metadata": ["annotations": AutomaticWorld.annotations(annotations)]]]
  }

  @Test func `may ask for more than their replicas if their kind tells these`() throws {
    let world = try world()
    let unknown = world.review(spec())
    #expect(unknown.status?.code == 422)
    #expect(
      unknown.outcome.prerequisite == .scale(apiVersion: "apps.kruise.io/v1", kind: "CloneSet"))
    world.directory.noteScale(true, apiVersion: "apps.kruise.io/v1", kind: "CloneSet")
    #expect(world.review(spec()).isAllowed)
    world.directory.noteScale(false, apiVersion: "apps.kruise.io/v1", kind: "BroadcastJob")
    let refused = world.review(spec(), ofThirdParty: "BroadcastJob")
    #expect(refused.outcome.prerequisite == nil)
    #expect(
      refused.causes.first?.hasSuffix(
        "BroadcastJob (apps.kruise.io/v1) has no scale subresource that would tell its replicas, so the number of "
          + #"addresses must be fixed; write ipam.spidernet.io/ippool-ip-number: "2""#) == true)
  }

  @Test func `have Pods that are judged alike`() throws {
    let world = try world()
    let owner = AutomaticWorld.owner("apps.kruise.io/v1", "CloneSet", "web")
    let pod = AutomaticWorld.pod(annotations, owner: owner)
    #expect(
      world.create(pod).outcome.prerequisite == .scale(apiVersion: "apps.kruise.io/v1", kind: "CloneSet"))
    world.directory.noteScale(true, apiVersion: "apps.kruise.io/v1", kind: "CloneSet")
    guard case .pools(let need) = world.create(pod).outcome.prerequisite else {
      Issue.record("it needs no pool")
      return
    }
    #expect(need.request.size == .above(2))
  }

  @Test func `with a malformed number are refused all the same`() throws {
    let world = try world()
    world.directory.noteScale(true, apiVersion: "apps.kruise.io/v1", kind: "CloneSet")
    let wrong = annotations.merging(["ippool-ip-number": "++2"]) { $1 }
    let answer = world.review(["template": ["metadata": ["annotations": AutomaticWorld.annotations(wrong)]]])
    #expect(answer.audit["rule"] == "ippool-ip-number")
  }
}

@Suite struct `A Pod of a third party` {
  private let clones = Application(
    apiVersion: "apps.kruise.io/v1", kind: "CloneSet", namespace: "default", name: "web", uid: "uid-web")

  private func pod(_ number: String) -> String {
    AutomaticWorld.pod(
      ["subnet": #"{"ipv4":["s4"]}"#, "ippool-ip-number": number],
      owner: AutomaticWorld.owner("apps.kruise.io/v1", "CloneSet", "web"))
  }

  @Test func `has its pool made as it asks, and takes what is there otherwise`() throws {
    var world = try AutomaticWorld()
    try world.storePool("p", of: clones, size: .fixed(2), "10.6.0.2-10.6.0.3")
    #expect(world.create(pod("2")).isAllowed)
    let asking = world.create(pod("4"))
    guard case .pools(let need) = asking.outcome.prerequisite else {
      Issue.record("the pool is not to be made larger")
      return
    }
    #expect(need.isOptional && need.request.size == .fixed(4))
    #expect(world.create(pod("4"), isDryRun: true).isAllowed)
    world.isSecondLook = true
    #expect(world.create(pod("4")).isAllowed)
  }

  @Test func `that finds its pool full is told by whom, and what to raise`() throws {
    let world = try AutomaticWorld()
    try world.storePool("p", of: clones, size: .fixed(1), "10.6.0.2-10.6.0.2")
    #expect(world.create(pod("1")).isAllowed)
    let refused = world.create(pod("1"))
    #expect(refused.status?.code == 403)
    #expect(
      refused.status?.message.hasSuffix(
        "p is full: of 1 addresses 0 are used, 0 of them by Pods not yet seen, and 1 are reserved for Pods being created; "
          + "the pool is that of CloneSet default/web, whose Pods ask for ipam.spidernet.io/ippool-ip-number: \"1\"; "
          + "raise it in the Pod template, or wait until a Pod is gone") == true)
  }
}
