import Addressing
import JSON
import KubernetesAPI

@testable import IPAM

/// Annotations, read where the subnets `alpha`, `beta` (IPv4), `six`, `seven` (IPv6), `old`, which is being deleted, and `odd`,
/// whose network cannot be read, are there.
struct SubnetScene {
  var settings = ChoiceSettings()
  var metadata = FieldPath.metadata
  var subnets = [
    SubnetFacts(name: "alpha", family: .v4), SubnetFacts(name: "beta", family: .v4),
    SubnetFacts(name: "six", family: .v6), SubnetFacts(name: "seven", family: .v6),
    SubnetFacts(name: "old", family: .v4, isTerminating: true), SubnetFacts(name: "odd", family: nil),
  ]

  /// Annotations whose keys are written without `ipam.spidernet.io/`.
  static func annotations(_ annotations: [String: String]) throws -> AutomaticAnnotations {
    let pairs = annotations.map { ("ipam.spidernet.io/\($0.key)", JSONValue.string($0.value)) }
    return try AutomaticFixture.parse("\(JSONValue.object(JSONObject(pairs)))") { AutomaticAnnotations($0) }
  }

  func read(_ annotations: [String: String]) throws -> SubnetAnnotation.Reading {
    let world = SubnetAnnotation.World(
      settings: settings, find: { name in subnets.first { $0.name == name } },
      names: { subnets.map(\.name) })
    return SubnetAnnotation.read(try Self.annotations(annotations), at: metadata, in: world)
  }

  /// The pools asked for, as `eth0 IPv4 alpha`; nil where something is wrong.
  func pools(_ annotations: [String: String]) throws -> [String]? {
    try read(annotations).request?.pools.map { "\($0.interface) \($0.family) \($0.subnet)" }
  }

  func details(_ annotations: [String: String]) throws -> [String] {
    try read(annotations).errors.map(\.detail)
  }
}
