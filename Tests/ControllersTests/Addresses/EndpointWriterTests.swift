import Admission
import Cluster
import IPAM
import JSON
import KubernetesAPI
import Testing

@testable import Controllers

@Suite(.timeLimit(.minutes(5))) struct `A writer of endpoints` {
  private static let finalizer: JSONValue = "spiderpool.spidernet.io"

  @Test func `tells what a Pod has, and whose it is`() async throws {
    let scene = try EndpointScene()
    scene.start()
    let uid = try await scene.pod(
      "web-7d9-x", owner: ("ReplicaSet", "web-7d9"),
      allocation: """
        [{"interface":"eth0","ipv4":"10.6.0.2/16","ipv4Pool":"a","ipv4Gateway":"10.6.0.1",\
        "ipv6":"fd00::2/64","ipv6Pool":"b","cleanGateway":true,"routes":[{"dst":"10.0.0.0/8","gw":"10.6.0.9"}]},\
        {"interface":"net1","ipv4":"10.7.0.2/16","ipv4Pool":"c"}]
        """)
    let endpoint = try #require(try await scene.endpoint("web-7d9-x"))
    #expect(
      endpoint["status"] == [
        "current": [
          "uid": .string(uid), "node": "n1",
          "ips": [
            [
              "interface": "eth0", "ipv4": "10.6.0.2/16", "ipv4Pool": "a", "ipv4Gateway": "10.6.0.1",
              "ipv6": "fd00::2/64", "ipv6Pool": "b", "cleanGateway": true,
              "routes": [["dst": "10.0.0.0/8", "gw": "10.6.0.9"]], "vlan": 0,
            ],
            ["interface": "net1", "ipv4": "10.7.0.2/16", "ipv4Pool": "c", "cleanGateway": false, "vlan": 0],
          ],
        ],
        "ownerControllerType": "ReplicaSet", "ownerControllerName": "web-7d9",
      ])
    #expect(endpoint["metadata"]?["finalizers"] == [Self.finalizer])
    #expect(
      endpoint["metadata"]?["ownerReferences"] == [
        ["apiVersion": "v1", "kind": "Pod", "name": "web-7d9-x", "uid": .string(uid)]
      ])
    #expect(scene.writer.status == EndpointStatus(created: 1))
  }

  @Test func `calls a Pod without a controller its own, and leaves a StatefulSet's endpoint to nobody`()
    async throws
  {
    let scene = try EndpointScene()
    scene.start()
    try await scene.pod("alone")
    try await scene.pod("db-0", owner: ("StatefulSet", "db"))
    let alone = try #require(try await scene.endpoint("alone"))
    #expect(
      alone["status"]?["ownerControllerType"] == "Pod" && alone["status"]?["ownerControllerName"] == "alone")
    let stateful = try #require(try await scene.endpoint("db-0"))
    #expect(stateful["metadata"]?["ownerReferences"] == nil)
    #expect(stateful["status"]?["ownerControllerName"] == "db")
  }

  @Test func `reads the annotations again that are not kept once they are recorded`() async throws {
    let scene = try EndpointScene()
    let uid = try await scene.pod("web")
    try scene.record("web", uid: uid)
    #expect(scene.book.sighting(at: PodKey(namespace: "default", name: "web"))?.addresses == nil)
    scene.start()
    let endpoint = try #require(try await scene.endpoint("web"))
    #expect(endpoint["status"]?["current"]?["ips"]?.array?.first?["ipv4"] == "10.6.0.2/16")
    #expect(endpoint["status"]?["ownerControllerName"] == "web" && scene.plan.calls(of: .get) == 1)
  }

  @Test func `writes once, when the Pod has its node`() async throws {
    let scene = try EndpointScene()
    scene.start()
    try await scene.pod("web", node: nil)
    #expect(try await scene.endpoint("web") == nil)
    for change: JSONValue in [["spec": ["nodeName": "n2"]], ["metadata": ["labels": ["a": "b"]]]] {
      _ = try await scene.base.patch(.pod, namespace: "default", name: "web", mergePatch: change.bytes)
      scene.executor.runAll()
    }
    #expect(try await scene.endpoint("web")?["status"]?["current"]?["node"] == "n2")
    scene.advance(seconds: 3600)
    #expect(scene.plan.calls(of: .create) == 1 && scene.plan.calls(of: .patch) == 0)
  }

  @Test func `writes none for a Pod without addresses, or with what cannot be read`() async throws {
    let scene = try EndpointScene()
    scene.start()
    try await scene.pod("other", allocation: nil)
    try await scene.pod("torn", allocation: "[{}]")
    scene.advance(seconds: 3600)
    #expect(try await scene.endpoints().isEmpty)
    #expect(scene.writer.status == EndpointStatus())
  }

  @Test func `deletes the endpoint of a Pod that is gone, its finalizer first`() async throws {
    let scene = try EndpointScene()
    scene.start()
    try await scene.pod("web")
    try await scene.delete("web")
    #expect(try await scene.endpoint("web") == nil)
    #expect(scene.plan.calls(of: .patch) == 1 && scene.plan.calls(of: .delete) == 1)
    #expect(scene.writer.status == EndpointStatus(created: 1, removed: 1))
  }

  @Test func `lets an endpoint go that is being deleted with its Pod`() async throws {
    let scene = try EndpointScene()
    scene.start()
    try await scene.pod("web")
    try await scene.base.delete(.spiderEndpoint, namespace: "default", name: "web")
    scene.advance(seconds: 301)
    #expect(try await scene.endpoint("web")?["metadata"]?["deletionTimestamp"] != nil)
    try await scene.delete("web")
    #expect(try await scene.endpoint("web") == nil)
    #expect(scene.plan.calls(of: .delete) == 0)
  }

  @Test func `leaves the finalizers of others alone`() async throws {
    let scene = try EndpointScene()
    try await scene.foreign("web", of: "gone", finalizers: [Self.finalizer, "other"])
    scene.start()
    let endpoint = try #require(try await scene.endpoint("web"))
    #expect(endpoint["metadata"]?["finalizers"] == ["other"])
    #expect(endpoint["metadata"]?["deletionTimestamp"] != nil)
    scene.advance(seconds: 3600)
    #expect(scene.writer.status == EndpointStatus(removed: 1))
  }

  @Test func `keeps the endpoint as long as the addresses are kept for the next Pod`() async throws {
    let scene = try EndpointScene()
    scene.start()
    let uid = try await scene.pod("db-0", owner: ("StatefulSet", "db"))
    try scene.record("db-0", uid: uid)
    try await scene.delete("db-0")
    #expect(try await scene.endpoints() == ["db-0": uid])
    let next = try await scene.pod("db-0", node: nil, owner: ("StatefulSet", "db"))
    try scene.record("db-0", uid: next)
    scene.advance(seconds: 301)
    #expect(try await scene.endpoints() == ["db-0": uid])
    let placed: JSONValue = ["spec": ["nodeName": "n3"]]
    _ = try await scene.base.patch(.pod, namespace: "default", name: "db-0", mergePatch: placed.bytes)
    scene.executor.runAll()
    #expect(try await scene.endpoints() == ["db-0": next])
    #expect(try await scene.endpoint("db-0")?["status"]?["current"]?["node"] == "n3")
    scene.book.removePool("a")
    try await scene.delete("db-0")
    #expect(try await scene.endpoints().isEmpty)
    #expect(scene.writer.status == EndpointStatus(created: 1, replaced: 1, removed: 1))
  }

  @Test func `writes over what an earlier Pod of the name has left`() async throws {
    let scene = try EndpointScene()
    try await scene.foreign("web", of: "old", finalizers: ["other"])
    let uid = try await scene.pod("web")
    scene.start()
    let endpoint = try #require(try await scene.endpoint("web"))
    #expect(endpoint["metadata"]?["finalizers"] == ["other", Self.finalizer])
    #expect(endpoint["metadata"]?["ownerReferences"]?.array?.first?["uid"] == .string(uid))
    #expect(endpoint["status"]?["current"]?["ips"]?.array?.first?["interface"] == "eth0")
  }

  @Test func `makes a new one of what an earlier Pod has left and is being deleted`() async throws {
    let scene = try EndpointScene()
    try await scene.foreign("web", of: "old", finalizers: [Self.finalizer])
    try await scene.base.delete(.spiderEndpoint, namespace: "default", name: "web")
    let uid = try await scene.pod("web")
    scene.start()
    #expect(try await scene.endpoints() == ["web": uid])
    #expect(try await scene.endpoint("web")?["metadata"]?["deletionTimestamp"] == nil)
    #expect(scene.writer.status == EndpointStatus(created: 1))
  }

  @Test func `touches no endpoint of a live Pod that it did not write`() async throws {
    let scene = try EndpointScene()
    let uid = try await scene.pod("other", allocation: nil)
    try await scene.foreign("other", of: uid, finalizers: [Self.finalizer])
    scene.start()
    scene.advance(seconds: 3600)
    #expect(try await scene.endpoints() == ["other": uid])
    #expect(scene.plan.calls(of: .patch) == 0 && scene.plan.calls(of: .get) == 0)
  }

  @Test func `removes nothing whose Pod it has only not heard of`() async throws {
    let scene = try EndpointScene()
    let uid = try await scene.pod("web", allocation: nil)
    try await scene.foreign("web", of: uid, finalizers: [Self.finalizer])
    _ = scene.book.forget(PodKey(namespace: "default", name: "web"))
    scene.start()
    #expect(try await scene.endpoints() == ["web": uid])
    #expect(scene.plan.calls(of: .get) == 2 && scene.writer.status == EndpointStatus())
  }
}
