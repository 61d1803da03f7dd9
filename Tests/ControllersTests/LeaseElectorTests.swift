import Cluster
import JSON
import KubernetesAPI
import Testing

@testable import Controllers

@Suite(.timeLimit(.minutes(5))) struct `A lease` {
  @Test func `is had by the first one, and the second waits as long as it is renewed`() throws {
    let scene = try LeaseScene()
    let first = scene.start("a")
    let second = scene.start("b")
    #expect(scene.log.running == ["a"])
    #expect(first.elector.isLeader && !second.elector.isLeader)
    scene.advance(.seconds(61))
    #expect(scene.log.begun == ["a"] && scene.log.running == ["a"])
    #expect(first.elector.status.renewals == 30)
    #expect(second.elector.status.holder == "a")
    #expect(second.plan.calls(of: .update) == 0)
  }

  @Test func `is written as the API server has it`() throws {
    let scene = try LeaseScene()
    _ = scene.start("a")
    let spec: JSONValue = [
      "holderIdentity": "a", "leaseDurationSeconds": 15, "leaseTransitions": 0,
      "acquireTime": "2026-01-02T03:04:05.678901Z", "renewTime": "2026-01-02T03:04:05.678901Z",
    ]
    #expect(try scene.lease()?["spec"] == spec)
    scene.advance(.seconds(2))
    let renewed = try scene.lease()?["spec"]
    #expect(renewed?["renewTime"] == "2026-01-02T03:04:07.678901Z")
    #expect(renewed?["acquireTime"] == "2026-01-02T03:04:05.678901Z" && renewed?["leaseTransitions"] == 0)
  }

  @Test(arguments: [0, 86_400, -86_400])
  func `is taken over when it was not renewed for its duration, whatever other clocks say`(_ skew: Int64)
    throws
  {
    let scene = try LeaseScene()
    let first = scene.start("a")
    let second = scene.start("b", skew: skew)
    first.plan.inject(.fail(.unavailable("no connection")), into: .update, times: 1000)
    scene.advance(.milliseconds(9_999))
    #expect(scene.log.running == ["a"])
    scene.advance(.milliseconds(1))
    #expect(scene.log.running.isEmpty && !first.elector.isLeader)
    scene.advance(.milliseconds(4_999))
    #expect(scene.log.running.isEmpty)
    scene.advance(.milliseconds(1))
    #expect(scene.log.running == ["b"] && second.elector.isLeader)
    #expect(try scene.lease()?["spec"]?["leaseTransitions"] == 1)
    scene.advance(.seconds(60))
    #expect(scene.log.begun == ["a", "b"])
    #expect(first.elector.status.losses == 1 && first.elector.status.holder == "b")
  }

  @Test func `is waited for as long as its holder was promised`() throws {
    let scene = try LeaseScene()
    let spec: JSONValue = ["holderIdentity": "other", "leaseDurationSeconds": 60, "renewTime": .null]
    let lease: JSONValue = [
      "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": ["name": "leader"], "spec": spec,
    ]
    _ = try scene.perform { try await $0.create(.lease, namespace: "spiderpool", json: lease.bytes) }
    _ = scene.start("a")
    scene.advance(.milliseconds(59_999))
    #expect(scene.log.running.isEmpty)
    scene.advance(.milliseconds(1))
    #expect(scene.log.running == ["a"])
  }

  @Test func `is lost to a foreign write, and not taken back before that has expired`() throws {
    let scene = try LeaseScene()
    let first = scene.start("a")
    scene.advance(.seconds(1))
    try scene.interfere(["spec": ["holderIdentity": "foreign"]])
    scene.advance(.seconds(1))
    #expect(scene.log.running.isEmpty && !first.elector.isLeader)
    #expect(first.elector.status.holder == "foreign" && first.elector.status.losses == 1)
    scene.advance(.milliseconds(14_999))
    #expect(scene.log.running.isEmpty)
    scene.advance(.milliseconds(1))
    #expect(scene.log.running == ["a"])
  }

  @Test func `is lost when it is deleted or emptied, and can be had again`() throws {
    let scene = try LeaseScene()
    let first = scene.start("a")
    try scene.interfere(["spec": ["holderIdentity": ""]])
    scene.advance(.seconds(2))
    #expect(first.elector.status.losses == 1 && scene.log.begun == ["a", "a"])
    _ = try scene.perform { try await $0.delete(.lease, namespace: "spiderpool", name: "leader") }
    scene.advance(.seconds(2))
    #expect(first.elector.status.losses == 2 && scene.log.begun == ["a", "a", "a"])
    #expect(scene.log.most == 1)
  }

  @Test func `is given back on cancellation, and the next one has it at its next look`() throws {
    let scene = try LeaseScene()
    let first = scene.start("a")
    _ = scene.start("b")
    scene.advance(.seconds(7))
    scene.stop(first)
    #expect(scene.log.stopped == ["a"] && scene.log.running.isEmpty)
    #expect(first.elector.status.releases == 1)
    #expect(try scene.lease()?["spec"]?["holderIdentity"] == "")
    scene.advance(.milliseconds(2_200))
    #expect(scene.log.running == ["b"])
    #expect(try scene.lease()?["spec"]?["leaseTransitions"] == 1)
  }

  @Test func `is kept until the work has ended, when the holder is cancelled`() throws {
    let scene = try LeaseScene()
    let first = scene.start("a", linger: .seconds(40))
    _ = scene.start("b")
    scene.stop(first)
    scene.advance(.milliseconds(39_999))
    #expect(scene.log.running == ["a"] && scene.log.begun == ["a"] && first.elector.isLeader)
    scene.advance(.milliseconds(2_201))
    #expect(scene.log.stopped == ["a"] && scene.log.running == ["b"])
  }

  @Test func `is not campaigned for again before the work has ended`() throws {
    let scene = try LeaseScene()
    _ = scene.start("a", linger: .seconds(40))
    try scene.interfere(["spec": ["holderIdentity": "foreign"]])
    scene.advance(.seconds(2))
    try scene.interfere(["spec": ["holderIdentity": ""]])
    scene.advance(.milliseconds(39_999))
    #expect(scene.log.begun == ["a"] && scene.log.running == ["a"])
    #expect(try scene.lease()?["spec"]?["holderIdentity"] == "")
    scene.advance(.milliseconds(1))
    #expect(scene.log.begun == ["a", "a"] && scene.log.most == 1)
  }

  @Test func `is given back when the work ends by itself`() throws {
    let scene = try LeaseScene()
    let first = scene.start("a", work: {})
    #expect(scene.log.stopped == ["a"] && scene.log.begun == ["a"])
    #expect(first.elector.status.releases == 1 && first.elector.status.losses == 0)
    #expect(try scene.lease()?["spec"]?["holderIdentity"] == "")
  }

  @Test func `is left alone by a replica that is cancelled while it waits`() throws {
    let scene = try LeaseScene()
    _ = scene.start("a")
    let second = scene.start("b")
    scene.advance(.seconds(1))
    scene.stop(second)
    #expect(scene.log.stopped == ["b"] && scene.log.running == ["a"])
    #expect(second.plan.calls(of: .update) == 0 && second.plan.calls(of: .get) == 1)
  }

  @Test func `keeps what others put into it`() throws {
    let scene = try LeaseScene()
    let first = scene.start("a")
    try scene.interfere(["metadata": ["labels": ["team": "net"]]])
    scene.advance(.seconds(10))
    #expect(first.elector.status.losses == 0 && first.elector.status.conflicts == 1)
    scene.stop(first)
    #expect(try scene.lease()?["metadata"]?["labels"] == ["team": "net"])
  }
}
