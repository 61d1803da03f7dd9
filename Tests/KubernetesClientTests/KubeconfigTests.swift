import Foundation
import JSON
import TLS
import Testing

@testable import KubernetesClient

/// A kubeconfig's text, with one cluster, one user and one context, each changed as a test needs it.
private func kubeconfig(
  cluster: String = #""server": "https://10.0.0.1:6443""#, user: String = "",
  context: String = #""cluster": "c", "user": "u""#, current: String = #""k""#
) throws -> JSONValue {
  try JSONValue(
    parsing: """
      {"apiVersion": "v1", "kind": "Config", "current-context": \(current),
       "clusters": [{"name": "other", "cluster": {}}, {"name": "c", "cluster": {\(cluster)}}],
       "users": [{"name": "u", "user": {\(user)}}],
       "contexts": [{"name": "k", "context": {\(context)}}]}
      """)
}

@Suite struct KubeconfigTests {
  private func access(_ content: JSONValue, context: String? = nil) throws(AccessError) -> ClusterAccess {
    try Kubeconfig(content, file: "/etc/k/config").access(context: context)
  }

  @Test func `gives the current context's server, with the machine's authorities and no credentials`() throws
  {
    let found = try access(try kubeconfig())
    #expect(found == ClusterAccess(server: ServerURL(host: "10.0.0.1", port: 6443)))
  }

  @Test func `gives a context asked for by name, and its namespace`() throws {
    let content = try kubeconfig(context: #""cluster": "c", "namespace": "team""#, current: "null")
    #expect(try access(content, context: "k").namespace == "team")
  }

  @Test func `takes embedded data before files`() throws {
    let content = try kubeconfig(
      cluster:
        #""server": "https://a", "certificate-authority-data": "QUJD", "certificate-authority": "/nonexistent""#,
      user: #""client-certificate-data": "Q0U=", "client-key-data": "Sw==", "client-key": "/nonexistent""#)
    let found = try access(content)
    #expect(found.trust == .authorities(Array("ABC".utf8)))
    #expect(found.identity == .init(certificate: Array("CE".utf8), key: Array("K".utf8)))
  }

  @Test func `reads YAML, and files beside the kubeconfig`() throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    try Data("authority".utf8).write(to: directory.appendingPathComponent("ca.crt"))
    let file = directory.appendingPathComponent("config")
    let text = """
      apiVersion: v1
      kind: Config
      current-context: k
      clusters:
      - name: c
        cluster: {server: "https://api.example:6443/k8s/", certificate-authority: ca.crt, tls-server-name: kubernetes}
      users:
      - name: u
        user: {tokenFile: secrets/token, token: old}
      contexts:
      - {name: k, context: {cluster: c, user: u}}
      """
    try Data(text.utf8).write(to: file)
    let found = try Kubeconfig(file: file.path).access()
    #expect(found.server == ServerURL(host: "api.example", port: 6443, path: "/k8s"))
    #expect(found.trust == .authorities(Array("authority".utf8)))
    #expect(found.serverName == "kubernetes")
    #expect(found.token == .file("\(directory.path)/secrets/token", fallback: "old"))
  }

  @Test func `skips verification when it is told to, unless it also has an authority`() throws {
    let skipping = #""server": "https://a", "insecure-skip-tls-verify": true"#
    #expect(try access(try kubeconfig(cluster: skipping)).trust == .anyone)
    let both = try kubeconfig(cluster: skipping + #", "certificate-authority-data": "QUJD""#)
    let error = #expect(throws: AccessError.self) { try access(both) }
    #expect(error?.description.contains("take one of the two out") == true)
  }

  @Test func `takes a token`() throws {
    #expect(try access(try kubeconfig(user: #""token": "t""#)).token == .fixed("t"))
    #expect(try access(try kubeconfig(user: #""token": """#)).token == .none)
  }

  @Test(arguments: [
    (#""exec": {"command": "aws"}"#, "gets its credentials from another program (exec)"),
    (#""auth-provider": {"name": "gcp"}"#, "gets its credentials from another program (auth-provider)"),
    (#""username": "admin", "password": "x""#, "has \"username\", which is not spoken here"),
    (#""as": "system:admin""#, "has \"as\", which is not spoken here"),
    (#""client-certificate-data": "QQ==""#, "needs both client-certificate and client-key"),
    (#""client-key-data": "QQ==""#, "needs both client-certificate and client-key"),
    (
      #""client-key-data": "Q", "client-certificate-data": "QQ==""#,
      "client-key-data of the user u in /etc/k/config is not base64"
    ),
    (
      #""client-certificate": "no.crt", "client-key": "no.key""#,
      "cannot read /etc/k/no.crt: No such file or directory"
    ),
  ]) func `refuses a user it cannot be`(_ user: String, _ sentence: String) throws {
    let content = try kubeconfig(user: user)
    let error = #expect(throws: AccessError.self) { try access(content) }
    #expect(error?.description.contains(sentence) == true, "\(error?.description ?? "")")
  }

  @Test(arguments: [
    (#""server": "ftp://a""#, "no http or https URL"), (#""server": """#, "has no server"),
    (#""server": "https://a", "proxy-url": "http://p""#, "proxies are not spoken"),
  ]) func `refuses a cluster it cannot reach`(_ cluster: String, _ sentence: String) throws {
    let content = try kubeconfig(cluster: cluster)
    let error = #expect(throws: AccessError.self) { try access(content) }
    #expect(error?.description.contains(sentence) == true, "\(error?.description ?? "")")
  }

  @Test func `names what is missing`() throws {
    func sentence(_ content: JSONValue, _ context: String? = nil) -> String? {
      #expect(throws: AccessError.self) { try access(content, context: context) }?.description
    }
    #expect(sentence(try kubeconfig(), "other") == "there is no context other in /etc/k/config")
    #expect(sentence(try kubeconfig(context: #""cluster": "x""#)) == "there is no cluster x in /etc/k/config")
    #expect(
      sentence(try kubeconfig(context: #""cluster": "c", "user": "x""#))
        == "there is no user x in /etc/k/config")
    #expect(sentence(try kubeconfig(current: #""""#))?.contains("names no current-context") == true)
  }
}

@Suite struct ServerURLTests {
  @Test(arguments: [
    ("https://a", ServerURL(host: "a", port: 443)), ("https://a:6443/", ServerURL(host: "a", port: 6443)),
    ("http://a/b/c/", ServerURL(isSecure: false, host: "a", port: 80, path: "/b/c")),
    ("https://[fd00::1]:1", ServerURL(host: "fd00::1", port: 1)),
    ("https://[::1]", ServerURL(host: "::1", port: 443)),
  ]) func `reads`(_ text: String, _ expected: ServerURL) {
    #expect(ServerURL(text) == expected)
  }

  @Test(arguments: [
    "", "a", "https://", "https://:1", "https://a:", "https://a:x", "https://a:70000", "https://a@b",
    "https://a?b",
    "https://a#b", "https://[::1", "https://[::1]x", "https://a b", "https://::1",
  ]) func `refuses`(_ text: String) {
    #expect(ServerURL(text) == nil)
  }

  @Test func `names an IPv6 address in brackets`() {
    #expect(ServerURL(host: "fd00::1", port: 1).description == "https://[fd00::1]:1")
  }
}

@Suite struct Base64Tests {
  @Test(arguments: [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9v\nYmFy\r\n", "foobar")])
  func `decodes RFC 4648's examples`(_ text: String, _ expected: String) {
    #expect(Base64.decode(text) == Array(expected.utf8))
  }

  @Test(arguments: ["Z", "Zg", "Zg=", "Z===", "====", "Zg==Zg==", "Zm9v====", "Zm9-", "Zm 9v"])
  func `refuses`(_ text: String) {
    #expect(Base64.decode(text) == nil)
  }
}
