internal import Admission
internal import IPAM
internal import JSON
internal import Manifests

/// What the file of `--config` says, in the keys of Spiderpool's `conf.yml`. Keys for its other parts are passed over.
struct Settings {
  var admission = AdmissionSettings()

  /// The defaults.
  init() {}

  /// Reads the file.
  /// - Throws: an ``ExitStatus`` that names the file, the key and what it should be.
  init(file: String) throws {
    let documents: [ManifestDocument]
    do throws(ManifestError) {
      documents = try ManifestReader().read([file])
    } catch {
      throw ExitStatus(.unreadable, "\(error)")
    }
    guard let document = documents.first else { return }
    guard documents.count == 1, case .object(let keys) = document.value else {
      throw ExitStatus(.unreadable, "\(file): one mapping of keys to values is expected")
    }
    try Self.read(keys, "enableIPv4", file, into: &admission.allowsIPv4)
    try Self.read(keys, "enableIPv6", file, into: &admission.allowsIPv6)
    try Self.read(keys, "enableSpiderSubnet", file, into: &admission.usesSubnets)
    try Self.read(keys, "enableAutoPoolForApplication", file, into: &admission.makesPools)
    // The chart writes the first, Spiderpool's controller reads the second.
    for key in ["clusterSubnetDefaultFlexibleIPNumber", "clusterSubnetAutoPoolDefaultRedundantIPNumber"] {
      try Self.readSize(keys, key, file, into: &admission.defaultPoolSize)
    }
    try Self.read(keys, "enableValidatingResourcesDeletedWebhook", file, into: &admission.guardsDeletion)
  }

  private static func readSize(
    _ keys: JSONObject, _ key: String, _ file: String, into target: inout PoolSize
  ) throws {
    switch keys[key] {
    case nil, .null: return
    case .int(let value):
      guard let size = PoolSize("+\(value)") else { fallthrough }
      target = size
    default:
      throw ExitStatus(
        .unreadable, "\(file): \(key) must be a number of addresses beyond the replicas, 0 or more")
    }
  }

  private static func read(_ keys: JSONObject, _ key: String, _ file: String, into target: inout Bool) throws
  {
    switch keys[key] {
    case nil, .null: return
    case .bool(let value): target = value
    default: throw ExitStatus(.unreadable, "\(file): \(key) must be true or false")
    }
  }
}
