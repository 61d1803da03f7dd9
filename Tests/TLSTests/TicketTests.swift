import Synchronization
import Testing

@testable import TLS

@Suite struct TicketTests {
  private final class Clock: Sendable {
    let seconds = Mutex<Int64>(1_000_000)
    func advance(_ by: Int64) { seconds.withLock { $0 += by } }
  }

  private func keys() -> (TicketKeys, Clock) {
    let clock = Clock()
    return (TicketKeys(clock: { clock.seconds.withLock { $0 } }), clock)
  }

  private func find(_ name: [UInt8], in keys: TicketKeys) -> (key: TicketKeys.Key, isOld: Bool)? {
    name.withUnsafeBufferPointer { keys.keyForDecryption(named: $0) }
  }

  @Test func `a key encrypts for six hours and decrypts for six more`() {
    let (keys, clock) = keys()
    let first = keys.keyForEncryption()
    clock.advance(6 * 3600 - 1)
    #expect(keys.keyForEncryption().name == first.name)
    #expect(find(first.name, in: keys)?.isOld == false)
    clock.advance(1)
    let second = keys.keyForEncryption()
    #expect(second.name != first.name)
    #expect(find(first.name, in: keys)?.isOld == true)
    #expect(find(second.name, in: keys)?.isOld == false)
    clock.advance(6 * 3600)
    #expect(find(first.name, in: keys) == nil)
  }

  @Test func `a key that nobody used for long is not kept`() {
    let (keys, clock) = keys()
    let first = keys.keyForEncryption()
    clock.advance(100 * 3600)
    #expect(find(first.name, in: keys) == nil)
    #expect(keys.keyForEncryption().name != first.name)
  }
}

@Suite struct DigestTests {
  private func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  @Test func `SHA-256 of FIPS 180-2's example`() {
    #expect(
      hex(sha256(Array("abc".utf8))) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }

  @Test func `HMAC-SHA-256 of RFC 4231's second example`() {
    #expect(
      hex(hmacSHA256(key: Array("Jefe".utf8), message: Array("what do ya want for nothing?".utf8)))
        == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
  }

  @Test func `compares bytes of different lengths`() {
    #expect(equalInConstantTime([1, 2], [1, 2]))
    #expect(!equalInConstantTime([1, 2], [1, 3]))
    #expect(!equalInConstantTime([1, 2], [1, 2, 3]))
  }
}
