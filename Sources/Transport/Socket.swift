internal import CLinux
internal import Glibc
internal import Synchronization

/// The one owner of a descriptor: it is closed when its owner goes, once.
struct Descriptor: ~Copyable, Sendable {
  /// −1 once closed.
  private(set) var number: Int32

  init(owning number: Int32) {
    self.number = number
  }

  deinit {
    if number >= 0 { SystemCall.close(number) }
  }

  /// Closes now. Harmless when closed already.
  mutating func close() {
    guard number >= 0 else { return }
    SystemCall.close(number)
    number = -1
  }
}

/// A TCP socket that never blocks.
public struct Socket: ~Copyable, Sendable {
  var descriptor: Descriptor

  init(owning number: Int32) {
    descriptor = Descriptor(owning: number)
  }

  /// recv(2)
  @inline(__always)
  func receive(_ buffer: UnsafeMutableRawBufferPointer) -> SystemCall.Transfer {
    SystemCall.receive(descriptor.number, buffer)
  }

  /// send(2)
  @inline(__always)
  func send(_ bytes: UnsafeRawBufferPointer) -> SystemCall.Transfer {
    SystemCall.send(descriptor.number, bytes)
  }

  /// A socket on its way to `address`: writable when the connect has ended, well or not.
  static func connecting(to address: SocketAddress) throws(SystemError) -> Socket {
    let socket = Socket(owning: try SystemCall.tcpSocket(address.family))
    let number = socket.descriptor.number
    try SystemCall.setOption(number, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    try SystemCall.connect(number, address)
    return socket
  }

  /// Whether IPv6 is missing from the kernel, or switched off.
  private static func isWithoutIPv6(_ error: SystemError) -> Bool {
    error.code == EAFNOSUPPORT || error.code == EADDRNOTAVAIL
  }

  /// A bound socket, listening if `backlog` is given. What it accepts inherits TCP_NODELAY.
  ///
  /// - Parameter shared: lets further sockets of this user listen on the same port (SO_REUSEPORT).
  private static func bound(
    to address: SocketAddress, shared: Bool, backlog: Int32?
  ) throws(SystemError) -> Socket {
    let socket = Socket(owning: try SystemCall.tcpSocket(address.family))
    let number = socket.descriptor.number
    try SystemCall.setOption(number, SOL_SOCKET, SO_REUSEADDR, 1)
    if shared { try SystemCall.setOption(number, SOL_SOCKET, SO_REUSEPORT, 1) }
    if case .v6 = address.host {
      // The wildcard means both families, whatever the machine's default; any other address is its own.
      let only: Int32 = address.host == SocketAddress.any(port: 0).host ? 0 : 1
      try SystemCall.setOption(number, Int32(IPPROTO_IPV6), IPV6_V6ONLY, only)
    }
    try SystemCall.bind(number, address)
    if let backlog {
      try SystemCall.setOption(number, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
      try SystemCall.listen(number, backlog)
    }
    return socket
  }

  /// One listening socket per loop on one address; the kernel spreads connections over them.
  ///
  /// A server needs a descriptor for each connection, so this process is allowed as many as it may have.
  ///
  /// A port that someone listens on already is refused, although sockets of one user could share it: two servers on
  /// one port by mistake would each get half of the requests. On a machine without IPv6 the wildcard is IPv4's.
  public static func listening(
    on address: SocketAddress, count: Int, backlog: Int32 = 4096
  ) throws(SystemError) -> (sockets: [SocketTransfer], address: SocketAddress) {
    SystemCall.raiseDescriptorLimit()
    var wanted = address
    do {
      // A socket that does not share shows whether the port is free.
      _ = try bound(to: wanted, shared: false, backlog: nil)
    } catch  where isWithoutIPv6(error) && wanted.host == SocketAddress.any(port: 0).host {
      wanted.host = .v4(0)
    }
    var sockets: [SocketTransfer] = []
    for _ in 0..<count {
      let socket = try bound(to: wanted, shared: count > 1, backlog: backlog)
      if wanted.port == 0 { wanted = try SystemCall.localAddress(socket.descriptor.number) }
      sockets.append(SocketTransfer(socket))
    }
    return (sockets, wanted)
  }
}

/// Carries a socket to the thread that will own it. Nobody came for it: it is closed.
public final class SocketTransfer: Sendable {
  private let content: Mutex<Socket?>

  init(_ socket: consuming Socket) {
    content = Mutex(socket)
  }

  /// The socket, to the first who asks.
  public func take() -> Socket? {
    content.withLock { content in content.take() }
  }
}
