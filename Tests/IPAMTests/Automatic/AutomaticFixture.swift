import Addressing
import JSON
import KubernetesAPI
import Testing

@testable import IPAM

/// Objects that automatic pools have to do with, from the JSON that a cluster would hold.
enum AutomaticFixture {
  static let uid = "6f1c2d3e-0000-4000-8000-0a1b2c3d4e5f"

  static func parse<Value>(_ json: String, _ body: (JSONView) throws -> Value) throws -> Value {
    var parser = JSONParser()
    let result = try parser.parse(Array(json.utf8)) { view in Result { try body(view) } }
    return try result.get()
  }

  static func application(
    _ name: String = "web", kind: String = "Deployment", apiVersion: String = "apps/v1",
    namespace: String = "default", uid: String = uid
  ) -> Application {
    Application(apiVersion: apiVersion, kind: kind, namespace: namespace, name: name, uid: uid)
  }

  static func pool(
    of application: Application = application(), interface: String = "eth0", family: IPFamily = .v4,
    size: PoolSize = .above(1), reclaims: Bool = true
  ) -> AutomaticPool {
    AutomaticPool(
      application: application,
      place: .init(interface: interface, family: family, subnet: family == .v4 ? "s4" : "s6"), size: size,
      reclaims: reclaims)
  }

  /// A subnet `s4` or `s6`; `spec` holds further members with a comma in front.
  static func subnet(_ family: IPFamily = .v4, spec: String = "") throws -> SpiderSubnet {
    let (name, network) = family == .v4 ? ("s4", "10.6.0.0/16") : ("s6", "fd00::/64")
    let json = """
      {"metadata":{"name":"\(name)","uid":"uid-\(name)"},"spec":{"subnet":"\(network)"\(spec)}}
      """
    return try parse(json) { SpiderSubnet($0) }
  }

  static func owner(
    _ apiVersion: String, _ kind: String, _ name: String = "web", uid: String = "u", isController: Bool = true
  ) -> String {
    """
    {"apiVersion":"\(apiVersion)","kind":"\(kind)","name":"\(name)","uid":"\(uid)","controller":\(isController)}
    """
  }

  static func reference(_ apiVersion: String, _ kind: String, _ name: String = "web", uid: String = "u")
    throws
    -> OwnerReference
  {
    try parse(owner(apiVersion, kind, name, uid: uid)) { OwnerReference($0) }
  }

  /// A workload; `metadata` and `rest` hold further members with a comma in front.
  static func workload(
    _ kind: WorkloadKind, _ name: String = "web", uid: String = "u", spec: String = "{}", owner: String = "",
    metadata: String = "", rest: String = ""
  ) throws -> Workload {
    let owners = owner.isEmpty ? "" : ",\"ownerReferences\":[\(owner)]"
    let json = """
      {"metadata":{"name":"\(name)","namespace":"default","uid":"\(uid)"\(owners)\(metadata)},"spec":\(spec)\(rest)}
      """
    return try parse(json) { Workload($0, kind) }
  }

  static func set(_ text: String, _ family: IPFamily = .v4) throws -> AddressSet {
    AddressSet(family, try text.split(separator: ",").map { try AddressRange(String($0)) })
  }
}
