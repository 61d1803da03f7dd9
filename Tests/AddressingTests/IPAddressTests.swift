import Addressing
import TestSupport
import Testing

func address(_ text: String) throws -> IPAddress { try IPAddress(text) }

struct IPAddressTests {
  static let accepted: [(String, IPFamily, UInt128, String)] = [
    ("0.0.0.0", .v4, 0, "0.0.0.0"), ("255.255.255.255", .v4, 0xFFFF_FFFF, "255.255.255.255"),
    ("10.6.0.1", .v4, 0x0A06_0001, "10.6.0.1"), ("1.20.203.4", .v4, 0x0114_CB04, "1.20.203.4"),
    ("::", .v6, 0, "::"), ("::1", .v6, 1, "::1"), ("1::", .v6, 1 << 112, "1::"),
    ("fd00::01", .v6, 0xFD << 120 | 1, "fd00::1"), ("FD00::AbCd", .v6, 0xFD << 120 | 0xABCD, "fd00::abcd"),
    ("1:2:3:4:5:6:7:8", .v6, 0x1_0002_0003_0004_0005_0006_0007_0008, "1:2:3:4:5:6:7:8"),
    ("0:0:0:0:0:0:0:0", .v6, 0, "::"),
    ("2001:db8:0:0:1:0:0:1", .v6, 0x2001_0DB8_0000_0000_0001_0000_0000_0001, "2001:db8::1:0:0:1"),
    ("2001:db8::0:1:1:1:1", .v6, 0x2001_0DB8_0000_0000_0001_0001_0001_0001, "2001:db8::1:1:1:1"),
    ("2001:0db8:0:1:1:1:1:1", .v6, 0x2001_0DB8_0000_0001_0001_0001_0001_0001, "2001:db8:0:1:1:1:1:1"),
    ("1::3:4:5:6:7:8", .v6, 0x1_0000_0003_0004_0005_0006_0007_0008, "1:0:3:4:5:6:7:8"),
    ("::2:3:4:5:6:7:8", .v6, 0x2_0003_0004_0005_0006_0007_0008, "0:2:3:4:5:6:7:8"),
    ("1:2:3:4:5:6:7::", .v6, 0x1_0002_0003_0004_0005_0006_0007_0000, "1:2:3:4:5:6:7:0"),
    ("0:0:1::", .v6, 1 << 80, "0:0:1::"),
    ("1:0:0:2:0:0:0:3", .v6, 0x1_0000_0000_0002_0000_0000_0000_0003, "1:0:0:2::3"),
    ("64:ff9b::192.0.2.33", .v6, 0x0064_FF9B_0000_0000_0000_0000_C000_0221, "64:ff9b::c000:221"),
    ("1:2:3:4:5:6:1.2.3.4", .v6, 0x1_0002_0003_0004_0005_0006_0102_0304, "1:2:3:4:5:6:102:304"),
    ("::1.2.3.4", .v6, 0x0102_0304, "::102:304"),
    ("::ffff:0:1.2.3.4", .v6, 0xFFFF_0000_0102_0304, "::ffff:0:102:304"),
    ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", .v6, .max, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
  ]

  @Test(arguments: accepted)
  func `reads an address and writes its canonical form`(
    text: String, family: IPFamily, value: UInt128, canonical: String
  ) throws {
    let address = try IPAddress(text)
    #expect(address.family == family)
    #expect(address.value == value)
    #expect(address.description == canonical)
    #expect(try IPAddress(canonical) == address)
    var bytes: [UInt8] = []
    address.append(to: &bytes)
    #expect(bytes == Array(canonical.utf8))
  }

  static let refused: [(String, AddressError)] = [
    ("", .empty), ("a", .notAnAddress), ("1234", .notAnAddress), (" ", .notAnAddress), ("1.2.3", .octetCount),
    ("1.2.3.4.5", .octetCount), ("1.2.3.", .emptyOctet), (".1.2.3", .emptyOctet), ("1..2.3", .emptyOctet),
    ("1.2.3.256", .octetAbove255), ("1.2.3.99999999999999999999", .octetAbove255), ("01.2.3.4", .leadingZero),
    ("1.2.3.00", .leadingZero), ("1.2.3.04", .leadingZero), ("1.2.3.4 ", .unexpectedByte(0x20)),
    (" 1.2.3.4", .unexpectedByte(0x20)), ("1.2.3.4\n", .unexpectedByte(0x0A)),
    ("1.2.3.0x4", .unexpectedByte(0x78)),
    ("1.2.3.-4", .unexpectedByte(0x2D)), ("1.2.3.4/24", .unexpectedByte(0x2F)),
    ("1.2.3.4\u{0}", .unexpectedByte(0)),
    ("1.2.3.٤", .unexpectedByte(0xD9)), ("1.2.3.4%eth0", .zone), ("1.2.3:4", .unexpectedByte(0x3A)),
    (":", .strayColon), (":1", .strayColon), (":1::2", .strayColon), ("1:", .strayColon),
    ("::1:", .strayColon),
    ("1:2:3:4:5:6:7:8:", .strayColon), (":::", .repeatedDoubleColon), ("1:::2", .repeatedDoubleColon),
    ("1::2::3", .repeatedDoubleColon), ("1::2::", .repeatedDoubleColon), ("1:2:3", .tooFewGroups),
    ("1:2:3:4:5:6:7", .tooFewGroups), ("1:2:3:4:5:6:7:8:9", .tooManyGroups),
    ("1:2:3:4:5:6:7:8::", .tooManyGroups),
    ("::1:2:3:4:5:6:7:8", .tooManyGroups), ("1:2:3:4::5:6:7:8", .tooManyGroups), ("12345::", .groupTooLong),
    ("::00001", .groupTooLong), ("g::", .unexpectedByte(0x67)), ("::g", .unexpectedByte(0x67)),
    ("::1 ", .unexpectedByte(0x20)), ("[::1]", .unexpectedByte(0x5B)), ("::1/64", .unexpectedByte(0x2F)),
    ("fe80::1%eth0", .zone), ("%eth0::", .zone), ("::%1", .zone), ("::1-::2", .unexpectedByte(0x2D)),
    ("::ffff:1.2.3.4", .ipv4Mapped), ("::FFFF:102:304", .ipv4Mapped), ("0:0:0:0:0:ffff:0:0", .ipv4Mapped),
    ("::1.2.3.4:5", .unexpectedByte(0x3A)), ("1.2.3.4::", .unexpectedByte(0x3A)),
    ("1:2:3:4:5:1.2.3.4", .misplacedIPv4Tail),
    ("1:2:3:4:5:6:7:1.2.3.4", .misplacedIPv4Tail), ("::1:2:3:4:5:6:7:1.2.3.4", .misplacedIPv4Tail),
    ("::1.2.3", .octetCount), ("::01.2.3.4", .leadingZero), ("::1.2.3.256", .octetAbove255),
    ("::a.2.3.4", .unexpectedByte(0x61)), ("::.1.2.3", .emptyOctet), ("1:2:3:4:5:6::1.2.3.4", .tooManyGroups),
    ("\u{e9}:1", .unexpectedByte(0xC3)),
  ]

  @Test(arguments: refused)
  func `refuses what is no address and says why`(text: String, error: AddressError) {
    #expect(throws: error) { try IPAddress(text) }
  }

  @Test func `orders addresses as numbers, not as text`() throws {
    #expect(try address("10.0.0.9") < address("10.0.0.10"))
    #expect(try address("fd00::9") < address("fd00::10"))
    #expect(try address("255.255.255.255") < address("::"))
  }

  @Test func `steps to neighbours and stops at the ends`() throws {
    #expect(try address("10.0.0.255").next == address("10.0.1.0"))
    #expect(try address("::1:0").previous == address("::ffff"))
    #expect(try address("255.255.255.255").next == nil)
    #expect(try address("0.0.0.0").previous == nil)
    #expect(IPAddress(v6: .max).next == nil)
    #expect(IPAddress(.v4, 1 << 32) == nil)
  }

  @Test func `reads back every text it writes, and no other spelling is the same text`() throws {
    var random = SeededGenerator.announced()
    for _ in 0..<20_000 {
      var value = UInt128.random(in: 0...(.max), using: &random)
      // Runs of zeros are where the text form is difficult.
      for group in 0..<8 where Bool.random(using: &random) { value &= ~(0xFFFF << UInt128(group * 16)) }
      guard value >> 32 != 0xFFFF else { continue }
      let v6 = IPAddress(v6: value)
      #expect(try IPAddress(v6.description) == v6)
      let long = (0..<8).reversed().map {
        String(value >> UInt128($0 * 16) & 0xFFFF, radix: 16, uppercase: true)
      }
      #expect(try IPAddress(long.joined(separator: ":")) == v6)
      let v4 = IPAddress(v4: UInt32(truncatingIfNeeded: value))
      #expect(try IPAddress(v4.description) == v4)
    }
  }

  @Test func `refuses or reads any bytes without going astray`() throws {
    var random = SeededGenerator.announced()
    let letters = Array("0123456789abfF:::..%/- ".utf8)
    for _ in 0..<50_000 {
      let bytes = (0..<Int.random(in: 0...20, using: &random)).map { _ in
        letters.randomElement(using: &random) ?? 0
      }
      bytes.withUnsafeBufferPointer { text in
        guard let address = try? IPAddress(text) else { return }
        #expect((try? IPAddress(address.description)) == address)
      }
    }
  }
}
