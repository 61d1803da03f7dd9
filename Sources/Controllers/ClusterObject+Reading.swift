internal import Cluster
internal import JSON
internal import KubernetesAPI

extension ClusterStore {
  /// The object as it is now; nil when there is none of this name.
  func find(
    _ type: ResourceType, namespace: String?, name: String
  ) async throws(ClusterError) -> ClusterObject? {
    do throws(ClusterError) { return try await get(type, namespace: namespace, name: name) } catch {
      guard case .notFound = error else { throw error }
      return nil
    }
  }
}

extension ClusterObject {
  /// What `body` makes of the object's JSON. No view may leave `body`.
  /// - Parameter type: what the object is, for the message.
  /// - Throws: `malformed`, when it is no JSON.
  func read<Value>(as type: ResourceType, _ body: (JSONView) -> Value) throws(ClusterError) -> Value {
    var parser = JSONParser()
    return try read(as: type, with: &parser, body)
  }

  /// As above, with a parser that is used for several objects.
  func read<Value>(
    as type: ResourceType, with parser: inout JSONParser, _ body: (JSONView) -> Value
  ) throws(ClusterError) -> Value {
    do throws(JSONError) { return try parser.parse(json, body) } catch {
      throw .malformed("\(type.kind) \"\(key)\" cannot be read: \(error)")
    }
  }
}
