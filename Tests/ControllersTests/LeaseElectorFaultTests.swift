import Cluster
import JSON
import KubernetesAPI
import Testing

@testable import Controllers

@Suite(.timeLimit(.minutes(5))) struct `A lease whose renewal goes wrong` {
  @Test(arguments: [
    ClusterError.unavailable("no connection"), .timeout("no answer"),
    .tooManyRequests(retryAfter: .seconds(1)),
    .conflict("somebody was faster"),
  ])
  func `is not lost before the renew deadline`(_ error: ClusterError) throws {
    let scene = try LeaseScene()
    let first = scene.start("a")
    _ = scene.start("b")
    // The renewals after 2, 4 and 6 seconds, the second tries after conflicts included.
    first.plan.inject(.fail(error), into: .update, times: error.isConflict ? 6 : 3)
    scene.advance(.seconds(60))
    #expect(scene.log.begun == ["a"] && first.elector.status.losses == 0)
    #expect(first.elector.status.conflicts + first.elector.status.failures == (error.isConflict ? 6 : 3))
    #expect(first.elector.status.lastFailure == error)
  }

  @Test func `is not lost with the answers`() throws {
    let scene = try LeaseScene()
    let first = scene.start("a")
    _ = scene.start("b")
    first.plan.inject(.loseAnswer(.timeout("no answer")), into: .update, times: 3)
    scene.advance(.seconds(60))
    #expect(scene.log.begun == ["a"] && first.elector.status.losses == 0)
  }

  @Test func `is got although the answer to the first write was lost`() throws {
    let scene = try LeaseScene()
    let first = scene.start("a")
    let second = scene.start("b")
    second.plan.inject(.loseAnswer(.timeout("no answer")), into: .update)
    scene.stop(first)
    scene.advance(.milliseconds(2_200))
    #expect(scene.log.running.isEmpty)
    #expect(try scene.lease()?["spec"]?["holderIdentity"] == "b")
    scene.advance(.milliseconds(2_200))
    #expect(scene.log.running == ["b"] && second.elector.status.acquisitions == 1)
  }

  @Test func `is given back by a replica that was cancelled before it knew that it held it`() throws {
    let scene = try LeaseScene()
    let first = scene.start("a")
    let second = scene.start("b")
    second.plan.inject(.loseAnswer(.timeout("no answer")), into: .update)
    scene.stop(first)
    scene.advance(.milliseconds(2_200))
    #expect(try scene.lease()?["spec"]?["holderIdentity"] == "b")
    scene.stop(second)
    #expect(scene.log.begun == ["a"] && scene.log.stopped == ["a", "b"])
    #expect(try scene.lease()?["spec"]?["holderIdentity"] == "")
  }

  @Test func `ends the work at the deadline although a request gets no answer`() throws {
    let scene = try LeaseScene()
    let first = scene.start("a")
    _ = scene.start("b")
    let gate = Gate()
    first.plan.inject(.hold(gate), into: .update, times: 1000)
    scene.advance(.milliseconds(9_999))
    #expect(scene.log.running == ["a"] && first.elector.isLeader)
    scene.advance(.milliseconds(1))
    #expect(scene.log.running.isEmpty && !first.elector.isLeader)
    scene.advance(.seconds(5))
    #expect(scene.log.running == ["b"])
    // What was given up comes too late, and to nothing.
    gate.open()
    scene.advance(.seconds(60))
    #expect(scene.log.running == ["b"] && scene.log.most == 1)
  }

  @Test func `is kept although one request gets no answer`() throws {
    let scene = try LeaseScene()
    let first = scene.start("a")
    let gate = Gate()
    first.plan.inject(.hold(gate), into: .update)
    scene.advance(.seconds(60))
    #expect(scene.log.begun == ["a"] && first.elector.status.losses == 0)
    guard case .timeout = first.elector.status.lastFailure else {
      Issue.record("\(String(describing: first.elector.status.lastFailure))")
      return
    }
    gate.open()
    scene.settle()
  }

  @Test func `is as old as the request that renewed it, not as its answer`() throws {
    let scene = try LeaseScene()
    let first = scene.start("a")
    scene.lag.duration = .seconds(4)
    scene.advance(.seconds(6))
    #expect(first.elector.status.renewals == 1)
    first.plan.inject(.fail(.unavailable("no connection")), into: .update, times: 1000)
    scene.advance(.milliseconds(5_999))
    #expect(scene.log.running == ["a"])
    scene.advance(.milliseconds(1))
    #expect(scene.log.running.isEmpty)
  }

  @Test func `is as old as the request that got it, too`() throws {
    let scene = try LeaseScene()
    scene.lag.duration = .seconds(4)
    // Read after 4 seconds, written then, and known to be written after 8.
    let first = scene.start("a")
    scene.advance(.seconds(8))
    #expect(scene.log.running == ["a"])
    first.plan.inject(.fail(.unavailable("no connection")), into: .update, times: 1000)
    scene.advance(.milliseconds(5_999))
    #expect(scene.log.running == ["a"])
    scene.advance(.milliseconds(1))
    #expect(scene.log.running.isEmpty)
  }

  @Test func `is not believed in by a process that was halted`() throws {
    let scene = try LeaseScene()
    let first = scene.start("a")
    scene.clock.move(to: scene.clock.now + 9_999_999_999)
    #expect(first.elector.isLeader)
    scene.clock.move(to: scene.clock.now + 1)
    #expect(!first.elector.isLeader && first.elector.status.isLeader)
    scene.settle()
    scene.advance(.seconds(1))
    #expect(scene.log.most == 1)
  }

  @Test func `does not hold up the end when it cannot be given back`() throws {
    let scene = try LeaseScene()
    let first = scene.start("a")
    let gate = Gate()
    first.plan.inject(.hold(gate), into: .update, times: 1000)
    first.plan.inject(.hold(gate), into: .get, times: 1000)
    scene.stop(first)
    #expect(scene.log.running.isEmpty && scene.log.stopped.isEmpty)
    scene.advance(.seconds(5))
    #expect(scene.log.stopped == ["a"] && first.elector.status.releases == 0)
    gate.open()
    scene.settle()
  }
}
