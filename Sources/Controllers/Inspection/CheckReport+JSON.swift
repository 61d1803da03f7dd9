internal import Addressing
internal import Cluster
internal import IPAM
public import JSON

/// The JSON form of a report, which programs rely on: members may be added and are passed over, none changes its meaning.
///
/// ```
/// {"report": "addresses", "version": 1, "time": "2026-01-02T03:04:05Z", "unixTime": 1767323045,
///  "pools": 1, "records": 2, "pods": 1,
///  "findings": [{"kind": "leak", "pool": "a", "address": "10.6.0.2", "pod": "default/web-0", "uid": "…",
///                "resourceVersion": "17", "detail": "…"},
///               {"kind": "wrong-entry", "pool": "b", "subnet": "s", "resourceVersion": "18", "detail": "…"}]}
/// ```
extension CheckReport {
  /// Why bytes are no report.
  public struct Unreadable: Error, Hashable, Sendable, CustomStringConvertible {
    /// A sentence without a final stop.
    public let description: String
  }

  private static let name: StaticString = "addresses"
  private static let version: Int64 = 1

  /// The report as JSON.
  public var json: JSONValue {
    [
      "report": .string(Self.name.description), "version": .int(Self.version),
      "time": .string(ObjectTime.text(seconds: time)), "unixTime": .int(time), "pools": .int(Int64(pools)),
      "records": .int(Int64(records)), "pods": .int(Int64(pods)), "findings": .array(findings.map(\.json)),
    ]
  }

  /// Reads a report.
  public init(json bytes: [UInt8]) throws(Unreadable) {
    let value: JSONValue
    do throws(JSONError) { value = try JSONValue(parsing: bytes, maximumBytes: 512 << 20) } catch {
      throw Unreadable(description: "it is not JSON: \(error)")
    }
    guard value["report"]?.string == Self.name.description else {
      throw Unreadable(description: "it is no report of ipam check")
    }
    guard value["version"]?.int == Self.version else {
      throw Unreadable(description: "its version is not \(Self.version)")
    }
    guard let time = value["unixTime"]?.int, let list = value["findings"]?.array else {
      throw Unreadable(description: "unixTime or findings is missing")
    }
    var findings: [AddressFinding] = []
    for (place, entry) in list.enumerated() {
      // A kind of finding that is not known here is none that anything could be done about.
      guard let kind = entry["kind"]?.string.map(AddressFinding.Kind.init(rawValue:)) else {
        throw Unreadable(description: "findings[\(place)] has no kind")
      }
      guard let kind else { continue }
      guard let finding = AddressFinding(kind, entry) else {
        throw Unreadable(
          description: "findings[\(place)] names no pool, or an address, a Pod or a UID that is none")
      }
      findings.append(finding)
    }
    self.init(
      time: time, pools: Int(value["pools"]?.int ?? 0), records: Int(value["records"]?.int ?? 0),
      pods: Int(value["pods"]?.int ?? 0), findings: findings)
  }
}

extension AddressFinding {
  /// The finding as a report holds it; what it does not concern is left out.
  fileprivate var json: JSONValue {
    var value: JSONValue = ["kind": .string(kind.rawValue), "pool": .string(pool)]
    value["subnet"] = subnet.map { .string($0) }
    value["address"] = address.map { .string($0.description) }
    value["pod"] = pod.map { .string($0.description) }
    value["uid"] = uid.map { .string($0.description) }
    value["resourceVersion"] = .string(resourceVersion)
    value["detail"] = .string(detail)
    return value
  }

  /// Reads a finding; nil when it is none that was written by `json`.
  fileprivate init?(_ kind: Kind, _ value: JSONValue) {
    guard let pool = value["pool"]?.string else { return nil }
    let subnet = value["subnet"]?.string
    let address = value["address"].map { $0.string.flatMap { try? IPAddress($0) } }
    let pod = value["pod"].map { $0.string.flatMap { PodKey($0) } }
    let uid = value["uid"].map { $0.string.map { PodUID($0) } }
    if address == .some(nil) || pod == .some(nil) || uid == .some(nil) { return nil }
    self.init(
      kind, pool: pool, subnet: subnet, address: address ?? nil, pod: pod ?? nil, uid: uid ?? nil,
      resourceVersion: value["resourceVersion"]?.string ?? "", detail: value["detail"]?.string ?? "")
  }
}
