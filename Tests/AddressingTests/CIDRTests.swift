import Addressing
import TestSupport
import Testing

struct CIDRTests {
  static let accepted: [(String, String, String, String)] = [
    ("10.6.0.0/16", "10.6.0.0", "10.6.255.255", "10.6.0.0/16"),
    ("10.6.1.2/16", "10.6.0.0", "10.6.255.255", "10.6.0.0/16"),
    ("0.0.0.0/0", "0.0.0.0", "255.255.255.255", "0.0.0.0/0"),
    ("1.2.3.4/32", "1.2.3.4", "1.2.3.4", "1.2.3.4/32"),
    ("1.2.3.5/31", "1.2.3.4", "1.2.3.5", "1.2.3.4/31"),
    ("::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/0"),
    ("fd00::1/128", "fd00::1", "fd00::1", "fd00::1/128"),
    ("FD00:0::1/64", "fd00::", "fd00::ffff:ffff:ffff:ffff", "fd00::/64"),
    (
      "2001:db8::8000:0:0:1/65", "2001:db8:0:0:8000::", "2001:db8::ffff:ffff:ffff:ffff",
      "2001:db8:0:0:8000::/65"
    ),
  ]

  @Test(arguments: accepted)
  func `reads a network with or without host bits`(text: String, base: String, last: String, network: String)
    throws
  {
    let cidr = try CIDR(text)
    #expect(cidr.base.description == base)
    #expect(cidr.last.description == last)
    #expect(cidr.network.description == network)
    #expect(CIDR.isCanonical(text) == (text == network))
    #expect(CIDR.isCanonical(network))
    #expect(cidr.isNetwork == (cidr == cidr.network))
  }

  static let refused: [(String, CIDRError)] = [
    ("", .address(.empty)), ("10.6.0.0", .noPrefixLength), ("x", .address(.notAnAddress)),
    ("/24", .address(.empty)),
    ("10.6.0.0/", .malformedPrefixLength), ("10.6.0.0/x", .malformedPrefixLength),
    ("10.6.0.0/-1", .malformedPrefixLength),
    ("10.6.0.0/+1", .malformedPrefixLength), ("10.6.0.0/08", .malformedPrefixLength),
    ("10.6.0.0/8 ", .malformedPrefixLength),
    ("10.6.0.0/8/8", .malformedPrefixLength), ("10.6.0.0/33", .prefixLengthAbove(32)),
    ("::/129", .prefixLengthAbove(128)),
    ("::/99999999999999999999999", .prefixLengthAbove(128)), ("10.6.0/16", .address(.octetCount)),
    ("::ffff:1.2.3.4/96", .address(.ipv4Mapped)), ("10.6.0.0/255.255.0.0", .malformedPrefixLength),
  ]

  @Test(arguments: refused)
  func `refuses what is no network and says why`(text: String, error: CIDRError) {
    #expect(throws: error) { try CIDR(text) }
    #expect(!CIDR.isCanonical(text))
  }

  @Test(arguments: [
    "FD00::/64", "fd00:0::/64", "fd00::0/64", "10.6.0.1/16", "fd00::1/64", "::0/0", "1:0:0:0::/64",
  ])
  func `knows a network that is not written canonically`(text: String) {
    #expect((try? CIDR(text)) != nil)
    #expect(!CIDR.isCanonical(text))
  }

  @Test func `contains and overlaps as ranges do`() throws {
    var random = SeededGenerator.announced()
    for _ in 0..<5_000 {
      func make() throws -> CIDR {
        let value = UInt32.random(in: 0...63, using: &random)
        return try #require(CIDR(IPAddress(v4: value), prefixLength: Int.random(in: 26...32, using: &random)))
      }
      let (a, b) = (try make(), try make())
      let members = (UInt32(0)...63).map(IPAddress.init(v4:)).filter(a.contains)
      let others = (UInt32(0)...63).map(IPAddress.init(v4:)).filter(b.contains)
      #expect(members == (UInt32(0)...63).map(IPAddress.init(v4:)).filter(a.range.contains))
      #expect(members.count == 1 << (32 - a.prefixLength))
      #expect(a.overlaps(b) == !Set(members).isDisjoint(with: others))
      #expect(a.contains(b) == Set(others).isSubset(of: members))
      #expect(a.contains(b.range) == a.contains(b))
      #expect(a.overlaps(b.range) == a.overlaps(b))
    }
  }

  @Test func `never contains the other family`() throws {
    let (all4, all6) = (try CIDR("0.0.0.0/0"), try CIDR("::/0"))
    #expect(!all4.overlaps(all6) && !all6.contains(all4) && !all4.contains(all6))
    #expect(!all6.contains(try IPAddress("1.2.3.4")))
    #expect(!all6.overlaps(try AddressRange("1.2.3.4")))
  }

  @Test func `refuses an impossible prefix length`() throws {
    #expect(CIDR(IPAddress(v4: 0), prefixLength: 33) == nil)
    #expect(CIDR(IPAddress(v6: 0), prefixLength: 129) == nil)
    #expect(CIDR(IPAddress(v6: 0), prefixLength: -1) == nil)
  }
}

struct AddressRangeTests {
  static let accepted: [(String, String, UInt128)] = [
    ("10.6.0.1", "10.6.0.1", 1), ("10.6.0.1-10.6.0.1", "10.6.0.1", 1),
    ("10.6.0.9-10.6.0.10", "10.6.0.9-10.6.0.10", 2),
    ("FD00::0-fd00::f", "fd00::-fd00::f", 16),
    ("0.0.0.0-255.255.255.255", "0.0.0.0-255.255.255.255", 1 << 32),
    ("::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", .max),
    ("::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", .max),
  ]

  @Test(arguments: accepted)
  func `reads an address or a range`(text: String, canonical: String, count: UInt128) throws {
    let range = try AddressRange(text)
    #expect(range.description == canonical)
    #expect(range.count == count)
  }

  static let refused: [(String, AddressRangeError)] = [
    ("", .address(.empty)), ("-", .lower(.empty)), ("10.6.0.1-", .upper(.empty)),
    ("-10.6.0.1", .lower(.empty)),
    ("10.6.0.2-10.6.0.1", .reversed), ("fd00::2-fd00::1", .reversed), ("10.6.0.1-fd00::1", .mixedFamilies),
    ("10.6.0.0/24", .network), ("10.6.0.0/24-10.6.0.1", .network),
    ("10.6.0.1 - 10.6.0.2", .lower(.unexpectedByte(0x20))),
    ("10.6.0.1- 10.6.0.2", .upper(.unexpectedByte(0x20))),
    ("10.6.0.1-10.6.0.2-10.6.0.3", .upper(.unexpectedByte(0x2D))),
    ("10.6.0.1-10", .upper(.notAnAddress)), ("10.6.0.1,10.6.0.2", .address(.unexpectedByte(0x2C))),
    ("10.6.0.1-10.6.0.256", .upper(.octetAbove255)), ("::ffff:1.2.3.4-::ffff:1.2.3.5", .lower(.ipv4Mapped)),
  ]

  @Test(arguments: refused)
  func `refuses what is no range and says why`(text: String, error: AddressRangeError) {
    #expect(throws: error) { try AddressRange(text) }
  }

  @Test func `meets another range where both have addresses`() throws {
    let range = try AddressRange("10.0.0.5-10.0.0.9")
    let cases: [(String, String?)] = [
      ("10.0.0.1-10.0.0.4", nil), ("10.0.0.1-10.0.0.5", "10.0.0.5"), ("10.0.0.7", "10.0.0.7"),
      ("10.0.0.8-10.0.0.20", "10.0.0.8-10.0.0.9"), ("10.0.0.10", nil), ("::a00:5", nil),
    ]
    for (text, shared) in cases {
      let other = try AddressRange(text)
      #expect(range.intersection(other)?.description == shared)
      #expect(range.overlaps(other) == (shared != nil))
      #expect(other.overlaps(range) == (shared != nil))
    }
    #expect(range.contains(try AddressRange("10.0.0.5-10.0.0.8")))
    #expect(!range.contains(try AddressRange("10.0.0.5-10.0.0.10")))
    #expect(!range.contains(try IPAddress("::a00:5")))
  }
}
