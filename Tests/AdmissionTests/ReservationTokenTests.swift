import IPAM
import Testing

@testable import Admission

/// Codes that only who knows the key can make, as far as a test needs them.
struct TestSigner: TokenSigner {
  var key: UInt64 = 7

  func code(of message: [UInt8]) -> [UInt8] {
    var state = key
    var code: [UInt8] = []
    for place in 0..<32 {
      for byte in message { state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 &+ UInt64(place) }
      code.append(UInt8(truncatingIfNeeded: state >> 24))
    }
    return code
  }

  func areEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool { one == other }
}

@Suite struct ReservationTokenTests {
  private let bearer = ReservationToken.Bearer(namespace: "default", name: "web-", owner: "owner")

  private func token(_ allocation: String = "[]", id: UInt128 = 5, expires: UInt64 = 1000) -> ReservationToken
  {
    ReservationToken(
      ReservationID(id), expires: expires, allocation: allocation, bearer: bearer, signer: TestSigner())
  }

  @Test(arguments: [UInt128.min, 5, .max])
  func `reads what it writes`(id: UInt128) throws {
    let token = token(id: id)
    let read = try #require(ReservationToken(text: token.text))
    #expect(read == token)
    #expect(read.fits("[]", bearer, signer: TestSigner()))
  }

  @Test func `fits nothing but what it was made for`() throws {
    let token = token()
    let signer = TestSigner()
    #expect(!token.fits("[ ]", bearer, signer: signer))
    #expect(!token.fits("[]", bearer, signer: TestSigner(key: 8)))
    for other in [
      ReservationToken.Bearer(namespace: "other", name: "web-", owner: "owner"),
      ReservationToken.Bearer(namespace: "default", name: "web-x", owner: "owner"),
      ReservationToken.Bearer(namespace: "default", name: "web-", owner: ""),
      ReservationToken.Bearer(namespace: "defaultweb-", name: "", owner: "owner"),
    ] {
      #expect(!token.fits("[]", other, signer: signer))
    }
    let later = try #require(ReservationToken(text: token.text.replacing(".1000.", with: ".9000.")))
    #expect(!later.fits("[]", bearer, signer: signer))
  }

  @Test(arguments: [
    "", "v1", "v1.1.2.3", "v2.1000.00000000000000000000000000000005.00",
    "v1.x.00000000000000000000000000000005.00",
    "v1.1000.0000000000000000000000000000000g.00",
  ])
  func `is not read from anything else`(text: String) {
    #expect(ReservationToken(text: text) == nil)
  }
}
