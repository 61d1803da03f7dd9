import Testing

@testable import IPAM

@Suite struct `The number of addresses of an automatic pool` {
  @Test(arguments: [
    ("5", PoolSize.fixed(5)), ("0", .fixed(0)), ("007", .fixed(7)), ("16777216", .fixed(1 << 24)),
    ("+2", .above(2)), ("+0", .above(0)), ("+16777216", .above(1 << 24)),
  ])
  func `is fixed, or relative to the replicas`(_ text: String, _ size: PoolSize) {
    #expect(PoolSize(text) == size)
  }

  @Test(arguments: [
    "", "+", "3+5", "++1", "+-1", "-3", "-0", " 5", "5 ", "+ 5", "1e3", "1.0", "0x10", "1_000", "five", "٣",
    "16777217", "+16777217", "9223372036854775808", "99999999999999999999999", "+\u{301}5", "5\u{301}",
  ])
  func `is nothing else`(_ text: String) {
    #expect(PoolSize(text) == nil)
  }

  @Test(arguments: [PoolSize.fixed(0), .fixed(12), .above(0), .above(3)])
  func `is written as it is read`(_ size: PoolSize) {
    #expect(PoolSize("\(size)") == size)
  }

  @Test func `counts from the replicas where it is relative`() {
    #expect(PoolSize.fixed(5).count(replicas: 9) == 5)
    #expect(PoolSize.above(2).count(replicas: 9) == 11)
    #expect(PoolSize.above(2).count(replicas: -1) == 2)
    #expect(PoolSize.above(0).count(replicas: 0) == 0)
  }
}
