import Addressing
import JSON
import KubernetesAPI

@testable import IPAM

/// Pools, Pods and choices from the JSON that a cluster would hold.
struct ChoiceFixture {
  var catalog = PoolCatalog()
  var settings = ChoiceSettings()
  var namespace: NamespaceFacts? = NamespaceFacts()
  var node = NodeKnowledge.unknown

  /// A catalog of pools: a name, and further members of `spec`, such as `"disable":true`. Names that start with `six` are
  /// IPv6 pools.
  init(_ pools: KeyValuePairs<String, String>) throws {
    for (position, pool) in pools.enumerated() {
      catalog.upsert(try Self.pool(pool.key, pool.value, number: position))
    }
  }

  static func pool(
    _ name: String, _ spec: String = "", number: Int = 0, metadata: String = ""
  ) throws -> PoolFacts {
    let subnet = name.hasPrefix("six") ? "fd00:\(number)::/64" : "10.\(number).0.0/16"
    let more = spec.isEmpty ? "" : ",\(spec)"
    let meta = metadata.isEmpty ? "" : ",\(metadata)"
    return try read(#"{"metadata":{"name":"\#(name)"\#(meta)},"spec":{"subnet":"\#(subnet)"\#(more)}}"#)
  }

  struct Unreadable: Error {}

  static func read(_ json: String) throws -> PoolFacts {
    var parser = JSONParser()
    let facts = try parser.parse(Array(json.utf8)) { PoolFacts(SpiderIPPool($0)) }
    guard let facts else { throw Unreadable() }
    return facts
  }

  static func pod(
    annotations: [String: String] = [:], labels: [String: String] = [:], spec: JSONValue = [:],
    namespace: String = "shop"
  ) throws -> PodFacts {
    func object(_ pairs: [String: String]) -> JSONValue {
      .object(JSONObject(pairs.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
    }
    let pod: JSONValue = [
      "metadata": ["name": "web-0", "annotations": object(annotations), "labels": object(labels)],
      "spec": spec,
    ]
    var parser = JSONParser()
    return try parser.parse(pod.bytes) { PodFacts($0, namespace: namespace) }
  }

  func choose(_ pod: PodFacts) -> PoolChoice.Outcome {
    PoolChoice.choose(for: pod, in: namespace, on: node, from: catalog, settings: settings)
  }

  /// The choice for a Pod with these annotations, whose keys are written without `ipam.spidernet.io/`.
  func choose(_ annotations: [String: String] = [:], labels: [String: String] = [:]) throws
    -> PoolChoice.Outcome
  {
    let keyed = annotations.map { ($0.key.contains("/") ? $0.key : "ipam.spidernet.io/\($0.key)", $0.value) }
    return choose(
      try Self.pod(annotations: Dictionary(uniqueKeysWithValues: keyed), labels: labels))
  }

  /// The names of the pools that were chosen, by interface and family: `eth0 IPv4 a,b`.
  func chosen(_ annotations: [String: String] = [:], labels: [String: String] = [:]) throws -> [String] {
    switch try choose(annotations, labels: labels) {
    case .chosen(let plan):
      return plan.demands.map { demand in
        "\(plan.interfaces[demand.interface].name) \(demand.family) \(demand.pools.joined(separator: ","))"
      }
    case .leftAlone: return ["left alone"]
    case .awaitsNode: return ["awaits node"]
    case .refused(let errors): return errors.map(\.description)
    }
  }
}
