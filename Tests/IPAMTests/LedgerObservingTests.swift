import Addressing
import IPAM
import Testing

@Suite struct ObserveTests {
  private func world() throws -> LedgerWorld {
    let world = LedgerWorld()
    try world.pool("p", "10.0.0.1-10.0.0.9")
    return world
  }

  @Test func `saves what the status holds, and leaves what it does not hold yet`() throws {
    let world = try world()
    try world.bind(1, "p", "10.0.0.1")
    try world.bind(2, "p", "10.0.0.2", to: "web-1", "b")
    #expect(world.observe("p", try record("10.0.0.1")) == [])
    #expect(world.stored("p") == ["10.0.0.1 web-0 a", "10.0.0.2 web-1 b"])
    #expect(world.hasChanges("p"))
    var saved: [String: Bool] = [:]
    world.ledger.forEachRecord { _, record, _, isSaved, _ in saved[record.address.description] = isSaved }
    #expect(saved == ["10.0.0.1": true, "10.0.0.2": false])
    #expect(world.observe("p") == [])
    #expect(world.stored("p") == ["10.0.0.2 web-1 b"])
  }

  @Test func `returns a binding whose address went to another, and drops a reservation that has it`() throws {
    let world = try world()
    try world.bind(1, "p", "10.0.0.1")
    _ = try world.reserve(2, from: ["p"], ["p"])
    let others = [try record("10.0.0.1", "db-0", "x"), try record("10.0.0.3", "db-1", "y")]
    let lost = world.ledger.observe("p", others, now: 0)
    #expect(
      lost == [
        LostBinding(
          pool: "p", address: try IPAddress("10.0.0.1"), pod: LedgerWorld.pod("web-0"), uid: PodUID("a"),
          holder: others[0])
      ])
    #expect(world.ledger.reservation(ReservationID(2)) == nil)
    #expect(world.ledger.counts(of: "p") == PoolCounts(total: 9, recorded: 2, unconfirmed: 2, reserved: 0))
    #expect(world.ledger.records(toStore: "p") == others)
    #expect(world.ledger.records(of: PodUID("a")).isEmpty)
  }

  @Test func `gives a released address to nobody until the status is without it`() throws {
    let world = LedgerWorld(cooling: 0)
    try world.pool("p", "10.0.0.1")
    _ = world.observe("p", try record("10.0.0.1"))
    #expect(try !world.release("p", "10.0.0.1", "b"))
    #expect(try world.release("p", "10.0.0.1"))
    #expect(world.stored("p") == [])
    #expect(world.hasChanges("p"))
    _ = world.observe("p", try record("10.0.0.1"))
    #expect(shortage { () throws(Shortage) in try world.reserve(1, from: ["p"]) } != nil)
    _ = world.observe("p")
    #expect(try world.reserve(1, from: ["p"]) == ["10.0.0.1"])
  }

  @Test func `drops a binding that was released before it was stored`() throws {
    let world = try world()
    try world.bind(1, "p", "10.0.0.1")
    #expect(try world.release("p", "10.0.0.1"))
    #expect(world.observe("p") == [])
    #expect(world.ledger.counts(of: "p")?.recorded == 0)
    #expect(!world.hasChanges("p"))
  }

  @Test func `keeps records outside what the pool gives, and of the other family`() throws {
    let world = try world()
    let records = [
      try record("10.0.0.1"), try record("10.0.0.9", "web-1", "b"), try record("fd00::1", "web-2", "c"),
    ]
    #expect(world.ledger.observe("p", records, now: 0) == [])
    try world.pool("p", "10.0.0.1-10.0.0.2")
    #expect(world.ledger.records(toStore: "p") == records)
    #expect(world.ledger.counts(of: "p") == PoolCounts(total: 2, recorded: 3, unconfirmed: 3, reserved: 0))
    #expect(try world.reserve(1, from: ["p"]) == ["10.0.0.2"])
    #expect(shortage { () throws(Shortage) in try world.reserve(2, from: ["p"]) } != nil)
    #expect(world.ledger.checkInvariants() == [])
  }

  @Test func `takes in a status before its pool is defined`() throws {
    let world = LedgerWorld()
    _ = world.observe("p", try record("10.0.0.1"))
    #expect(shortage { () throws(Shortage) in try world.reserve(1, from: ["p"]) }?.reasons == [.unknownPool])
    try world.pool("p", "10.0.0.1-10.0.0.2")
    #expect(try world.reserve(1, from: ["p"]) == ["10.0.0.2"])
  }
}
