internal import IPAM

/// Makes the codes that only who knows the replicas' common key can make.
public protocol TokenSigner: Sendable {
  /// The code of a message: HMAC-SHA256, 32 bytes.
  func code(of message: [UInt8]) -> [UInt8]
  /// Whether both codes are the same, in a time that does not tell where they differ.
  func areEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool
}

/// The proof that a Pod's addresses were given to it by us: the text of the annotation `ipam.spidernet.io/reservation`.
///
/// `v1.EXPIRES.ID.CODE`: milliseconds since 1970 in decimal, the reservation's number and the code in hexadecimal. The code
/// is over all that must not be changed: the text of the allocation and whom it was made for. So any replica can check a
/// token of any other, and a Pod that was copied or written by hand has none that fits.
struct ReservationToken: Equatable {
  /// For whom addresses are reserved, as far as it is known when they are.
  struct Bearer: Equatable {
    var namespace: String
    /// The name, or what it is to be generated from.
    var name: String
    /// The UID of the controller, empty for none.
    var owner: String
  }

  let id: ReservationID
  /// In milliseconds since 1970.
  let expires: UInt64
  private let code: [UInt8]

  private static let version = "v1"

  /// Makes a token.
  init(
    _ id: ReservationID, expires: UInt64, allocation: String, bearer: Bearer, signer: any TokenSigner
  ) {
    self.id = id
    self.expires = expires
    code = signer.code(of: Self.message(id, expires, allocation, bearer))
  }

  /// Reads a token; nil for what is none. Whether it fits is another question.
  init?(text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4, parts[0] == Self.version, let expires = UInt64(parts[1]),
      parts[2].utf8.count == 32,
      let number = UInt128(parts[2], radix: 16), let code = Self.bytes(parts[3]), code.count == 32
    else { return nil }
    id = ReservationID(number)
    self.expires = expires
    self.code = code
  }

  /// Whether the token was made for this allocation and this bearer, by somebody who has the key.
  func fits(_ allocation: String, _ bearer: Bearer, signer: any TokenSigner) -> Bool {
    signer.areEqual(code, signer.code(of: Self.message(id, expires, allocation, bearer)))
  }

  /// The token and the allocation of two annotations' texts; nil unless they were made for each other and this bearer by
  /// somebody who has the key. Whether the token has expired is another question.
  static func redeem(
    _ reservation: String?, for allocation: String?, _ bearer: Bearer, signer: any TokenSigner
  ) -> (token: ReservationToken, allocation: PodAllocation)? {
    guard let allocation, let token = reservation.flatMap(ReservationToken.init),
      token.fits(allocation, bearer, signer: signer), let read = PodAllocation(text: allocation)
    else { return nil }
    return (token, read)
  }

  /// The text of the annotation.
  var text: String {
    let number = String(id.value, radix: 16)
    let padded = String(repeating: "0", count: 32 - number.utf8.count) + number
    return "\(Self.version).\(expires).\(padded).\(Self.hexadecimal(code))"
  }

  /// Lengths stand before the texts, so that no two different sets of them give one message.
  private static func message(
    _ id: ReservationID, _ expires: UInt64, _ allocation: String, _ bearer: Bearer
  ) -> [UInt8] {
    var message = Array("\(version) \(expires) \(id.value)".utf8)
    for text in [bearer.namespace, bearer.name, bearer.owner, allocation] {
      message += Array(" \(text.utf8.count):\(text)".utf8)
    }
    return message
  }

  private static func hexadecimal(_ bytes: [UInt8]) -> String {
    var text = ""
    text.reserveCapacity(bytes.count * 2)
    for byte in bytes {
      for digit in [byte >> 4, byte & 15] {
        text.unicodeScalars.append(
          Unicode.Scalar(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10))
      }
    }
    return text
  }

  private static func bytes(_ text: Substring) -> [UInt8]? {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while !rest.isEmpty {
      guard let byte = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16), rest.count >= 2
      else {
        return nil
      }
      bytes.append(byte)
      rest = rest.dropFirst(2)
    }
    return bytes
  }
}
