import IPAM
import TestSupport
import Testing

@Suite struct LedgerModelTests {
  #if DEBUG
    static let steps = 50_000
  #else
    static let steps = 1_000_000
  #endif

  @Test func `does what a naive ledger does, whatever happens`() {
    var seeds = SeededGenerator.announced()
    let seed = seeds.next()
    var pair = LedgerPair(seed: seed)
    for pool in LedgerPair.pools.dropLast() {
      pair.ledger.define(pool, givable: LedgerPair.all(pool), state: .open)
      pair.naive.define(pool, LedgerPair.all(pool), .open)
    }
    for number in 0..<Self.steps {
      var difference = pair.happen() ?? pair.difference(of: LedgerPair.pools[number % LedgerPair.pools.count])
      if difference == nil, number % 50 == 0 { difference = pair.difference() }
      if let difference {
        Issue.record("step \(number): after \(pair.step): \(difference)")
        return
      }
    }
    print(pair.outcomes.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" })
    for kind in Self.outcomes { #expect(pair.outcomes[kind, default: 0] > 0, "never \(kind)") }
  }

  /// What a run has to come across to be worth its time.
  static let outcomes = [
    "granted 1", "granted 2", "granted 3", "granted again", "unknownPool", "terminating", "disabled", "full",
    "ownerLimit", "adopted true", "adopted false", "bound", "taken", "earlierPod", "unseenPod",
    "reservedByOther",
    "notGivable",
    "lost", "move pending",
  ]
}
