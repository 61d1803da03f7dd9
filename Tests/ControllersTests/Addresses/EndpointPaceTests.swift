import Cluster
import IPAM
import JSON
import KubernetesAPI
import Testing

@testable import Controllers

@Suite(.timeLimit(.minutes(5))) struct `A writer of endpoints under load` {
  @Test func `writes a few at once, and then a few in a second`() async throws {
    let scene = try EndpointScene {
      $0.burst = 3
      $0.perSecond = 2
    }
    scene.start()
    for number in 0..<10 { try await scene.pod("p\(number)") }
    #expect(scene.writer.status.created == 3)
    scene.advance(seconds: 2)
    #expect(scene.writer.status.created == 7)
    scene.advance(seconds: 10)
    #expect(scene.writer.status == EndpointStatus(created: 10))
  }

  @Test func `drops what finds no room, counts it, and makes up for it`() async throws {
    let scene = try EndpointScene {
      $0.capacity = 4
      $0.burst = 1
      $0.perSecond = 1
    }
    for number in 0..<10 { try await scene.pod("p\(number)") }
    #expect(scene.writer.status == EndpointStatus(dropped: 6))
    scene.start()
    scene.advance(seconds: 30)
    #expect(try await scene.endpoints().count == 10)
    #expect(scene.writer.status == EndpointStatus(created: 10, dropped: 6))
  }

  @Test func `makes up for what happened while another replica had the Lease`() async throws {
    let scene = try EndpointScene()
    scene.start()
    try await scene.pod("a")
    try await scene.pod("b")
    scene.stop()
    try await scene.delete("a")
    let uid = try await scene.pod("c")
    #expect(try await scene.endpoints().keys.sorted() == ["a", "b"])
    scene.start()
    let endpoints = try await scene.endpoints()
    #expect(endpoints.keys.sorted() == ["b", "c"] && endpoints["c"] == uid)
  }

  @Test func `takes no news while it is off`() async throws {
    let scene = try EndpointScene {
      $0.isEnabled = false
      $0.capacity = 0
    }
    scene.start()
    try await scene.pod("web")
    scene.advance(seconds: 3600)
    #expect(try await scene.endpoints().isEmpty)
    #expect(scene.writer.status == EndpointStatus() && scene.plan.calls(of: .list) == 0)
  }

  @Test func `tries again what may pass, later each time`() async throws {
    let scene = try EndpointScene()
    scene.start()
    scene.plan.inject(.fail(.unavailable("no connection")), into: .create, times: 3)
    try await scene.pod("web")
    scene.advance(seconds: 6.9)
    #expect(try await scene.endpoint("web") == nil)
    scene.advance(seconds: 0.2)
    #expect(try await scene.endpoint("web") != nil)
    #expect(
      scene.writer.status
        == EndpointStatus(created: 1, failures: 3, lastFailure: .unavailable("no connection")))
  }

  @Test func `waits as long as the API server asks`() async throws {
    let scene = try EndpointScene()
    scene.start()
    scene.plan.inject(.fail(.tooManyRequests(retryAfter: .seconds(20))), into: .create)
    try await scene.pod("web")
    scene.advance(seconds: 19)
    #expect(try await scene.endpoint("web") == nil)
    scene.advance(seconds: 2)
    #expect(try await scene.endpoint("web") != nil)
  }

  @Test func `goes on with others when one is refused, and comes back to it`() async throws {
    let scene = try EndpointScene()
    scene.start()
    scene.plan.inject(.fail(.forbidden("no")), into: .create)
    try await scene.pod("a")
    try await scene.pod("b")
    #expect(try await scene.endpoints().keys.sorted() == ["b"])
    scene.advance(seconds: 301)
    #expect(try await scene.endpoints().keys.sorted() == ["a", "b"])
  }

  @Test func `does not mind that its own answer was lost`() async throws {
    let scene = try EndpointScene()
    scene.start()
    scene.plan.inject(.loseAnswer(.timeout("no answer")), into: .create)
    let uid = try await scene.pod("web")
    scene.advance(seconds: 10)
    #expect(try await scene.endpoints() == ["web": uid])
    #expect(scene.plan.calls(of: .patch) == 0)
  }

  @Test func `decides anew when another writes the endpoint at the same time`() async throws {
    let scene = try EndpointScene()
    try await scene.foreign("web", of: "old", finalizers: [])
    let gate = Gate()
    scene.plan.inject(.hold(gate), into: .patch)
    let uid = try await scene.pod("web")
    scene.start()
    let change: JSONValue = ["metadata": ["labels": ["a": "b"]]]
    _ = try await scene.base.patch(
      .spiderEndpoint, namespace: "default", name: "web", mergePatch: change.bytes)
    gate.open()
    scene.executor.runAll()
    let endpoint = try #require(try await scene.endpoint("web"))
    #expect(endpoint["status"]?["current"]?["uid"] == .string(uid))
    #expect(endpoint["metadata"]?["labels"] == ["a": "b"])
    #expect(scene.writer.status == EndpointStatus(replaced: 1) && scene.plan.calls(of: .patch) == 2)
  }

  @Test func `never makes the one with the news wait`() async throws {
    let scene = try EndpointScene { $0.capacity = 3 }
    let gate = Gate()
    scene.plan.inject(.hold(gate), into: .create)
    scene.start()
    for number in 0..<10 { try await scene.pod("p\(number)") }
    #expect(scene.writer.status == EndpointStatus(dropped: 6))
    gate.open()
    scene.executor.runAll()
    scene.advance(seconds: 10)
    #expect(try await scene.endpoints().count == 10)
  }
}

@Suite struct `A pacer` {
  @Test func `lets a burst pass after a rest, and no more than the pace allows`() {
    var pacer = Pacer(perSecond: 10, burst: 2)
    var now: UInt64 = 5_000_000_000
    #expect(pacer.next(at: now) == .zero)
    #expect(pacer.next(at: now) == .zero)
    #expect(pacer.next(at: now) == .milliseconds(100))
    now += 100_000_000
    #expect(pacer.next(at: now) == .milliseconds(100))
    now += 10_000_000_000
    #expect((0..<3).map { _ in pacer.next(at: now) } == [.zero, .zero, .milliseconds(100)])
  }
}
