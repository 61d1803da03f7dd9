internal import CLinux
internal import Glibc

/// An IPv4 or IPv6 address with a port: where to listen, whom to connect to, who the peer is.
public struct SocketAddress: Hashable, Sendable, CustomStringConvertible {
  /// The address without its port. An IPv4 address in IPv6 clothes (`::ffff:a.b.c.d`) is an IPv4 address here.
  public enum Host: Hashable, Sendable {
    case v4(UInt32)
    case v6(high: UInt64, low: UInt64, scope: UInt32)
  }

  /// The address.
  public var host: Host
  /// The port; 0 when listening lets the kernel choose.
  public var port: UInt16

  /// An address and a port.
  public init(host: Host, port: UInt16) {
    self.host = host
    self.port = port
  }

  /// Every address of this machine, of both families.
  public static func any(port: UInt16) -> SocketAddress {
    SocketAddress(host: .v6(high: 0, low: 0, scope: 0), port: port)
  }

  /// 127.0.0.1
  public static func loopback(port: UInt16) -> SocketAddress {
    SocketAddress(host: .v4(0x7f00_0001), port: port)
  }

  /// `10.0.0.1:5722`, `[::1]:5722`, `[::]:5722` or `:5722` (every address). Names are not resolved; see `Resolver`.
  public init(parsing text: String) throws(SocketAddressError) {
    guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else { throw .init(text, "has no port") }
    let digits = text[text.index(after: colon)...]
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits)
    else { throw .init(text, "needs a port from 0 to 65535 after the last colon") }
    var host = String(text[..<colon])
    if host.isEmpty {
      self = .any(port: port)
      return
    }
    let bracketed = host.hasPrefix("[") && host.hasSuffix("]")
    if bracketed { host = String(host.dropFirst().dropLast()) }
    guard let parsed = Host(host), parsed.isV6Text(host) == bracketed else {
      throw .init(text, "needs an IPv4 address, or an IPv6 address in brackets, before the port")
    }
    self.init(host: parsed, port: port)
  }

  /// The form that `init(parsing:)` reads.
  public var description: String {
    switch host {
    case .v4: "\(host):\(port)"
    case .v6: "[\(host)]:\(port)"
    }
  }
}

/// Text that is not an address and a port.
public struct SocketAddressError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What was wrong with which text.
  public let description: String

  init(_ text: String, _ reason: String) {
    description = "address \"\(text)\" \(reason)"
  }
}

extension SocketAddress.Host: CustomStringConvertible {
  /// Reads an IPv4 or IPv6 address, nil when the text is neither.
  public init?(_ text: String) {
    var v4 = in_addr()
    if inet_pton(AF_INET, text, &v4) == 1 {
      self = .v4(UInt32(bigEndian: v4.s_addr))
      return
    }
    var v6 = in6_addr()
    guard inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
    self.init(v6, scope: 0)
  }

  /// The usual text of the address.
  public var description: String {
    var (raw, _) = SocketAddress(host: self, port: 0).systemAddress
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { text in
      switch self {
      case .v4: inet_ntop(AF_INET, &raw.v4.sin_addr, text.baseAddress, socklen_t(text.count))
      case .v6: inet_ntop(AF_INET6, &raw.v6.sin6_addr, text.baseAddress, socklen_t(text.count))
      }
      return text.baseAddress.map { String(cString: $0) } ?? ""
    }
  }

  init(_ address: in6_addr, scope: UInt32) {
    let (high, low) = withUnsafeBytes(of: address) { bytes in
      (
        UInt64(bigEndian: bytes.load(as: UInt64.self)),
        UInt64(bigEndian: bytes.load(fromByteOffset: 8, as: UInt64.self))
      )
    }
    if high == 0, low >> 32 == 0xffff {
      self = .v4(UInt32(truncatingIfNeeded: low))
    } else {
      self = .v6(high: high, low: low, scope: scope)
    }
  }

  /// Whether the text of this address has IPv6's form, mapped IPv4 included: such text stands in brackets.
  fileprivate func isV6Text(_ text: String) -> Bool {
    text.utf8.contains(UInt8(ascii: ":"))
  }
}

extension SocketAddress {
  /// AF_INET or AF_INET6.
  var family: Int32 {
    switch host {
    case .v4: AF_INET
    case .v6: AF_INET6
    }
  }

  /// As the kernel takes it, and its length.
  var systemAddress: (CLinux_address, socklen_t) {
    var raw = CLinux_address()
    switch host {
    case .v4(let value):
      raw.v4.sin_family = sa_family_t(AF_INET)
      raw.v4.sin_port = port.bigEndian
      raw.v4.sin_addr.s_addr = value.bigEndian
      return (raw, socklen_t(MemoryLayout<sockaddr_in>.size))
    case .v6(let high, let low, let scope):
      raw.v6.sin6_family = sa_family_t(AF_INET6)
      raw.v6.sin6_port = port.bigEndian
      raw.v6.sin6_scope_id = scope
      withUnsafeMutableBytes(of: &raw.v6.sin6_addr) { bytes in
        bytes.storeBytes(of: high.bigEndian, as: UInt64.self)
        bytes.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
      }
      return (raw, socklen_t(MemoryLayout<sockaddr_in6>.size))
    }
  }

  init(_ raw: CLinux_address) {
    if Int32(raw.any.sa_family) == AF_INET6 {
      host = Host(raw.v6.sin6_addr, scope: raw.v6.sin6_scope_id)
      port = UInt16(bigEndian: raw.v6.sin6_port)
    } else {
      host = .v4(UInt32(bigEndian: raw.v4.sin_addr.s_addr))
      port = UInt16(bigEndian: raw.v4.sin_port)
    }
  }
}
