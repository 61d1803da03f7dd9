import Foundation
import TLS
import Testing

@testable import HTTP

/// Clients that were written by others. They come with Debian's packages `curl` and `nghttp2-client`.
@Suite("Other people's clients", .timeLimit(.minutes(2)))
struct OtherClientsTests {
  private struct Outcome: Sendable {
    var status: Int32
    var output: Data

    var text: String { String(decoding: output, as: UTF8.self) }
  }

  private func run(_ program: String, _ arguments: [String]) async throws -> Outcome {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/\(program)")
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    // On a thread of its own: it blocks, and the threads that tests share are few.
    return try await withCheckedThrowingContinuation { continuation in
      Thread {
        continuation.resume(
          with: Result {
            let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            return Outcome(status: process.terminationStatus, output: output)
          })
      }.start()
    }
  }

  /// A server, and a directory with its authority's certificate and a body to send.
  private func withServer(_ body: (TestServer, URL) async throws -> Void) async throws {
    let identity = try ServerIdentity()
    let test = try await TestServer(tls: identity.makeServer(), loops: 2)
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
      "clients-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    try Data(identity.authority.pair.certificate).write(to: directory.appendingPathComponent("ca.crt"))
    try await body(test, directory)
    await test.server.drain(timeout: 1_000 * millisecond)
    #expect(test.server.statistics.open == 0)
  }

  @Test(arguments: [
    ["--http1.1"], ["--http2"], ["--http1.1", "--no-alpn"], ["--http1.1", "--tls-max", "1.2"],
  ])
  func `curl gets back what it sends, small and large`(_ options: [String]) async throws {
    try await withServer { test, directory in
      for size in [1, 100_000, 5 << 20] {
        let file = directory.appendingPathComponent("body")
        let piece = Data((0..<min(size, 10_007)).map { UInt8(truncatingIfNeeded: $0 &* 7) })
        var body = Data()
        while body.count < size { body += piece.prefix(size - body.count) }
        try body.write(to: file)
        let outcome = try await run(
          "curl",
          options + [
            "--silent", "--fail", "--cacert", directory.appendingPathComponent("ca.crt").path,
            "--data-binary",
            "@\(file.path)", "https://localhost:\(test.port)/echo",
          ])
        #expect(outcome.status == 0)
        #expect(outcome.output == body)
      }
      let version: HTTPVersion = options == ["--http2"] ? .http2 : .http1_1
      #expect(test.server.statistics.requests[version] == 3)
      #expect(test.server.statistics.handshakes[options.contains("1.2") ? .tls1_2 : .tls1_3] == 3)
    }
  }

  @Test(arguments: [["--h1", "-c", "10"], ["-c", "5", "-m", "20"]])
  func `h2load has every request answered, at once or later`(_ options: [String]) async throws {
    try await withServer { test, directory in
      for path in ["echo", "later"] {
        let outcome = try await run(
          "h2load",
          options + [
            "-n", "2000", "-d", directory.appendingPathComponent("ca.crt").path,
            "https://localhost:\(test.port)/\(path)",
          ])
        #expect(outcome.text.contains("2000 succeeded, 0 failed, 0 errored, 0 timeout"))
      }
      #expect(test.server.statistics.allRequests == 4_000)
      #expect(test.server.statistics.refusals.values.allSatisfy { $0 == 0 })
    }
  }

  @Test func `nghttp ends in good order`() async throws {
    try await withServer { test, directory in
      let url = "https://localhost:\(test.port)/echo"
      let body = directory.appendingPathComponent("ca.crt")
      let outcome = try await run("nghttp", ["-d", body.path, url])
      #expect(outcome.status == 0)
      #expect(try outcome.output == Data(contentsOf: body))
    }
  }
}
