import Foundation
import Synchronization
import TLS
import Testing

@testable import KubernetesClient

@Suite struct TokenSourceTests {
  /// A file whose content a test changes.
  private final class File: Sendable {
    let content = Mutex<String?>("one\n")
    let reads = Mutex(0)

    func read(_ path: String) throws(TLSError) -> [UInt8] {
      reads.withLock { $0 += 1 }
      guard let content = content.withLock({ $0 }) else { throw TLSError(.file, "cannot read \(path): gone") }
      return Array(content.utf8)
    }
  }

  private let second: UInt64 = 1_000_000_000
  private let file = File()

  private func source(fallback: String? = nil) -> TokenSource {
    TokenSource(.file("token", fallback: fallback)) { [file] path throws(TLSError) in try file.read(path) }
  }

  @Test func `reads a file once a minute`() throws {
    let source = source()
    #expect(try source.current(now: 0) == "one")
    file.content.withLock { $0 = "two" }
    #expect(try source.current(now: 59 * second) == "one")
    #expect(try source.current(now: 60 * second) == "two")
    #expect(file.reads.withLock { $0 } == 2)
  }

  @Test func `reads it at once when the token was not accepted, and tells whether there is another`() throws {
    let source = source()
    _ = try source.current(now: 0)
    #expect(try source.replace("one", now: second) == false)
    file.content.withLock { $0 = "two" }
    #expect(try source.replace("one", now: 2 * second) == true)
    #expect(try source.current(now: 2 * second) == "two")
  }

  @Test func `keeps the last token while the file cannot be read`() throws {
    let source = source()
    _ = try source.current(now: 0)
    file.content.withLock { $0 = nil }
    #expect(try source.current(now: 100 * second) == "one")
  }

  @Test func `falls back, or fails with the file's name`() throws {
    file.content.withLock { $0 = nil }
    #expect(try source(fallback: "f").current(now: 0) == "f")
    let error = #expect(throws: AccessError.self) { try source().current(now: 0) }
    #expect(error?.description == "no token: cannot read token: gone")
  }

  @Test func `a fixed token is never replaced`() throws {
    let source = TokenSource(.fixed("t"))
    #expect(try source.current(now: 0) == "t")
    #expect(try source.replace("t", now: 0) == false)
  }
}

@Suite struct ServiceAccountTests {
  private let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)

  private func access(_ environment: [String: String], _ files: [String: String]) throws -> ClusterAccess {
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    for (name, text) in files { try Data(text.utf8).write(to: directory.appendingPathComponent(name)) }
    return try ClusterAccess.inCluster(environment: { environment[$0] }, directory: directory.path)
  }

  private let pod = ["KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"]

  @Test func `is what the kubelet mounts`() throws {
    let found = try access(pod, ["ca.crt": "CA", "token": "t", "namespace": "kube-system\n"])
    #expect(found.server == ServerURL(host: "fd00::1", port: 443))
    #expect(found.trust == .authorities(Array("CA".utf8)))
    #expect(found.token == .file("\(directory.path)/token", fallback: nil))
    #expect(found.namespace == "kube-system")
  }

  @Test func `is missing outside a Pod, and without its files`() throws {
    let outside = #expect(throws: AccessError.self) { try access([:], [:]) }
    #expect(outside?.description.hasPrefix("this is no Pod") == true)
    let bare = #expect(throws: AccessError.self) { try access(pod, ["ca.crt": "CA"]) }
    #expect(bare?.description.contains("cannot read \(directory.path)/token") == true)
  }
}
