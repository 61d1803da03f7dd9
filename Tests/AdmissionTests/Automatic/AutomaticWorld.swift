import Addressing
import IPAM
import JSON
import KubernetesAPI
import Synchronization

@testable import Admission

/// A reviewer that gives Pods addresses of their applications' own pools, in a cluster with the SpiderSubnets `s4` and `t4`
/// (10.6.0.2-10.6.0.9 and 10.7.0.2-10.7.0.9), and `s6` (fd00::2-fd00::9).
struct AutomaticWorld {
  let book = AddressBook()
  let directory = PoolDirectory()
  var settings = AdmissionSettings()
  var now = World.now
  var isSecondLook = false
  private let ids = Counter()

  init() throws {
    try storeSubnet("s4")
    try storeSubnet("t4")
    try storeSubnet("s6")
  }

  var reviewer: Reviewer {
    let ids = ids
    var pods = PodAdmission(book: book, signer: TestSigner()) { ids.next() }
    pods.choice = settings.choice
    var reviewer = Reviewer(directory: directory, settings: settings, pods: pods)
    reviewer.isSecondLook = isSecondLook
    return reviewer
  }

  private static let specs = [
    "s4": #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2-10.6.0.9"]}"#,
    "t4": #"{"ipVersion":4,"subnet":"10.7.0.0/16","ips":["10.7.0.2-10.7.0.9"]}"#,
    "s6": #"{"ipVersion":6,"subnet":"fd00::/64","ips":["fd00::2-fd00::9"]}"#,
  ]

  /// Puts one of the subnets into the directory, with the ranges that its status gives to pools.
  func storeSubnet(_ name: String, status: SubnetStatus = SubnetStatus(), metadata: String = "") throws {
    let controlled = status.text.map { #"{"controlledIPPools":\#(JSONValue.string($0))}"# } ?? "{}"
    directory.upsert(
      try Self.parse(
        World.object(
          "SpiderSubnet", name, Self.specs[name] ?? "{}", metadata: metadata, status: controlled)
      ) { SpiderSubnet($0) })
  }

  /// Puts an application's pool of these addresses where the watch would put it.
  func storePool(
    _ name: String, of application: Application, interface: String = "eth0", in subnet: String = "s4",
    size: PoolSize = .above(1), _ addresses: String
  ) throws {
    let range = try AddressRange(addresses)
    let pool = AutomaticPool(
      application: application,
      place: .init(interface: interface, family: range.family, subnet: subnet), size: size,
      reclaims: true)
    let owner = try Self.parse(World.object("SpiderSubnet", subnet, Self.specs[subnet] ?? "{}")) {
      SpiderSubnet($0)
    }
    let text = String(
      decoding: pool.creation(named: name, in: owner, AddressSet(range)), as: UTF8.self)
    let stored = try Self.parse(text) { SpiderIPPool($0) }
    book.upsert(stored, now: now)
    directory.upsert(stored)
  }

  /// Lets a workload be seen. Its object is one of `workload(_:)`.
  func see(_ kind: WorkloadKind, _ object: String) throws {
    book.upsert(try Self.parse(object) { Workload($0, kind) })
  }

  static func parse<Value>(_ json: String, _ body: (JSONView) -> Value) throws -> Value {
    var parser = JSONParser()
    return try parser.parse(Array(json.utf8)) { body($0) }
  }

  static let web = Application(
    apiVersion: "apps/v1", kind: "Deployment", namespace: "default", name: "web", uid: "uid-web")

  /// An owner as one member of `ownerReferences`.
  static func owner(_ apiVersion: String, _ kind: String, _ name: String, uid: String? = nil) -> String {
    """
    {"apiVersion":"\(apiVersion)","kind":"\(kind)","name":"\(name)","uid":"\(uid ?? "uid-\(name)")","controller":true}
    """
  }

  /// Annotations as an object; keys are written without `ipam.spidernet.io/`.
  static func annotations(_ annotations: [String: String]) -> JSONValue {
    let pairs = annotations.sorted { $0.key < $1.key }
    return .object(JSONObject(pairs.map { ("ipam.spidernet.io/\($0.key)", .string($0.value)) }))
  }

  /// A workload of this kind in the namespace `default`.
  static func workload(
    _ kind: WorkloadKind = .deployment, _ name: String = "web", _ annotations: [String: String] = [:],
    replicas: Int = 1, owner: String = "", metadata: String = "", pods: String = ""
  ) -> String {
    let owners = owner.isEmpty ? "" : ",\"ownerReferences\":[\(owner)]"
    let template =
      #""template":{"metadata":{"annotations":\#(Self.annotations(annotations))},"spec":{\#(pods)}}"#
    let spec =
      kind == .cronJob
      ? #"{"jobTemplate":{"spec":{"completions":\#(replicas),\#(template)}}}"#
      : #"{"replicas":\#(replicas),"completions":\#(replicas),\#(template)}"#
    return """
      {"apiVersion":"\(kind.apiVersion)","kind":"\(kind.rawValue)","metadata":{"name":"\(name)","namespace":"default",\
      "uid":"uid-\(name)"\(owners)\(metadata)},"spec":\(spec)}
      """
  }

  /// A review of an object of the group `apps.kruise.io` with this spec.
  func review(
    _ spec: JSONValue, ofThirdParty kind: String = "CloneSet", old: JSONValue? = nil,
    _ phase: Phase = .validate
  ) -> Answer {
    let object = { (spec: JSONValue) in
      """
      {"apiVersion":"apps.kruise.io/v1","kind":"\(kind)","metadata":{"name":"web","namespace":"default",\
      "uid":"uid-web"},"spec":\(spec)}
      """
    }
    return answer("apps.kruise.io", kind, object(spec), old.map(object), phase, isDryRun: false)
  }

  /// A review of a workload.
  func review(
    _ object: String, of kind: WorkloadKind = .deployment, old: String? = nil, _ phase: Phase = .validate
  ) -> Answer {
    let group = kind.apiVersion.prefix { $0 != "/" }
    return answer(String(group), kind.rawValue, object, old, phase, isDryRun: false)
  }

  /// A Pod without a name of its own; `owner` is one member of `ownerReferences`.
  static func pod(
    _ annotations: [String: String], owner: String = owner("apps/v1", "ReplicaSet", "web-1"),
    pods: String = ""
  ) -> String {
    pod(Self.annotations(annotations), owner: owner, pods: pods)
  }

  static func pod(
    _ annotations: JSONValue, owner: String = owner("apps/v1", "ReplicaSet", "web-1"), name: String? = nil,
    pods: String = ""
  ) -> String {
    let named = name.map { #""name":"\#($0)","uid":"uid-\#($0)","# } ?? ""
    return """
      {"metadata":{\(named)"generateName":"web-1-","namespace":"default","ownerReferences":[\(owner)],"annotations":\
      \(annotations)},"spec":{\(pods)}}
      """
  }

  /// A review of a Pod that is being created.
  func create(_ pod: String, _ phase: Phase = .mutate, isDryRun: Bool = false) -> Answer {
    answer("", "Pod", pod, nil, phase, isDryRun: isDryRun)
  }

  private func answer(
    _ group: String, _ kind: String, _ object: String, _ old: String?, _ phase: Phase, isDryRun: Bool
  ) -> Answer {
    let text = """
      {"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"\(World.nextUID())","kind":{"group":\
      "\(group)","version":"v1","kind":"\(kind)"},"resource":{"group":"\(group)","version":"v1","resource":\
      "\(kind.lowercased())s"},"namespace":"default","operation":"\(old == nil ? "CREATE" : "UPDATE")","object":\(object),\
      "oldObject":\(old ?? "null"),"dryRun":\(isDryRun)}}
      """
    var parser = JSONParser()
    return Answer(reviewer.review(Array(text.utf8), parser: &parser, phase: phase, now: now))
  }
}

private final class Counter: Sendable {
  private let count = Atomic(0)

  func next() -> UInt128 { UInt128(count.add(1, ordering: .relaxed).newValue) }
}
