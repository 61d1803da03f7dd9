internal import Glibc
internal import TLS

extension ClusterAccess {
  /// Where the kubelet mounts a Pod's service account.
  public static let serviceAccountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount"

  /// The access that a Pod has by its service account.
  /// - Parameters:
  ///   - environment: looks up an environment variable; the process's own if nil.
  ///   - directory: where `ca.crt`, `token` and `namespace` lie.
  public static func inCluster(
    environment: ((String) -> String?)? = nil,
    directory: String = serviceAccountDirectory
  ) throws(AccessError) -> ClusterAccess {
    let environment = environment ?? { name in getenv(name).map { String(cString: $0) } }
    guard let host = environment("KUBERNETES_SERVICE_HOST"), !host.isEmpty,
      let port = environment("KUBERNETES_SERVICE_PORT").flatMap({ UInt16($0) })
    else {
      throw AccessError("this is no Pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set")
    }
    var access = ClusterAccess(server: ServerURL(host: host, port: port))
    do throws(TLSError) {
      access.trust = .authorities(try readCredentialFile("\(directory)/ca.crt"))
      _ = try readCredentialFile("\(directory)/token")
    } catch {
      throw AccessError("the Pod has no usable service account: \(error)")
    }
    access.token = .file("\(directory)/token", fallback: nil)
    if let bytes = try? readCredentialFile("\(directory)/namespace") {
      let name = String(decoding: bytes, as: UTF8.self).trimmed
      if !name.isEmpty { access.namespace = name }
    }
    return access
  }
}

extension String {
  /// Without white space at both ends.
  var trimmed: String {
    let isSpace = { (character: Character) in character.isWhitespace }
    guard let start = firstIndex(where: { !isSpace($0) }), let end = lastIndex(where: { !isSpace($0) }) else {
      return ""
    }
    return String(self[start...end])
  }
}
