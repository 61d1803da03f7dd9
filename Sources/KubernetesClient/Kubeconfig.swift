internal import JSON
internal import Manifests
internal import TLS

/// A kubeconfig file: clusters, users, and the contexts that pair them.
///
/// Read as kubectl reads it: embedded data goes before a file, a token file before a token, relative paths start at the
/// kubeconfig's own directory. What would need another program (`exec`, `auth-provider`) or is not spoken here is refused.
public struct Kubeconfig: Sendable {
  private let file: String
  private let content: JSONValue

  /// Reads the file.
  public init(file: String) throws(AccessError) {
    let documents: [ManifestDocument]
    do throws(ManifestError) {
      documents = try ManifestReader().read([file])
    } catch {
      throw AccessError("cannot read the kubeconfig: \(error)")
    }
    guard documents.count == 1 else {
      throw AccessError("the kubeconfig \(file) holds \(documents.count) documents instead of one")
    }
    try self.init(documents[0].value, file: file)
  }

  /// From a document that was read already; `file` names it in sentences and is where relative paths start.
  init(_ content: JSONValue, file: String) throws(AccessError) {
    guard content.object != nil else { throw AccessError("the kubeconfig \(file) is not a mapping") }
    self.content = content
    self.file = file
  }

  /// The name of the context to use when none is named.
  public var currentContext: String? { content["current-context"].text }

  /// What a context gives access to; the current one if none is named.
  public func access(context name: String? = nil) throws(AccessError) -> ClusterAccess {
    guard let name = name ?? currentContext else {
      throw AccessError("the kubeconfig \(file) names no current-context, and no context was asked for")
    }
    let context = try entry("contexts", "context", name)
    guard let clusterName = context["cluster"].text else {
      throw AccessError("the context \(name) in \(file) names no cluster")
    }
    let cluster = try entry("clusters", "cluster", clusterName)
    var access = ClusterAccess(server: try server(cluster, clusterName))
    access.trust = try trust(cluster, clusterName)
    access.serverName = cluster["tls-server-name"].text
    access.namespace = context["namespace"].text ?? "default"
    if let userName = context["user"].text {
      let user = try entry("users", "user", userName)
      try refuseForeign(user, userName)
      access.identity = try identity(user, userName)
      access.token = token(user)
    }
    return access
  }

  private func entry(_ list: String, _ key: String, _ name: String) throws(AccessError) -> JSONValue {
    guard let found = content[list]?.array?.first(where: { $0["name"]?.string == name }) else {
      throw AccessError("there is no \(key) \(name) in \(file)")
    }
    return found[key] ?? .null
  }

  private func server(_ cluster: JSONValue, _ name: String) throws(AccessError) -> ServerURL {
    if cluster["proxy-url"].text != nil {
      throw AccessError("the cluster \(name) in \(file) has a proxy-url, and proxies are not spoken")
    }
    guard let text = cluster["server"].text else {
      throw AccessError("the cluster \(name) in \(file) has no server")
    }
    guard let server = ServerURL(text) else {
      throw AccessError("the server \(text) of the cluster \(name) in \(file) is no http or https URL")
    }
    return server
  }

  private func trust(_ cluster: JSONValue, _ name: String) throws(AccessError) -> TLSClientContext.Trust {
    let authority = try bytes(cluster, "certificate-authority", of: "the cluster \(name)")
    if cluster["insecure-skip-tls-verify"]?.bool == true {
      guard authority == nil else {
        throw AccessError(
          "the cluster \(name) in \(file) has a certificate authority and skips verification: take one of the two out"
        )
      }
      return .anyone
    }
    return authority.map { .authorities($0) } ?? .system
  }

  private func refuseForeign(_ user: JSONValue, _ name: String) throws(AccessError) {
    for key in ["exec", "auth-provider"] where user[key]?.object != nil {
      throw AccessError(
        "the user \(name) in \(file) gets its credentials from another program (\(key)), which is not run here: "
          + "use a client certificate, a token or a tokenFile")
    }
    for key in ["username", "password", "as", "as-uid", "as-groups", "as-user-extra"]
    where user[key].map({ !$0.isNull && $0.string != "" }) == true {
      throw AccessError(
        "the user \(name) in \(file) has \"\(key)\", which is not spoken here: use a client certificate or a token"
      )
    }
  }

  private func identity(_ user: JSONValue, _ name: String) throws(AccessError) -> TLSClientContext.Identity? {
    let certificate = try bytes(user, "client-certificate", of: "the user \(name)")
    let key = try bytes(user, "client-key", of: "the user \(name)")
    switch (certificate, key) {
    case (nil, nil): return nil
    case (let certificate?, let key?): return TLSClientContext.Identity(certificate: certificate, key: key)
    default:
      throw AccessError(
        "the user \(name) in \(file) needs both client-certificate and client-key, or neither")
    }
  }

  private func token(_ user: JSONValue) -> BearerToken {
    let token = user["token"].text
    if let path = user["tokenFile"].text { return .file(absolute(path), fallback: token) }
    return token.map { .fixed($0) } ?? .none
  }

  /// What `key-data` holds, or the file that `key` names.
  private func bytes(_ value: JSONValue, _ key: String, of owner: String) throws(AccessError) -> [UInt8]? {
    if let data = value["\(key)-data"].text {
      guard let bytes = Base64.decode(data) else {
        throw AccessError("\(key)-data of \(owner) in \(file) is not base64")
      }
      return bytes
    }
    guard let path = value[key].text else { return nil }
    do throws(TLSError) {
      return try readCredentialFile(absolute(path))
    } catch {
      throw AccessError("\(key) of \(owner) in \(file): \(error)")
    }
  }

  private func absolute(_ path: String) -> String {
    if path.hasPrefix("/") { return path }
    guard let slash = file.lastIndex(of: "/") else { return path }
    return "\(file[...slash])\(path)"
  }
}

extension Optional<JSONValue> {
  /// The text, if there is one and it is not empty.
  fileprivate var text: String? {
    guard let text = self?.string, !text.isEmpty else { return nil }
    return text
  }
}
