import Addressing
import IPAM
import Testing

@Suite struct ReserveTests {
  @Test func `gives the lowest free address, and the same again for the same ID`() throws {
    let world = LedgerWorld()
    try world.pool("p", "10.0.0.1-10.0.0.9")
    #expect(try world.reserve(1, from: ["p"]) == ["10.0.0.1"])
    #expect(try world.reserve(2, from: ["p"]) == ["10.0.0.2"])
    #expect(try world.reserve(1, from: ["p"]) == ["10.0.0.1"])
    world.ledger.cancel(ReservationID(1))
    #expect(world.ledger.reservation(ReservationID(1)) == nil)
    #expect(try world.reserve(3, from: ["p"]) == ["10.0.0.1"])
  }

  @Test func `never gives two interfaces one address, nor that of another pool`() throws {
    let world = LedgerWorld()
    try world.pool("p", "10.0.0.1-10.0.0.2")
    try world.pool("q", "10.0.0.1-10.0.0.3")
    #expect(try world.reserve(1, from: ["p"], ["p"], ["q"]) == ["10.0.0.1", "10.0.0.2", "10.0.0.3"])
  }

  @Test func `reserves all or nothing`() throws {
    let world = LedgerWorld()
    try world.pool("p", "10.0.0.1-10.0.0.2")
    let found = shortage { () throws(Shortage) in try world.reserve(1, from: ["p"], ["p"], ["p"]) }
    #expect(found?.demand.interface == 2)
    #expect(world.ledger.counts(of: "p")?.reserved == 0)
    #expect(world.ledger.reservation(ReservationID(1)) == nil)
  }

  @Test func `says of every pool why it gave nothing`() throws {
    let world = LedgerWorld()
    try world.pool("full", "10.0.0.1-10.0.0.2")
    try world.pool("off", "10.0.1.1", state: .disabled)
    try world.pool("ending", "10.0.2.1", state: .terminating)
    try world.bind(1, "full", "10.0.0.1")
    _ = try world.reserve(2, from: ["full"])
    let found = shortage { () throws(Shortage) in
      try world.reserve(3, from: ["full", "off", "ending", "none"])
    }
    #expect(
      found?.reasons == [
        .full(total: 2, used: 1, unconfirmed: 1, reserved: 1), .disabled, .terminating, .unknownPool,
      ])
    #expect(found?.holders.map(\.label) == ["ReplicaSet default/web-1"])
    #expect(found?.holders.map(\.count) == [1])
  }

  @Test(arguments: [
    (UInt64(0), "10.0.0.0"), (1 << 63, "10.0.0.4"), (.max, "10.0.0.7"), (3 << 61, "10.0.0.3"),
  ])
  func `begins at a part of the free space`(start: UInt64, address: String) throws {
    let world = LedgerWorld()
    try world.pool("p", "10.0.0.0-10.0.0.7")
    #expect(try world.reserve(1, from: ["p"], start: start) == [address])
  }

  @Test func `goes round to the lowest address when the last is given`() throws {
    let world = LedgerWorld()
    try world.pool("p", "10.0.0.0-10.0.0.3")
    #expect(try world.reserve(1, from: ["p"], ["p"], start: .max) == ["10.0.0.3", "10.0.0.0"])
  }

  @Test func `gives what was released a short while ago last, and the first released first`() throws {
    let world = LedgerWorld(cooling: 100)
    try world.pool("p", "10.0.0.1-10.0.0.3")
    _ = world.observe("p", try record("10.0.0.1"), try record("10.0.0.2"))
    _ = world.observe("p", try record("10.0.0.1"), now: 1_000)
    _ = world.observe("p", now: 1_001)
    #expect(
      try world.reserve(1, from: ["p"], ["p"], ["p"], now: 1_050) == ["10.0.0.3", "10.0.0.2", "10.0.0.1"])
    world.ledger.cancel(ReservationID(1))
    _ = world.observe("p", try record("10.0.0.1"), now: 1_060)
    _ = world.observe("p", now: 1_070)
    #expect(try world.reserve(2, from: ["p"], now: 1_169) == ["10.0.0.2"])
    #expect(try world.reserve(3, from: ["p"], now: 1_170) == ["10.0.0.1"])
  }

  @Test func `grants a Pod its own records again, lower addresses to earlier demands`() throws {
    let world = LedgerWorld()
    try world.pool("p", "10.0.0.1-10.0.0.9")
    _ = world.observe("p", try record("10.0.0.7"), try record("10.0.0.5"), try record("10.0.0.8", "web-1"))
    let pod = LedgerWorld.pod("web-0")
    #expect(
      try world.reserve(1, from: ["p"], ["p"], ["p"], sticky: pod) == ["10.0.0.5", "10.0.0.7", "10.0.0.1"])
    #expect(world.ledger.counts(of: "p")?.reserved == 1)
    try world.pool("p", "10.0.0.1-10.0.0.9", state: .disabled)
    #expect(try world.reserve(2, from: ["p"], sticky: pod) == ["10.0.0.5"])
    #expect(try world.release("p", "10.0.0.5"))
    #expect(try world.reserve(3, from: ["p"], sticky: pod) == ["10.0.0.7"])
    try world.pool("p", "10.0.0.1-10.0.0.9", state: .terminating)
    let found = shortage { () throws(Shortage) in try world.reserve(4, from: ["p"], sticky: pod) }
    #expect(found?.reasons == [.terminating])
  }

  @Test(arguments: [["p", "q"], ["q", "p"]])
  func `grants an address that a Pod has in two pools from the one named first`(pools: [String]) throws {
    let world = LedgerWorld()
    for pool in ["p", "q"] {
      try world.pool(pool, "10.0.0.1-10.0.0.9")
      _ = world.observe(pool, try record("10.0.0.5"))
    }
    _ = try world.reserve(1, from: pools, sticky: LedgerWorld.pod("web-0"))
    #expect(world.ledger.reservation(ReservationID(1))?.map(\.pool) == [pools[0]])
  }

  @Test func `stops at what an owner may have for Pods that were not seen`() throws {
    let world = LedgerWorld(unconfirmed: 2)
    try world.pool("p", "10.0.0.1-10.0.0.9")
    _ = try world.reserve(1, from: ["p"])
    _ = try world.reserve(2, from: ["p"])
    try world.bind(1, "p", "10.0.0.1")
    let found = shortage { () throws(Shortage) in try world.reserve(3, from: ["p"]) }
    #expect(found?.reasons == [.ownerLimit(unconfirmed: 2, limit: 2)])
    world.ledger.confirm(PodUID("a"), at: 1)
    #expect(try world.reserve(3, from: ["p"]) == ["10.0.0.3"])
  }

  @Test func `never gives what is kept back, in any pool`() throws {
    let world = LedgerWorld()
    world.ledger.keepBack([AddressSet(try AddressRange("10.0.0.1-10.0.0.2"))])
    try world.pool("p", "10.0.0.1-10.0.0.3")
    #expect(try world.reserve(1, from: ["p"]) == ["10.0.0.3"])
    #expect(world.ledger.counts(of: "p")?.total == 1)
    world.ledger.keepBack([])
    #expect(try world.reserve(2, from: ["p"]) == ["10.0.0.1"])
  }

  @Test func `finds an address in all of IPv6 as in a small pool`() throws {
    let world = LedgerWorld()
    try world.pool("p", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
    #expect(try world.reserve(1, from: ["p"], ["p"], family: .v6) == ["::", "::1"])
    #expect(try world.reserve(2, from: ["p"], family: .v6, start: 1 << 63) == ["8000::"])
    #expect(world.ledger.checkInvariants() == [])
  }

  @Test func `drops a reservation when its time is over`() throws {
    let world = LedgerWorld()
    try world.pool("p", "10.0.0.1")
    _ = try world.reserve(1, from: ["p"])
    #expect(world.ledger.expire(now: 29_999) == 0)
    #expect(world.ledger.expire(now: 30_000) == 1)
    #expect(try world.reserve(2, from: ["p"], now: 30_000) == ["10.0.0.1"])
  }

  @Test func `takes over what another replica reserved, unless it is not free here`() throws {
    let world = LedgerWorld()
    try world.pool("p", "10.0.0.1-10.0.0.9")
    func adopt(_ id: UInt128, _ address: String) throws -> Bool {
      world.ledger.adopt(
        ReservationID(id), for: world.owner, try world.grants("p", address), expires: 30_000, now: 0)
    }
    #expect(try adopt(1, "10.0.0.1"))
    #expect(try adopt(1, "10.0.0.1"))
    #expect(try !adopt(1, "10.0.0.2"))
    #expect(try !adopt(2, "10.0.0.1"))
    #expect(try !adopt(2, "10.0.1.1"))
    #expect(try world.reserve(3, from: ["p"]) == ["10.0.0.2"])
  }

  @Test func `a pool that goes takes its reservations along`() throws {
    let world = LedgerWorld()
    try world.pool("p", "10.0.0.1-10.0.0.9")
    try world.pool("q", "10.0.1.1-10.0.1.9")
    _ = try world.reserve(1, from: ["p"], ["q"])
    _ = world.observe("p", try record("10.0.0.5"))
    world.ledger.remove("p")
    #expect(world.ledger.reservation(ReservationID(1)) == nil)
    #expect(world.ledger.counts(of: "q")?.reserved == 0)
    #expect(world.ledger.counts(of: "p") == nil)
    #expect(world.ledger.records(of: PodUID("a")).isEmpty)
    #expect(world.ledger.checkInvariants() == [])
  }
}
