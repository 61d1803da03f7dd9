import Cluster
import JSON
import KubernetesAPI
import Testing

@testable import Controllers

@Suite(.timeLimit(.minutes(5))) struct `An event recorder` {
  @Test func `drops what finds no room, and counts it`() async throws {
    let scene = try EventScene { $0.capacity = 3 }
    for number in 0..<5 { scene.record("R\(number)") }
    scene.record("R0")
    #expect(scene.recorder.status == EventStatus(recorded: 6, dropped: 2))
    scene.run()
    #expect(try await scene.events().count == 3)
    scene.record("R4")
    #expect(try await scene.events().count == 4)
  }

  @Test func `never makes its caller wait`() async throws {
    let scene = try EventScene { $0.capacity = 10 }
    let gate = Gate()
    scene.plan.inject(.hold(gate), into: .create)
    scene.run()
    for number in 0..<20 { scene.record("R\(number)") }
    #expect(scene.recorder.status == EventStatus(recorded: 20, dropped: 9))
    #expect(try await scene.events().isEmpty)
    gate.open()
    scene.executor.runAll()
    #expect(try await scene.events().count == 11)
  }

  @Test func `tries again while the API server is away, a few times`() async throws {
    let scene = try EventScene()
    scene.run()
    scene.plan.inject(.fail(.unavailable("no connection")), into: .create, times: 2)
    scene.record("A")
    #expect(try await scene.events().isEmpty)
    scene.advance(seconds: 3)
    #expect(try await scene.events().count == 1)

    scene.plan.inject(.fail(.unavailable("no connection")), into: .create, times: 3)
    scene.record("B")
    scene.record("C")
    scene.advance(seconds: 60)
    #expect(try await scene.events().compactMap { $0["reason"]?.string }.sorted() == ["A", "C"])
    let expected = EventStatus(
      recorded: 3, created: 2, failures: 1, lastFailure: .unavailable("no connection"))
    #expect(scene.recorder.status == expected)
  }

  @Test func `does not write an event twice whose answer was lost`() async throws {
    let scene = try EventScene()
    scene.run()
    scene.plan.inject(.loseAnswer(.timeout("no answer")), into: .create)
    scene.record("A")
    scene.advance(seconds: 1)
    #expect(try await scene.events().count == 1)
    #expect(scene.recorder.status == EventStatus(recorded: 1, created: 1))
  }

  @Test func `gives up at once what is refused`() async throws {
    let scene = try EventScene()
    scene.run()
    scene.plan.inject(.fail(.forbidden("no")), into: .create)
    scene.record("A")
    scene.record("B")
    #expect(try await scene.events().compactMap { $0["reason"]?.string } == ["B"])
    #expect(scene.recorder.status.failures == 1 && scene.plan.calls(of: .create) == 2)
  }

  @Test func `makes up for a count that was not written`() async throws {
    let scene = try EventScene()
    scene.run()
    scene.record("A")
    scene.plan.inject(.fail(.forbidden("no")), into: .patch)
    scene.record("A")
    scene.record("A")
    #expect(try await scene.events().compactMap { $0["count"]?.int } == [3])
  }

  @Test func `remembers no more than it may`() async throws {
    let scene = try EventScene { $0.remembered = 2 }
    scene.run()
    for reason in ["A", "B", "C", "B", "C", "A"] {
      scene.record(reason)
      scene.advance(seconds: 1)
    }
    #expect(scene.recorder.status == EventStatus(recorded: 6, created: 4, counted: 2))
  }

  @Test func `ends when it is cancelled, and counts what it leaves`() async throws {
    let scene = try EventScene()
    let gate = Gate()
    scene.plan.inject(.hold(gate), into: .create)
    scene.run()
    for reason in ["A", "B", "C"] { scene.record(reason) }
    scene.stop()
    gate.open()
    scene.executor.runAll()
    #expect(scene.recorder.status == EventStatus(recorded: 3, created: 1, dropped: 2))
    #expect(scene.isStopped)
    let idle = try EventScene()
    idle.run()
    #expect(!idle.isStopped)
    idle.stop()
    #expect(idle.isStopped)
  }
}
