// KubernetesClient: the API server as a `ClusterStore`.
//
// In: a kubeconfig or a Pod's service account, requests of the program, the API server's answers and watch events.
// Out: objects, watch events and typed errors. Requests and answers are values, made and read without I/O; `KubernetesCluster` sends
// them through HTTP's client.
// It deliberately does not know what any kind means, and neither caches nor retries beyond what a new token asks for.

public import TLS

/// Where an API server is, whom to believe there, and who we are.
public struct ClusterAccess: Sendable, Equatable {
  /// Where it is.
  public var server: ServerURL
  /// Whom to believe; of no meaning for a server without TLS.
  public var trust: TLSClientContext.Trust
  /// The name the server's certificate must be for, when it is not the host.
  public var serverName: String?
  /// The certificate to show.
  public var identity: TLSClientContext.Identity?
  /// The token to send.
  public var token: BearerToken
  /// The namespace of the context or of the Pod; `default` if there is none.
  public var namespace: String

  /// From its parts.
  public init(
    server: ServerURL, trust: TLSClientContext.Trust = .system, serverName: String? = nil,
    identity: TLSClientContext.Identity? = nil, token: BearerToken = .none, namespace: String = "default"
  ) {
    self.server = server
    self.trust = trust
    self.serverName = serverName
    self.identity = identity
    self.token = token
    self.namespace = namespace
  }
}

/// A bearer token (RFC 6750).
public enum BearerToken: Sendable, Equatable {
  /// None is sent.
  case none
  /// This one, always.
  case fixed(String)
  /// The content of this file, which changes; `fallback` until it can be read.
  case file(String, fallback: String?)
}

/// The address of an API server: `https://host:port/path`.
public struct ServerURL: Sendable, Equatable, CustomStringConvertible {
  /// Whether it speaks TLS.
  public let isSecure: Bool
  /// A name or an address, an IPv6 address without its brackets.
  public let host: String
  /// The port.
  public let port: UInt16
  /// What every path begins with: empty, or `/…` without a slash at the end.
  public let path: String

  /// From its parts.
  public init(isSecure: Bool = true, host: String, port: UInt16, path: String = "") {
    self.isSecure = isSecure
    self.host = host
    self.port = port
    self.path = path
  }

  /// Reads an `https` or `http` URL without user, query and fragment; nil for anything else.
  public init?(_ text: String) {
    let rest: Substring
    if text.hasPrefix("https://") {
      isSecure = true
      rest = text.dropFirst(8)
    } else if text.hasPrefix("http://") {
      isSecure = false
      rest = text.dropFirst(7)
    } else {
      return nil
    }
    guard rest.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !rest.contains(where: { "@?#\\".contains($0) })
    else {
      return nil
    }
    let slash = rest.firstIndex(of: "/") ?? rest.endIndex
    guard let (host, port) = Self.split(rest[..<slash]), !host.isEmpty else { return nil }
    self.host = host
    self.port = port ?? (isSecure ? 443 : 80)
    var path = rest[slash...]
    while path.hasSuffix("/") { path.removeLast() }
    self.path = String(path)
  }

  private static func split(_ authority: Substring) -> (String, UInt16?)? {
    if authority.hasPrefix("[") {
      guard let end = authority.firstIndex(of: "]") else { return nil }
      let host = String(authority[authority.index(after: authority.startIndex)..<end])
      let rest = authority[authority.index(after: end)...]
      if rest.isEmpty { return (host, nil) }
      guard rest.hasPrefix(":"), let port = UInt16(rest.dropFirst()) else { return nil }
      return (host, port)
    }
    let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
    if parts.count == 1 { return (String(parts[0]), nil) }
    guard parts.count == 2, let port = UInt16(parts[1]) else { return nil }
    return (String(parts[0]), port)
  }

  /// Host and port, as a request names them.
  public var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

  /// The URL.
  public var description: String { "\(isSecure ? "https" : "http")://\(authority)\(path)" }
}

/// Why there is no access to a cluster: a sentence that names the file and what to do.
public struct AccessError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The sentence.
  public let description: String

  /// Without a full stop.
  public init(_ description: String) { self.description = description }
}
