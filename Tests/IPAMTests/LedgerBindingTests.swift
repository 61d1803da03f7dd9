import Addressing
import IPAM
import Testing

@Suite struct BindTests {
  private func world() throws -> LedgerWorld {
    let world = LedgerWorld()
    try world.pool("p", "10.0.0.1-10.0.0.9")
    return world
  }

  @Test func `makes a record of a reservation, and ends it`() throws {
    let world = try world()
    _ = try world.reserve(1, from: ["p"])
    try world.bind(1, "p", "10.0.0.1")
    #expect(world.ledger.reservation(ReservationID(1)) == nil)
    #expect(world.stored("p") == ["10.0.0.1 web-0 a"])
    #expect(world.hasChanges("p"))
    #expect(world.ledger.counts(of: "p") == PoolCounts(total: 9, recorded: 1, unconfirmed: 1, reserved: 0))
    try world.bind(1, "p", "10.0.0.1")
    #expect(world.ledger.counts(of: "p")?.recorded == 1)
  }

  @Test func `frees what a reservation held and was not bound`() throws {
    let world = try world()
    _ = try world.reserve(1, from: ["p"], ["p"])
    try world.bind(1, "p", "10.0.0.2")
    #expect(world.ledger.counts(of: "p")?.reserved == 0)
    #expect(try world.reserve(2, from: ["p"]) == ["10.0.0.1"])
  }

  @Test func `binds all or none`() throws {
    let world = try world()
    _ = try world.reserve(1, from: ["p"])
    _ = try world.reserve(2, from: ["p"])
    let grants = try world.grants("p", "10.0.0.2") + world.grants("p", "10.0.0.1")
    let found = try refusal {
      try world.ledger.bind(
        ReservationID(2), grants, to: LedgerWorld.pod("web-0"), uid: PodUID("a"), owner: world.owner,
        gone: [], now: 0)
    }
    #expect(found == .reservedByOther(pool: "p", try IPAddress("10.0.0.1")))
    #expect(world.stored("p") == [])
    #expect(world.ledger.reservation(ReservationID(2)) != nil)
  }

  @Test func `refuses an address that is another's, kept back, leaving or of a pool that ends`() throws {
    let world = try world()
    try world.bind(1, "p", "10.0.0.1")
    #expect(
      try refusal { try world.bind(2, "p", "10.0.0.1", to: "web-1", "b") }
        == .taken(pool: "p", by: try record("10.0.0.1")))
    #expect(try refusal { try world.bind(2, "q", "10.0.0.1") } == .unknownPool("q"))
    #expect(
      try refusal { try world.bind(2, "p", "10.0.1.1") } == .notGivable(pool: "p", try IPAddress("10.0.1.1")))
    #expect(try world.release("p", "10.0.0.1"))
    for uid in ["a", "b"] {
      #expect(
        try refusal { try world.bind(2, "p", "10.0.0.1", "b" == uid ? "b" : "a") }
          == .taken(pool: "p", by: try record("10.0.0.1")))
    }
    try world.pool("p", "10.0.0.1-10.0.0.9", state: .terminating)
    #expect(try refusal { try world.bind(2, "p", "10.0.0.2") } == .terminating("p"))
  }

  @Test func `moves the record of an earlier Pod of the name when that Pod is gone`() throws {
    let world = try world()
    _ = world.observe("p", try record("10.0.0.1"))
    #expect(world.confirm("a"))
    #expect(
      try refusal { try world.bind(1, "p", "10.0.0.1", "b") }
        == .earlierPod(pool: "p", try record("10.0.0.1")))
    try world.bind(1, "p", "10.0.0.1", "b", gone: [PodUID("a")])
    #expect(world.stored("p") == ["10.0.0.1 web-0 b"])
    #expect(world.observe("p", try record("10.0.0.1")) == [])
    #expect(world.stored("p") == ["10.0.0.1 web-0 b"])
    #expect(world.hasChanges("p"))
    #expect(world.observe("p", try record("10.0.0.1", "web-0", "b")) == [])
    #expect(!world.hasChanges("p"))
  }

  @Test func `moves no record while the earlier Pod may still come to be`() throws {
    let world = try world()
    try world.bind(1, "p", "10.0.0.1", now: 1_000)
    _ = world.observe("p", try record("10.0.0.1"), try record("10.0.0.2", "web-1", "c"))
    func move(_ address: String, _ pod: String, _ earlier: String, now: UInt64) throws -> BindRefusal? {
      try refusal { try world.bind(2, "p", address, to: pod, "b", gone: [PodUID(earlier)], now: now) }
    }
    let (own, other) = (try record("10.0.0.1"), try record("10.0.0.2", "web-1", "c"))
    #expect(try move("10.0.0.1", "web-0", "a", now: 65_999) == .unseenPod(pool: "p", own))
    #expect(try move("10.0.0.1", "web-0", "a", now: 66_000) == nil)
    // When that one was bound is not known: it was before somebody else wants the address.
    #expect(try move("10.0.0.2", "web-1", "c", now: 70_000) == .unseenPod(pool: "p", other))
    #expect(try move("10.0.0.2", "web-1", "c", now: 134_999) == .unseenPod(pool: "p", other))
    #expect(try move("10.0.0.2", "web-1", "c", now: 135_000) == nil)
  }

  @Test func `moves what was bound under the same ID, while its Pod was not seen`() throws {
    let world = try world()
    try world.bind(1, "p", "10.0.0.1", to: "web-x", "a")
    #expect(
      try refusal { try world.bind(1, "p", "10.0.0.1", to: "web-y", "b") }
        == .earlierPod(pool: "p", try record("10.0.0.1", "web-x", "a")))
    try world.bind(1, "p", "10.0.0.1", to: "web-y", "b", gone: [PodUID("a")])
    #expect(world.stored("p") == ["10.0.0.1 web-y b"])
    world.ledger.confirm(PodUID("b"), at: 0)
    #expect(
      try refusal { try world.bind(1, "p", "10.0.0.1", to: "web-z", "c") }
        == .taken(pool: "p", by: try record("10.0.0.1", "web-y", "b")))
  }

  @Test func `takes back what is not stored, and a move to what is`() throws {
    let world = try world()
    _ = world.observe("p", try record("10.0.0.1"), try record("10.0.0.3", "web-3", "c"))
    #expect(world.confirm("a"))
    try world.bind(1, "p", "10.0.0.1", "b", gone: [PodUID("a")])
    try world.bind(1, "p", "10.0.0.2", "b")
    let grants = try ["10.0.0.1", "10.0.0.2"].flatMap { try world.grants("p", $0) }
    world.ledger.unbind(grants, uid: PodUID("b"), now: 0)
    world.ledger.unbind(try world.grants("p", "10.0.0.3"), uid: PodUID("c"), now: 0)
    #expect(world.stored("p") == ["10.0.0.1 web-0 a", "10.0.0.3 web-3 c"])
    #expect(!world.hasChanges("p"))
  }

  @Test func `confirms every record of a Pod that was seen`() throws {
    let world = try world()
    try world.bind(1, "p", "10.0.0.1")
    try world.bind(1, "p", "10.0.0.2")
    #expect(world.ledger.unconfirmedHolders(of: "p", limit: 3).map(\.count) == [2])
    #expect(world.confirm("a"))
    #expect(!world.confirm("b"))
    #expect(world.ledger.counts(of: "p")?.unconfirmed == 0)
    #expect(world.ledger.unconfirmedHolders(of: "p", limit: 3).isEmpty)
  }

  @Test(arguments: [
    "web-0", "web", "web-", "-", "a-12345678", "a-123456789", "web-ä", "a--b", "web-7d9f8c6b5d-x2x4z",
  ])
  func `keeps the name of a Pod, whatever it is like`(name: String) throws {
    let world = try world()
    try world.bind(1, "p", "10.0.0.1", to: name)
    #expect(world.ledger.records(toStore: "p").map(\.pod) == [LedgerWorld.pod(name)])
    #expect(world.ledger.records(ofPod: LedgerWorld.pod(name)).map(\.pool) == ["p"])
    #expect(world.ledger.records(ofPod: LedgerWorld.pod(name + "x")).isEmpty)
  }
}
