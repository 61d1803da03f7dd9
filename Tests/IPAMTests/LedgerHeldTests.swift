import Addressing
import Testing

@testable import IPAM

@Suite struct `The addresses that a ledger's pool has no more to give` {
  @Test func `are those recorded and those reserved, of one family`() throws {
    let world = LedgerWorld()
    try world.pool("a", "10.6.0.1-10.6.0.9")
    try world.pool("b", "10.6.0.1-10.6.0.9")
    #expect(world.ledger.held(of: "a", .v4).isEmpty)
    #expect(try world.reserve(1, from: ["a"]) == ["10.6.0.1"])
    #expect(world.ledger.held(of: "a", .v4).description == "10.6.0.1")
    try world.bind(1, "a", "10.6.0.1")
    #expect(world.observe("a", try record("10.6.0.1"), try record("10.6.0.7", "x", "x")).isEmpty)
    #expect(try world.reserve(2, from: ["a"]) == ["10.6.0.2"])
    #expect(try world.reserve(3, from: ["b"]) == ["10.6.0.1"])
    #expect(try world.reserve(4, from: ["b"]) == ["10.6.0.2"])
    #expect(try world.reserve(5, from: ["b"]) == ["10.6.0.3"])
    #expect(world.ledger.held(of: "a", .v4).description == "10.6.0.1-10.6.0.2,10.6.0.7")
    #expect(world.ledger.held(of: "a", .v6).isEmpty)
    #expect(world.ledger.held(of: "b", .v4).description == "10.6.0.1-10.6.0.3")
    #expect(world.ledger.held(of: "none", .v4).isEmpty)
    world.ledger.cancel(ReservationID(2))
    #expect(world.ledger.held(of: "a", .v4).description == "10.6.0.1,10.6.0.7")
  }

  @Test func `include those that are leaving, until the status shows that they left`() throws {
    let world = LedgerWorld()
    try world.pool("a", "10.6.0.1-10.6.0.9")
    #expect(world.observe("a", try record("10.6.0.3")).isEmpty)
    #expect(try world.release("a", "10.6.0.3"))
    #expect(world.ledger.held(of: "a", .v4).description == "10.6.0.3")
    #expect(world.observe("a").isEmpty)
    #expect(world.ledger.held(of: "a", .v4).isEmpty)
  }

  @Test func `are not asked for to know what a pool may give`() throws {
    let world = LedgerWorld()
    try world.pool("a", "10.6.0.1-10.6.0.2")
    #expect(try world.reserve(1, from: ["a"]) == ["10.6.0.1"])
    #expect(world.ledger.mayGive(try IPAddress("10.6.0.1"), in: "a") == true)
    #expect(world.ledger.mayGive(try IPAddress("10.6.0.3"), in: "a") == false)
    #expect(world.ledger.mayGive(try IPAddress("10.6.0.1"), in: "none") == nil)
  }
}
