import Cluster
import JSON
import KubernetesAPI
import Testing

@testable import Controllers

@Suite(.timeLimit(.minutes(5))) struct `An event` {
  @Test func `is written with all that kubectl shows`() async throws {
    let scene = try EventScene { $0.unique = { 0xabc } }
    scene.run()
    scene.record("PoolExhausted", "no free address", about: .pool("pool-a"))
    let event = try #require(try await scene.events().first)
    #expect(event["metadata"]?["name"] == "pool-a.0000000000000abc")
    #expect(event["metadata"]?["namespace"] == "default")
    let object: JSONValue = [
      "apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderIPPool", "name": "pool-a", "uid": "u",
    ]
    #expect(event["involvedObject"] == object)
    #expect(event["type"] == "Warning" && event["reason"] == "PoolExhausted")
    #expect(event["message"] == "no free address" && event["count"] == 1)
    #expect(event["firstTimestamp"] == "2026-01-02T03:04:05Z")
    #expect(event["lastTimestamp"] == "2026-01-02T03:04:05Z")
    #expect(event["source"] == ["component": "spiderpool-webhook"])
    #expect(event["reportingComponent"] == "spiderpool-webhook")
  }

  @Test func `lies beside an object in a namespace`() async throws {
    let scene = try EventScene()
    scene.run()
    let pod = ObjectReference(apiVersion: "v1", kind: "Pod", namespace: "team", name: "web-0", uid: "")
    scene.recorder.record(.normal, reason: "Allocated", message: "10.6.0.1", about: pod)
    scene.executor.runAll()
    let event = try #require(try await scene.events().first)
    #expect(event["metadata"]?["namespace"] == "team" && event["involvedObject"]?["namespace"] == "team")
    #expect(event["involvedObject"]?["uid"] == nil && event["type"] == "Normal")
  }

  @Test func `that happens again within some minutes is counted up`() async throws {
    let scene = try EventScene()
    scene.run()
    for _ in 0..<4 {
      scene.record("PoolExhausted")
      scene.advance(seconds: 599)
    }
    let event = try #require(try await scene.events().first)
    #expect(event["count"] == 4 && event["firstTimestamp"] == "2026-01-02T03:04:05Z")
    #expect(event["lastTimestamp"] == "2026-01-02T03:34:02Z")
    #expect(try await scene.events().count == 1)
    scene.advance(seconds: 1)
    scene.record("PoolExhausted")
    #expect(try await scene.events().compactMap { $0["count"]?.int }.sorted() == [1, 4])
    #expect(scene.recorder.status == EventStatus(recorded: 5, created: 2, counted: 3))
  }

  @Test func `that differs in object, reason, message or kind is another one`() async throws {
    let scene = try EventScene()
    scene.run()
    scene.record("A")
    scene.record("B")
    scene.record("A", "other")
    scene.record("A", about: .pool("b"))
    scene.recorder.record(.normal, reason: "A", message: "m", about: .pool("a"))
    scene.executor.runAll()
    #expect(try await scene.events().compactMap { $0["count"]?.int } == [1, 1, 1, 1, 1])
  }

  @Test func `that happens again while it waits is written once`() async throws {
    let scene = try EventScene()
    for _ in 0..<100 { scene.record("A") }
    scene.advance(seconds: 5)
    scene.record("A")
    scene.run()
    let event = try #require(try await scene.events().first)
    #expect(event["count"] == 101 && event["lastTimestamp"] == "2026-01-02T03:04:10Z")
    #expect(scene.plan.calls(of: .create) == 1 && scene.plan.calls(of: .patch) == 0)
  }

  @Test func `that is gone is written anew`() async throws {
    let scene = try EventScene()
    scene.run()
    scene.record("A")
    let name = try #require(try await scene.events().first?["metadata"]?["name"]?.string)
    try await scene.store.delete(.event, namespace: "default", name: name)
    scene.record("A")
    #expect(try await scene.events().compactMap { $0["count"]?.int } == [1])
    #expect(scene.recorder.status == EventStatus(recorded: 2, created: 2))
  }

  @Test func `has a message of 1024 bytes at most, in whole characters`() async throws {
    let scene = try EventScene()
    scene.run()
    scene.record("A", String(repeating: "x", count: 1024))
    scene.record("B", String(repeating: "x", count: 1023) + "é")
    scene.record("C", "x" + String(repeating: "😀", count: 300))
    let messages = try await scene.events().compactMap { event in
      event["message"]?.string.map { ("\(event["reason"]?.string ?? "")", $0.utf8.count) }
    }
    #expect(Dictionary(uniqueKeysWithValues: messages) == ["A": 1024, "B": 1023, "C": 1021])
  }

  @Test(arguments: [
    (String(repeating: "p", count: 253), String(repeating: "p", count: 236)),
    (String(repeating: "p", count: 235) + "-.p", String(repeating: "p", count: 235)), ("p", "p"),
  ])
  func `has a name that is no longer than names may be`(_ object: String, _ prefix: String) {
    let content = EventContent(.normal, reason: "A", message: "m", about: .pool(object))
    #expect(content.name(.max) == prefix + ".ffffffffffffffff")
  }
}
