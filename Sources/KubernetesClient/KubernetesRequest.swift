internal import Cluster
internal import HTTP
internal import JSON
internal import KubernetesAPI

/// One request to an API server, as a value: what is asked, before anybody is asked.
struct KubernetesRequest: Sendable, Equatable {
  /// Objects in one page of a list.
  static let pageSize = 500

  var method: HTTPMethod
  /// Below the server's own path.
  var path: String
  var query: String = ""
  var body: [UInt8] = []
  /// What the body is, if there is one.
  var contentType = "application/json"
  /// In what form the answer is wanted.
  var accept = "application/json"

  /// What is asked, for sentences: `GET /api/v1/pods`.
  var summary: String { "\(method) \(path)" }

  /// `metadata` alone, from servers that can; from any other the whole objects.
  private static func form(of type: ResourceType, _ kind: String) -> String {
    type.isMetadataOnly
      ? "application/json;as=\(kind);g=meta.k8s.io;v=v1, application/json" : "application/json"
  }

  /// The versions of a group; nil for what is no group of this kind.
  static func versions(ofGroupOf apiVersion: String) -> KubernetesRequest? {
    let parts = apiVersion.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, !parts.contains("") else { return nil }
    return KubernetesRequest(method: .get, path: "/apis/\(percentEncoded(parts[0]))")
  }

  /// The types of one version of one group; nil for what is no `apiVersion`.
  static func types(apiVersion: String) -> KubernetesRequest? {
    let parts = apiVersion.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard (1...2).contains(parts.count), !parts.contains("") else { return nil }
    return KubernetesRequest(method: .get, path: prefix(parts.count == 1 ? "" : parts[0], parts.last ?? ""))
  }

  /// One page of a list; the first one without `continuing`.
  static func list(_ type: ResourceType, namespace: String?, continuing: String? = nil) -> KubernetesRequest {
    var query = "limit=\(pageSize)"
    if let continuing { query += "&continue=\(percentEncoded(continuing))" }
    return KubernetesRequest(
      method: .get, path: path(type, namespace), query: query,
      accept: form(of: type, "PartialObjectMetadataList"))
  }

  /// Everything that happens after `from`, for so many seconds at most.
  static func watch(
    _ type: ResourceType, namespace: String?, from: ResourceVersion, seconds: Int
  ) -> KubernetesRequest {
    KubernetesRequest(
      method: .get, path: path(type, namespace),
      query: "watch=true&allowWatchBookmarks=true&resourceVersion=\(percentEncoded(from.rawValue))"
        + "&timeoutSeconds=\(seconds)", accept: form(of: type, "PartialObjectMetadata"))
  }

  static func get(_ type: ResourceType, namespace: String?, name: String) -> KubernetesRequest {
    KubernetesRequest(method: .get, path: path(type, namespace, name))
  }

  static func scale(_ type: ResourceType, namespace: String?, name: String) -> KubernetesRequest {
    KubernetesRequest(method: .get, path: path(type, namespace, name) + "/scale")
  }

  static func create(_ type: ResourceType, namespace: String?, json: [UInt8]) -> KubernetesRequest {
    KubernetesRequest(method: .post, path: path(type, namespace), body: json)
  }

  static func update(_ type: ResourceType, namespace: String?, name: String, json: [UInt8])
    -> KubernetesRequest
  {
    KubernetesRequest(method: .put, path: path(type, namespace, name), body: json)
  }

  static func updateStatus(
    _ type: ResourceType, namespace: String?, name: String, json: [UInt8]
  ) -> KubernetesRequest {
    KubernetesRequest(method: .put, path: path(type, namespace, name) + "/status", body: json)
  }

  static func patch(
    _ type: ResourceType, namespace: String?, name: String, mergePatch json: [UInt8]
  ) -> KubernetesRequest {
    KubernetesRequest(
      method: .patch, path: path(type, namespace, name), body: json,
      contentType: "application/merge-patch+json")
  }

  static func delete(
    _ type: ResourceType, namespace: String?, name: String, preconditions: Preconditions
  ) -> KubernetesRequest {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("kind")
    writer.value("DeleteOptions")
    writer.key("apiVersion")
    writer.value("v1")
    if preconditions != Preconditions() {
      writer.key("preconditions")
      writer.beginObject()
      if let uid = preconditions.uid {
        writer.key("uid")
        writer.value(uid)
      }
      if let version = preconditions.resourceVersion {
        writer.key("resourceVersion")
        writer.value(version.rawValue)
      }
      writer.endObject()
    }
    writer.endObject()
    return KubernetesRequest(method: .delete, path: path(type, namespace, name), body: writer.bytes)
  }

  /// The request as it is sent.
  func http(base: String, token: String?, userAgent: String) -> HTTPRequest {
    var headers = HTTPHeaders()
    headers.append("accept", accept)
    headers.append("user-agent", userAgent)
    if let token { headers.append("authorization", "Bearer \(token)") }
    if !body.isEmpty { headers.append("content-type", contentType) }
    return HTTPRequest(method: method, path: base + path, query: query, headers: headers, body: body)
  }

  /// `/api/v1` for the core group, `/apis/group/version` for every other.
  private static func prefix(_ group: String, _ version: String) -> String {
    let version = percentEncoded(version)
    return group.isEmpty ? "/api/\(version)" : "/apis/\(percentEncoded(group))/\(version)"
  }

  /// Where a type's objects are, or one of them.
  private static func path(_ type: ResourceType, _ namespace: String?, _ name: String? = nil) -> String {
    var path = prefix(type.group, type.version)
    if type.isNamespaced, let namespace { path += "/namespaces/\(percentEncoded(namespace))" }
    path += "/\(type.plural)"
    if let name { path += "/\(percentEncoded(name))" }
    return path
  }

  /// All but the unreserved characters of RFC 3986 §2.3.
  private static func percentEncoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var bytes: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        bytes.append(byte)
      default:
        bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
