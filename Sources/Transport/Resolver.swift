internal import CLinux
internal import Glibc

/// Turns host names into addresses.
public enum Resolver {
  /// A name that could not be resolved.
  public struct Failure: Error, Equatable, Sendable, CustomStringConvertible {
    /// The name, and the resolver's reason.
    public let description: String
  }

  /// Finds every address of `host`, in the order in which they should be tried; `host` may be an address itself.
  ///
  /// getaddrinfo(3) blocks, so it has a thread of its own for as long as it takes, and `done` is called there.
  public static func resolve(
    _ host: String, port: UInt16, done: @escaping @Sendable (Result<[SocketAddress], any Error>) -> Void
  ) {
    if let address = SocketAddress.Host(host) {
      return done(.success([SocketAddress(host: address, port: port)]))
    }
    do {
      try Thread.start(name: "resolver") { done(Result { try lookUp(host, port) }) }
    } catch {
      done(.failure(error))
    }
  }

  private static func lookUp(_ host: String, _ port: UInt16) throws -> [SocketAddress] {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_ADDRCONFIG
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, nil, &hints, &list)
    guard code == 0 else { throw Failure(description: "\(host): \(String(cString: gai_strerror(code)))") }
    defer { freeaddrinfo(list) }
    var addresses: [SocketAddress] = []
    var next = list
    while let entry = next {
      if let address = SocketAddress(entry.pointee, port: port) { addresses.append(address) }
      next = entry.pointee.ai_next
    }
    return addresses
  }
}

extension SocketAddress {
  fileprivate init?(_ entry: addrinfo, port: UInt16) {
    guard let pointer = entry.ai_addr, Int(entry.ai_addrlen) <= MemoryLayout<CLinux_address>.size else {
      return nil
    }
    var raw = CLinux_address()
    withUnsafeMutableBytes(of: &raw) {
      $0.copyMemory(from: UnsafeRawBufferPointer(start: pointer, count: Int(entry.ai_addrlen)))
    }
    self.init(raw)
    self.port = port
  }
}
