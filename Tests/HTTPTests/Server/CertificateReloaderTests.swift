import Foundation
import Logging
import TLS
import Testing

@testable import HTTP

@Suite("Certificate reloader", .timeLimit(.minutes(5)))
struct CertificateReloaderTests {
  /// A directory laid out like a mounted Secret: the files are links through `..data`, which is swapped.
  private final class Volume {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("volume-\(UUID().uuidString)")
      .path
    private let identity: ServerIdentity
    private var generation = 0

    init(_ identity: ServerIdentity) throws {
      self.identity = identity
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      try swap()
      for name in ["tls.crt", "tls.key"] {
        try FileManager.default.createSymbolicLink(
          atPath: "\(path)/\(name)", withDestinationPath: "..data/\(name)")
      }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var source: CertificateReloader.Source {
      CertificateReloader.Source(certificateFile: "\(path)/tls.crt", keyFile: "\(path)/tls.key")
    }

    /// Puts a new pair in place, as the kubelet does.
    func swap(_ change: (String) throws -> Void = { _ in }) throws {
      generation += 1
      let next = "\(path)/..generation-\(generation)"
      try FileManager.default.createDirectory(atPath: next, withIntermediateDirectories: true)
      _ = try identity.writePair(in: next)
      try change(next)
      try FileManager.default.createSymbolicLink(
        atPath: "\(path)/..data_tmp", withDestinationPath: "..generation-\(generation)")
      guard rename("\(path)/..data_tmp", "\(path)/..data") == 0 else { throw CocoaError(.fileWriteUnknown) }
    }
  }

  private struct Watched {
    let reloader: CertificateReloader
    let serials: AsyncStream<String>

    init(_ source: CertificateReloader.Source, interval: UInt64) throws {
      let (stream, continuation) = AsyncStream.makeStream(of: String.self)
      serials = stream
      reloader = try CertificateReloader(
        source, interval: interval, settleTime: 10 * millisecond,
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
      ) { continuation.yield($0.certificate.serial) }
    }

    func next() async -> String? {
      for await serial in serials { return serial }
      return nil
    }
  }

  @Test(arguments: [3_600_000 * millisecond, 5 * millisecond])
  func `follows a volume that is swapped, told by the kernel or by its own look`(_ interval: UInt64)
    async throws
  {
    let volume = try Volume(ServerIdentity())
    var serial = try volume.source.load().certificate.serial
    let watched = try Watched(volume.source, interval: interval)
    for _ in 0..<3 {
      try volume.swap()
      let next = await watched.next()
      #expect(try next == volume.source.load().certificate.serial)
      #expect(next != serial)
      serial = next ?? ""
    }
    #expect(watched.reloader.statistics == .init(replaced: 3, refused: 0))
    await watched.reloader.stop()
  }

  @Test func `keeps the old certificate when the new files are of no use`() async throws {
    let identity = try ServerIdentity()
    let volume = try Volume(identity)
    let watched = try Watched(volume.source, interval: 3_600_000 * millisecond)
    try volume.swap { directory in
      try Data("no key".utf8).write(to: URL(fileURLWithPath: "\(directory)/tls.key"))
    }
    while watched.reloader.statistics.refused == 0 { await Task.yield() }
    #expect(watched.reloader.statistics == .init(replaced: 0, refused: 1))
    try volume.swap()
    #expect(try await watched.next() == volume.source.load().certificate.serial)
    #expect(watched.reloader.statistics == .init(replaced: 1, refused: 1))
    await watched.reloader.stop()
  }
}
