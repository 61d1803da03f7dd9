import Cluster
import KubernetesAPI
import TestSupport
import Testing

@testable import Controllers

/// A life of several replicas that a generator makes up.
private final class LeaseLife {
  let scene: LeaseScene
  private var random: SeededGenerator
  private var replicas: [Candidate] = []
  private var gates: [Gate] = []
  private var names = 0

  init(_ random: SeededGenerator) throws {
    scene = try LeaseScene()
    self.random = random
    scene.choose = { [unowned self] count in Int.random(in: 0..<count, using: &self.random) }
    for _ in 0..<3 { join() }
  }

  /// The work may go on for nearly as long as the rules let it.
  private func join() {
    names += 1
    let linger = Duration.milliseconds(Int.random(in: 0...4_900, using: &random))
    replicas.append(
      scene.start("r\(names)", skew: Int64.random(in: -100_000...100_000, using: &random), linger: linger))
  }

  private func fault() -> FaultPlan.Fault {
    switch Int.random(in: 0..<6, using: &random) {
    case 0: return .fail(.conflict("somebody was faster"))
    case 1: return .fail(.timeout("no answer"))
    case 2: return .fail(.unavailable("no connection"))
    case 3, 4: return .loseAnswer(.timeout("no answer"))
    default:
      let gate = Gate()
      gates.append(gate)
      return .hold(gate)
    }
  }

  /// Something happens, and some time passes.
  func step() {
    let index = Int.random(in: 0..<replicas.count, using: &random)
    switch Int.random(in: 0..<12, using: &random) {
    case 0..<6:
      let verb: FaultPlan.Verb = Bool.random(using: &random) ? .update : .get
      let times = Int.random(in: 0..<4, using: &random) == 0 ? 10 : 1
      replicas[index].plan.inject(fault(), into: verb, times: times)
    case 6..<10:
      if let gate = gates.popLast() { gate.open() }
      scene.settle()
    case 10:
      // A process ends in good order, and another one comes in its place.
      scene.stop(replicas.remove(at: index))
      join()
    default: scene.lag.duration = .milliseconds(Int.random(in: 0...4_000, using: &random))
    }
    scene.advance(.milliseconds(Int.random(in: 0...4_000, using: &random)))
  }

  /// Whether no two have ever worked at once, and none believes wrongly to be the leader.
  var isSound: Bool {
    let leaders = replicas.filter { $0.elector.isLeader }.map(\.name)
    return scene.log.most <= 1 && leaders.count <= 1
      && (leaders.isEmpty || scene.log.running.isEmpty || leaders == scene.log.running)
  }

  /// Nothing goes wrong any more.
  func heal() {
    for replica in replicas { replica.plan.clear() }
    while let gate = gates.popLast() { gate.open() }
    scene.lag.duration = .zero
    scene.advance(.seconds(60))
  }

  func end() {
    for replica in replicas { scene.stop(replica) }
    scene.advance(.seconds(60))
  }
}

@Suite(.timeLimit(.minutes(2))) struct `Replicas with one lease` {
  @Test func `never work at once, and one of them works in the end, whatever goes wrong`() throws {
    var seeds = SeededGenerator.announced()
    var changes = 0
    for _ in 0..<30 {
      let seed = seeds.next()
      let life = try LeaseLife(SeededGenerator(seed: seed))
      for step in 0..<150 {
        life.step()
        try #require(life.isSound, "seed \(seed), step \(step): \(life.scene.log.running)")
      }
      life.heal()
      try #require(life.isSound && life.scene.log.running.count == 1, "seed \(seed)")
      life.end()
      #expect(life.scene.log.running.isEmpty)
      changes += life.scene.log.begun.count
    }
    print("the lease was had \(changes) times")
    #expect(changes > 30 * 4)
  }
}
