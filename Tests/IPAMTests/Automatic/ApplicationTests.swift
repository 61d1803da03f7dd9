import KubernetesAPI
import Testing

@testable import IPAM

@Suite struct `An application` {
  @Test(arguments: [
    ("apps/v1", "Deployment", "apps_v1_Deployment_default_web", "apps", "v1"),
    (
      "apps.kruise.io/v1alpha1", "CloneSet", "apps.kruise.io_v1alpha1_CloneSet_default_web",
      "apps.kruise.io", "v1alpha1"
    ),
    ("v1", "ReplicationController", "v1_ReplicationController_default_web", "", "v1"),
  ])
  func `is written into a status and read back, but for its UID`(
    _ apiVersion: String, _ kind: String, _ text: String, _ group: String, _ version: String
  ) throws {
    let application = AutomaticFixture.application(kind: kind, apiVersion: apiVersion)
    #expect(application.statusText == text && application.key.statusText == text)
    #expect(application.group == group && application.version == version)
    #expect(
      Application(statusText: text)
        == AutomaticFixture.application(kind: kind, apiVersion: apiVersion, uid: ""))
    #expect(application.description == "\(kind) default/web")
    #expect(application.key.description == "\(kind) default/web" && application.key.apiVersion == apiVersion)
    #expect(application.key.workloadKind == (kind == "Deployment" ? .deployment : nil))
  }

  @Test(arguments: ["", "web", "apps_v1_Deployment", "a_b_c_d_e_f"])
  func `is not read from other texts`(_ text: String) {
    #expect(Application(statusText: text) == nil)
  }

  @Test func `is its Pod's owner in the Pod's namespace`() throws {
    let owner = try AutomaticFixture.reference("apps/v1", "StatefulSet", "db", uid: "u1")
    let application = Application(owner, namespace: "shop")
    #expect(
      application
        == Application(apiVersion: "apps/v1", kind: "StatefulSet", namespace: "shop", name: "db", uid: "u1"))
    #expect(
      application.reference
        == ObjectReference(
          apiVersion: "apps/v1", kind: "StatefulSet", namespace: "shop", name: "db", uid: "u1"))
  }

  @Test func `is known again by what labels say of it, whichever its UID`() throws {
    let (one, two) = (AutomaticFixture.application(uid: "1"), AutomaticFixture.application(uid: "2"))
    #expect(one.key == two.key && one != two)
    let labels = [
      "ipam.spidernet.io/owner-application-gv": "apps_v1",
      "ipam.spidernet.io/owner-application-kind": "Deployment",
      "ipam.spidernet.io/owner-application-namespace": "default",
      "ipam.spidernet.io/owner-application-name": "web",
    ]
    #expect(ApplicationKey(labels: labels) == one.key)
    #expect(ApplicationKey(labels: labels.filter { !$0.key.hasSuffix("-name") }) == nil)
    for key in labels.keys {
      #expect(ApplicationKey(labels: labels.merging([key: "other"]) { $1 }) != one.key)
    }
  }

  @Test func `of a long name has a key that is a label`() {
    let name = String(repeating: "a", count: 253)
    let key = AutomaticFixture.application(name).key
    #expect(key.name.utf8.count == 63 && LabelSyntax.fault(inValue: key.name) == nil)
    #expect(key == AutomaticFixture.application(name).key)
    #expect(key != AutomaticFixture.application(name.dropLast() + "b").key)
  }
}

@Suite struct `A kind of workload` {
  @Test(arguments: [
    ("apps/v1", "Deployment", WorkloadKind.deployment), ("apps/v1beta2", "ReplicaSet", .replicaSet),
    ("extensions/v1beta1", "DaemonSet", .daemonSet), ("apps/v1", "StatefulSet", .statefulSet),
    ("batch/v1", "Job", .job), ("batch/v1beta1", "CronJob", .cronJob), ("apps/v1", "CronJob", .cronJob),
  ])
  func `is one of Kubernetes' own`(_ apiVersion: String, _ name: String, _ kind: WorkloadKind) {
    #expect(WorkloadKind(apiVersion: apiVersion, kind: name) == kind)
    #expect(AutomaticFixture.application(kind: name, apiVersion: apiVersion).isNative)
  }

  @Test(arguments: [
    ("apps.kruise.io/v1beta1", "StatefulSet"), ("batch/v1", "Deployment"), ("apps/v1", "Job"), ("v1", "Job"),
    ("v1", "Pod"), ("apps", "Deployment"), ("", "Deployment"), ("apps/v1", "deployment"),
    ("argoproj.io/v1alpha1", "Rollout"), ("v1", "ReplicationController"),
  ])
  func `is none of anybody else`(_ apiVersion: String, _ name: String) {
    #expect(WorkloadKind(apiVersion: apiVersion, kind: name) == nil)
    #expect(!AutomaticFixture.application(kind: name, apiVersion: apiVersion).isNative)
  }

  @Test func `has one version for what it makes`() {
    for kind in WorkloadKind.allCases {
      #expect(WorkloadKind(apiVersion: kind.apiVersion, kind: kind.rawValue) == kind)
    }
    #expect(WorkloadKind.cronJob.apiVersion == "batch/v1" && WorkloadKind.daemonSet.apiVersion == "apps/v1")
  }
}
