public import Cluster
internal import JSON
internal import KubernetesAPI

/// The key by which all replicas sign and check reservations: random, in a Secret that the first of them makes.
public enum ReservationKey {
  /// The Secret's name.
  public static let secretName = "spiderpool-webhook-reservation-key"
  private static let member: StaticString = "key"

  /// Reads the key, or makes it. Whoever comes second reads what the first one made.
  /// - Parameter random: 32 bytes that cannot be guessed.
  public static func load(
    from store: any ClusterStore, namespace: String, random: () -> [UInt8]
  ) async throws(ClusterError) -> [UInt8] {
    for _ in 0..<3 {
      if let secret = try await store.find(.secret, namespace: namespace, name: secretName) {
        return try key(in: secret)
      }
      do throws(ClusterError) {
        return try key(
          in: try await store.create(.secret, namespace: namespace, json: secret(namespace, random())))
      } catch {
        guard case .alreadyExists = error else { throw error }
      }
    }
    throw .unavailable("the Secret \(secretName) is made and deleted by others all the time")
  }

  /// The Base64 text is the key as it is: it holds as much chance as what it stands for.
  private static func key(in object: ClusterObject) throws(ClusterError) -> [UInt8] {
    var parser = JSONParser()
    let text: String?
    do throws(JSONError) {
      text = try parser.parse(object.json) { $0["data"]?[member]?.string }
    } catch { throw .malformed("the Secret \(secretName) cannot be read: \(error)") }
    guard let text, text.utf8.count >= 32 else {
      throw .malformed("the Secret \(secretName) holds no key of at least 24 bytes at data.\(member)")
    }
    return Array(text.utf8)
  }

  private static func secret(_ namespace: String, _ random: [UInt8]) -> [UInt8] {
    var writer = JSONWriter()
    writer.object { object in
      object.key("apiVersion")
      object.value("v1" as StaticString)
      object.key("kind")
      object.value("Secret" as StaticString)
      object.key("metadata")
      object.object { metadata in
        metadata.key("name")
        metadata.value(secretName)
        metadata.key("namespace")
        metadata.value(namespace)
      }
      object.key("data")
      object.object { data in
        data.key(member)
        random.withUnsafeBufferPointer { data.base64($0) }
      }
    }
    return writer.finish()
  }
}
