import Foundation
import Glibc
import Testing

@testable import Transport

/// In processes of their own, because they count descriptors.
@Suite("Descriptors", .timeLimit(.minutes(2)))
struct DescriptorTests {
  @Test func `leaves none behind after thousands of connections`() async {
    await #expect(processExitsWith: .success) {
      let identity = try TestIdentity()
      // Whatever is opened once and kept is open now.
      try await Self.openAndClose(10, identity)
      let before = Self.openDescriptors()
      try await Self.openAndClose(3_000, identity)
      #expect(Self.openDescriptors() == before)
    }
  }

  @Test func `closes connections it has no descriptor for, and goes on`() async {
    await #expect(processExitsWith: .success) {
      let server = try await EchoServer()
      let held = try RawPeer(port: server.port)
      let turnedAway = (0..<5).map { _ in RawPeer() }
      #expect(await server.next(1) == [.opened])

      let filling = Self.takeAllDescriptors()
      for peer in turnedAway {
        try peer.connect(server.port)
        // Told at once instead of being left to wait.
        #expect(try peer.receive().isEmpty)
      }
      try held.send("still here")
      #expect(try held.receive(10) == Array("still here".utf8))

      for number in filling { close(number) }
      let late = try RawPeer(port: server.port)
      try late.send("me too")
      #expect(try late.receive(6) == Array("me too".utf8))
      await server.stop()
    }
  }

  /// Leaves this process without a descriptor to be had; returns those taken.
  private static func takeAllDescriptors() -> [Int32] {
    var limit = rlimit(rlim_cur: 256, rlim_max: 256)
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    var taken: [Int32] = []
    while true {
      let number = open("/dev/null", O_RDONLY)
      if number < 0 { return taken }
      taken.append(number)
    }
  }

  private static func openAndClose(_ count: Int, _ identity: TestIdentity) async throws {
    let server = try await EchoServer(tls: identity.server)
    let client = try EventLoop(name: "client")
    for start in stride(from: 0, to: count, by: 50) {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in start..<min(count, start + 50) {
          group.addTask {
            // One in ten goes without a handshake.
            if number % 10 == 0 {
              let peer = try RawPeer(port: server.port)
              peer.reset()
              return
            }
            let bytes = pattern(100)
            let back = try await CollectingClient.exchange(
              bytes, port: server.port, loop: client, tls: identity.client)
            #expect(back == bytes)
          }
        }
        try await group.waitForAll()
      }
    }
    for loop in [client, server.loop] {
      loop.stop()
      await loop.stopped()
    }
  }

  private static func openDescriptors() -> Int {
    (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? -1
  }
}
