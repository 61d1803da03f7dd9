import JSON
import KubernetesAPI
import Testing

@testable import IPAM

@Suite struct `A workload` {
  private static let template =
    #"{"metadata":{"annotations":{"ipam.spidernet.io/subnet":"s","ipam.spidernet.io/ippool-ip-number":"+2"}}}"#

  @Test(arguments: [
    (WorkloadKind.deployment, #"{"replicas":7}"#, 7), (.deployment, "{}", 1),
    (.deployment, #"{"replicas":0}"#, 0),
    (.deployment, #"{"replicas":null}"#, 1), (.deployment, #"{"replicas":-3}"#, 0),
    (.deployment, #"{"replicas":9223372036854775807}"#, 1 << 24),
    (.replicaSet, #"{"replicas":7}"#, 7), (.replicaSet, "{}", 1), (.statefulSet, #"{"replicas":7}"#, 7),
    (.statefulSet, "{}", 1), (.job, "{}", 1), (.job, #"{"parallelism":3}"#, 3),
    (.job, #"{"completions":5}"#, 5), (.job, #"{"parallelism":3,"completions":5}"#, 5),
    (.job, #"{"parallelism":5,"completions":3}"#, 3), (.job, #"{"parallelism":0}"#, 1),
    (.job, #"{"parallelism":3,"completions":0}"#, 1), (.job, #"{"replicas":9}"#, 1),
    (.cronJob, "{}", 1), (.cronJob, #"{"jobTemplate":{"spec":{"parallelism":3}}}"#, 3),
    (.cronJob, #"{"jobTemplate":{"spec":{"parallelism":3,"completions":5}}}"#, 5),
    (.cronJob, #"{"parallelism":3}"#, 1), (.daemonSet, #"{"replicas":7}"#, 0),
  ])
  func `wants so many Pods at a time`(_ kind: WorkloadKind, _ spec: String, _ replicas: Int) throws {
    #expect(try AutomaticFixture.workload(kind, spec: spec).replicas == replicas)
  }

  @Test func `that runs on each node wants what its status says`() throws {
    let status = #","status":{"desiredNumberScheduled":4}"#
    #expect(try AutomaticFixture.workload(.daemonSet, rest: status).replicas == 4)
    #expect(try AutomaticFixture.workload(.deployment, rest: status).replicas == 1)
  }

  @Test(arguments: WorkloadKind.allCases)
  func `is an application with a template`(_ kind: WorkloadKind) throws {
    let pods = #"{"template":\#(Self.template)}"#
    let workload = try AutomaticFixture.workload(
      kind, spec: kind == .cronJob ? #"{"jobTemplate":{"spec":\#(pods)}}"# : pods)
    let version = kind == .job || kind == .cronJob ? "batch/v1" : "apps/v1"
    #expect(
      workload.application
        == Application(
          apiVersion: version, kind: kind.rawValue, namespace: "default", name: "web", uid: "u"))
    #expect(workload.kind == kind && workload.controller == nil && !workload.isTerminating)
    #expect(workload.template?.subnet == "s" && workload.template?.number == "+2")
    #expect(workload.top == workload.application && !workload.isPart)
    let other = try AutomaticFixture.workload(
      kind, spec: kind == .cronJob ? pods : #"{"jobTemplate":{"spec":\#(pods)}}"#)
    #expect(other.template == nil)
  }

  @Test(arguments: [
    "{}", "null", #"{"metadata":{"annotations":{"ipam.spidernet.io/ippool":"{}"}}}"#,
    #"{"metadata":{"annotations":{"ipam.spidernet.io/subnet":"s"}},"spec":{"hostNetwork":true}}"#,
  ])
  func `that asks for no pool, or whose Pods use their nodes' network, has no template`(
    _ template: String
  ) throws {
    #expect(
      try AutomaticFixture.workload(.deployment, spec: #"{"template":\#(template)}"#).template == nil)
    let shown = #"{"metadata":{"annotations":{"ipam.spidernet.io/subnet":"s"}},"spec":{"hostNetwork":false}}"#
    #expect(try AutomaticFixture.workload(.deployment, spec: #"{"template":\#(shown)}"#).template != nil)
  }

  @Test func `is terminating when its deletion has begun`() throws {
    let metadata = #","deletionTimestamp":"2026-01-01T00:00:00Z""#
    #expect(try AutomaticFixture.workload(.deployment, metadata: metadata).isTerminating)
  }

  @Test(arguments: [
    (WorkloadKind.replicaSet, "apps/v1", "Deployment", "apps/v1 Deployment"),
    (.replicaSet, "extensions/v1beta1", "Deployment", "apps/v1 Deployment"),
    (.job, "batch/v1", "CronJob", "batch/v1 CronJob"), (.job, "batch/v1beta1", "CronJob", "batch/v1 CronJob"),
  ])
  func `that another one makes is part of it`(
    _ kind: WorkloadKind, _ apiVersion: String, _ ownerKind: String, _ top: String
  ) throws {
    let workload = try AutomaticFixture.workload(
      kind, "web-1", owner: AutomaticFixture.owner(apiVersion, ownerKind, "web", uid: "o"))
    #expect(workload.isPart)
    #expect("\(workload.top.apiVersion) \(workload.top.kind)" == top)
    #expect(
      workload.top.name == "web" && workload.top.uid == "o" && workload.top.namespace == "default"
        && workload.application.name == "web-1")
  }

  @Test(arguments: [
    (WorkloadKind.replicaSet, "argoproj.io/v1alpha1", "Rollout"), (.replicaSet, "apps/v1", "StatefulSet"),
    (.statefulSet, "databases.example.com/v1", "RedisCluster"), (.deployment, "example.com/v1", "Thing"),
    (.job, "apps/v1", "Deployment"), (.replicaSet, "batch/v1", "CronJob"),
    (.daemonSet, "apps/v1", "Deployment"),
  ])
  func `that anybody else owns stays an application`(
    _ kind: WorkloadKind, _ apiVersion: String, _ ownerKind: String
  ) throws {
    let workload = try AutomaticFixture.workload(kind, owner: AutomaticFixture.owner(apiVersion, ownerKind))
    #expect(!workload.isPart && workload.top == workload.application && workload.controller != nil)
  }

  @Test func `is not part of an owner that is not its controller`() throws {
    let owner = AutomaticFixture.owner("apps/v1", "Deployment", isController: false)
    let workload = try AutomaticFixture.workload(.replicaSet, owner: owner)
    #expect(!workload.isPart && workload.controller == nil)
  }
}

@Suite struct `The table of workloads` {
  private func table(_ workloads: Workload...) -> WorkloadTable {
    var table = WorkloadTable()
    for workload in workloads {
      let application = workload.application
      table[.init(kind: workload.kind, namespace: application.namespace, name: application.name)] = workload
    }
    return table
  }

  private func top(
    _ table: WorkloadTable, _ apiVersion: String, _ kind: String, _ name: String = "web", uid: String = "u"
  ) throws -> String? {
    let owner = try AutomaticFixture.reference(apiVersion, kind, name, uid: uid)
    return table.top(of: owner, namespace: "default").map {
      "\($0.apiVersion) \($0.kind) \($0.namespace)/\($0.name) \($0.uid)"
    }
  }

  @Test func `follows a ReplicaSet to its Deployment, and a Job to its CronJob`() throws {
    let table = table(
      try AutomaticFixture.workload(
        .replicaSet, "web-1", owner: AutomaticFixture.owner("apps/v1", "Deployment", uid: "d")),
      try AutomaticFixture.workload(
        .job, "nightly-1", owner: AutomaticFixture.owner("batch/v1beta1", "CronJob", "nightly", uid: "c")))
    #expect(try top(table, "apps/v1", "ReplicaSet", "web-1") == "apps/v1 Deployment default/web d")
    #expect(try top(table, "batch/v1", "Job", "nightly-1") == "batch/v1 CronJob default/nightly c")
  }

  @Test func `stays at what others own`() throws {
    let table = table(
      try AutomaticFixture.workload(
        .replicaSet, owner: AutomaticFixture.owner("argoproj.io/v1alpha1", "Rollout")),
      try AutomaticFixture.workload(.job))
    #expect(try top(table, "apps/v1", "ReplicaSet") == "apps/v1 ReplicaSet default/web u")
    #expect(try top(table, "batch/v1", "Job") == "batch/v1 Job default/web u")
  }

  @Test(arguments: [
    ("apps/v1", "StatefulSet", "apps/v1 StatefulSet default/web u"),
    ("apps/v1beta1", "StatefulSet", "apps/v1 StatefulSet default/web u"),
    ("apps/v1", "DaemonSet", "apps/v1 DaemonSet default/web u"),
    ("apps.kruise.io/v1alpha1", "CloneSet", "apps.kruise.io/v1alpha1 CloneSet default/web u"),
    ("apps.kruise.io/v1beta1", "StatefulSet", "apps.kruise.io/v1beta1 StatefulSet default/web u"),
    ("v1", "ReplicationController", "v1 ReplicationController default/web u"),
  ])
  func `takes others as they are, seen or not`(_ apiVersion: String, _ kind: String, _ top: String) throws {
    #expect(try self.top(WorkloadTable(), apiVersion, kind) == top)
  }

  @Test func `does not know what was not seen, or was seen with another UID`() throws {
    let table = table(
      try AutomaticFixture.workload(.replicaSet, uid: "one"),
      try AutomaticFixture.workload(.deployment, uid: "two"))
    #expect(try top(table, "apps/v1", "ReplicaSet", uid: "other") == nil)
    #expect(try top(table, "apps/v1", "ReplicaSet", "unseen", uid: "one") == nil)
    #expect(try top(table, "batch/v1", "Job", uid: "one") == nil)
    #expect(table[AutomaticFixture.application(uid: "two")]?.kind == .deployment)
    #expect(table[AutomaticFixture.application(uid: "other")] == nil)
    #expect(table[AutomaticFixture.application(namespace: "shop", uid: "two")] == nil)
    #expect(table[AutomaticFixture.application(kind: "Thing", uid: "two")] == nil)
  }

  @Test func `loses all of a kind, and no others`() throws {
    var table = table(
      try AutomaticFixture.workload(.replicaSet), try AutomaticFixture.workload(.replicaSet, "b"),
      try AutomaticFixture.workload(.deployment))
    table.removeAll(.replicaSet)
    #expect(
      Array(table.keys) == [WorkloadTable.Key(kind: .deployment, namespace: "default", name: "web")])
  }
}
