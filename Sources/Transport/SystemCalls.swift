internal import CLinux
internal import Glibc

/// Every network system call of the program, with EINTR retried here and nowhere else.
///
/// "Not now" (`EAGAIN`) is an outcome and not an error.
enum SystemCall {
  /// What a `recv` or `send` came to.
  enum Transfer: Equatable {
    /// This many bytes went over; 0 from `receive` is the peer's end of stream.
    case bytes(Int)
    case wouldBlock
    case failed(Int32)
  }

  /// What an `accept4` came to.
  enum Acceptance {
    case connection(Int32, CLinux_address)
    case wouldBlock
    /// The peer was gone before it was accepted; the next one may be fine.
    case aborted
    /// This process or the machine has no descriptor left.
    case exhausted
    case failed(Int32)
  }

  /// Runs a call again for as long as a signal interrupts it. `close` must never come through here.
  @inline(__always)
  static func retrying<R: FixedWidthInteger>(_ call: () -> R) -> R {
    while true {
      let result = call()
      if result != -1 || errno != EINTR { return result }
    }
  }

  /// As `retrying`, with a refusal turned into an error.
  @inline(__always)
  @discardableResult
  static func checked(_ name: String, _ call: () -> Int32) throws(SystemError) -> Int32 {
    let result = retrying(call)
    guard result != -1 else { throw SystemError(name, errno) }
    return result
  }

  // MARK: bytes

  /// recv(2)
  @inline(__always)
  static func receive(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Transfer {
    outcome(retrying { recv(descriptor, buffer.baseAddress, buffer.count, 0) })
  }

  /// send(2), which never raises SIGPIPE.
  @inline(__always)
  static func send(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Transfer {
    outcome(retrying { Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL)) })
  }

  @inline(__always)
  private static func outcome(_ result: Int) -> Transfer {
    if result >= 0 { return .bytes(result) }
    let code = errno
    return code == EAGAIN ? .wouldBlock : .failed(code)
  }

  // MARK: sockets

  /// socket(2): a TCP socket that never blocks and is not inherited.
  static func tcpSocket(_ family: Int32) throws(SystemError) -> Int32 {
    let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    return try checked("socket") { socket(family, type, Int32(IPPROTO_TCP)) }
  }

  /// setsockopt(2) with an integer.
  static func setOption(
    _ descriptor: Int32, _ level: Int32, _ name: Int32, _ value: Int32
  ) throws(SystemError) {
    var value = value
    try checked("setsockopt") {
      setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
    }
  }

  /// The address as these calls want it. Not `&address.any`: that would be a copy of its first 16 bytes.
  private static func pointing(
    at address: inout CLinux_address, _ call: (UnsafeMutablePointer<sockaddr>) -> Int32
  ) -> Int32 {
    withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { call($0) }
    }
  }

  /// bind(2)
  static func bind(_ descriptor: Int32, _ address: SocketAddress) throws(SystemError) {
    var (raw, length) = address.systemAddress
    try checked("bind") { pointing(at: &raw) { Glibc.bind(descriptor, $0, length) } }
  }

  /// listen(2)
  static func listen(_ descriptor: Int32, _ backlog: Int32) throws(SystemError) {
    try checked("listen") { Glibc.listen(descriptor, backlog) }
  }

  /// getsockname(2)
  static func localAddress(_ descriptor: Int32) throws(SystemError) -> SocketAddress {
    var raw = CLinux_address()
    var length = socklen_t(MemoryLayout<CLinux_address>.size)
    try checked("getsockname") { pointing(at: &raw) { getsockname(descriptor, $0, &length) } }
    return SocketAddress(raw)
  }

  /// connect(2) on a socket that does not block: the answer comes as writability, and `pendingError` tells it.
  static func connect(_ descriptor: Int32, _ address: SocketAddress) throws(SystemError) {
    var (raw, length) = address.systemAddress
    // EINTR leaves a connect under way, so it is not called again.
    let result = pointing(at: &raw) { Glibc.connect(descriptor, $0, length) }
    if result == -1, errno != EINPROGRESS, errno != EINTR { throw SystemError("connect", errno) }
  }

  /// getsockopt(2) SO_ERROR: how a connect ended. 0 is success.
  static func pendingError(_ descriptor: Int32) -> Int32 {
    var code: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    let result = retrying { getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length) }
    return result == -1 ? errno : code
  }

  /// accept4(2)
  static func accept(_ descriptor: Int32) -> Acceptance {
    var raw = CLinux_address()
    var length = socklen_t(MemoryLayout<CLinux_address>.size)
    let flags = Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let accepted = retrying { pointing(at: &raw) { accept4(descriptor, $0, &length, flags) } }
    if accepted != -1 { return .connection(accepted, raw) }
    switch errno {
    case EAGAIN: return .wouldBlock
    case EMFILE, ENFILE, ENOBUFS, ENOMEM: return .exhausted
    // accept(2): Linux passes pending network errors of the new socket on; they are as good as EAGAIN.
    case ECONNABORTED, ENETDOWN, EPROTO, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP,
      ENETUNREACH, EPERM:
      return .aborted
    default: return .failed(errno)
    }
  }

  /// shutdown(2) of the writing half. A peer that is gone already is no error.
  static func shutdownWrite(_ descriptor: Int32) {
    _ = shutdown(descriptor, Int32(SHUT_WR))
  }

  /// close(2). Linux frees the descriptor even when it reports EINTR: never repeated.
  static func close(_ descriptor: Int32) {
    _ = Glibc.close(descriptor)
  }

  /// open(2) of /dev/null: a descriptor to give up when all others are taken.
  static func reserveDescriptor() -> Int32 {
    retrying { open("/dev/null", O_RDONLY | O_CLOEXEC) }
  }

  /// setrlimit(2): as many descriptors as the machine allows this process. Refused, it stays as it was.
  static func raiseDescriptorLimit() {
    var limit = rlimit()
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    guard getrlimit(resource, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
    limit.rlim_cur = limit.rlim_max
    _ = setrlimit(resource, &limit)
  }

  // MARK: events

  /// epoll_create1(2)
  static func epollCreate() throws(SystemError) -> Int32 {
    try checked("epoll_create1") { epoll_create1(Int32(EPOLL_CLOEXEC)) }
  }

  /// epoll_ctl(2)
  static func epollControl(
    _ epoll: Int32, _ operation: Int32, _ descriptor: Int32, _ events: UInt32, _ token: UInt64
  ) throws(SystemError) {
    var event = epoll_event(events: events, data: epoll_data_t(u64: token))
    try checked("epoll_ctl") { epoll_ctl(epoll, operation, descriptor, &event) }
  }

  /// epoll_wait(2). An interruption comes back as no events, so that the deadlines are looked at.
  @inline(__always)
  static func epollWait(
    _ epoll: Int32, _ events: UnsafeMutablePointer<epoll_event>, _ room: Int32, milliseconds: Int32
  ) -> Int {
    let count = epoll_wait(epoll, events, room, milliseconds)
    precondition(count != -1 || errno == EINTR, "epoll_wait on a descriptor that is not an epoll")
    return max(0, Int(count))
  }

  /// eventfd(2)
  static func eventDescriptor() throws(SystemError) -> Int32 {
    try checked("eventfd") { eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC)) }
  }

  /// write(2) of one to an eventfd. A full counter is as awake as can be.
  static func signal(_ descriptor: Int32) {
    var one: UInt64 = 1
    _ = retrying { write(descriptor, &one, 8) }
  }

  // MARK: files

  /// read(2)
  static func read(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Transfer {
    outcome(retrying { Glibc.read(descriptor, buffer.baseAddress, buffer.count) })
  }

  /// inotify_init1(2)
  static func inotifyCreate() throws(SystemError) -> Int32 {
    try checked("inotify_init1") { inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC)) }
  }

  /// inotify_add_watch(2) for everything that changes what a directory's names stand for.
  static func inotifyAdd(_ inotify: Int32, _ directory: String) throws(SystemError) {
    let events = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO
    try checked("inotify_add_watch") { inotify_add_watch(inotify, directory, UInt32(events)) }
  }
}
