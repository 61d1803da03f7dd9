import Foundation
import IPAM
import Testing

@Suite struct LedgerModelTests {
  #if DEBUG
    static let steps = 50_000
  #else
    static let steps = 1_000_000
  #endif

  /// `LEDGER_SEED` repeats a run.
  @Test func `does what a naive ledger does, whatever happens`() {
    let given = ProcessInfo.processInfo.environment["LEDGER_SEED"].flatMap { UInt64($0) }
    let seed = given ?? UInt64.random(in: 0...(.max))
    print("LEDGER_SEED=\(seed)")
    var pair = LedgerPair(seed: seed)
    for pool in LedgerPair.pools.dropLast() {
      pair.ledger.define(pool, givable: LedgerPair.all(pool), state: .open)
      pair.naive.define(pool, LedgerPair.all(pool), .open)
    }
    for number in 0..<Self.steps {
      var difference = pair.happen() ?? pair.difference(of: LedgerPair.pools[number % LedgerPair.pools.count])
      if difference == nil, number % 50 == 0 { difference = pair.difference() }
      if let difference {
        Issue.record("seed \(seed), step \(number): after \(pair.step): \(difference)")
        return
      }
    }
    print(pair.outcomes.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" })
    for kind in Self.outcomes { #expect(pair.outcomes[kind, default: 0] > 0, "seed \(seed): never \(kind)") }
  }

  /// What a run has to come across to be worth its time.
  static let outcomes = [
    "granted 1", "granted 2", "granted 3", "granted again", "unknownPool", "terminating", "disabled", "full",
    "ownerLimit", "adopted true", "adopted false", "bound", "taken", "earlierPod", "reservedByOther",
    "notGivable",
    "lost", "move pending",
  ]
}
