import Foundation
import Glibc

/// The other end of a connection, written with blocking system calls, so that it shares no code with what is tested.
///
/// SAFETY: one thread may send while another receives; nothing else is done at the same time.
final class RawPeer: @unchecked Sendable {
  private var descriptor: Int32

  /// Not connected yet.
  init(receiveBuffer: Int32? = nil) {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    if var size = receiveBuffer {
      setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    }
    // Nothing here waits for ever.
    var patience = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
  }

  /// Connected to `port` of this machine.
  convenience init(port: UInt16, receiveBuffer: Int32? = nil) throws {
    self.init(receiveBuffer: receiveBuffer)
    try connect(port)
  }

  func connect(_ port: UInt16) throws {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw RawPeerError(call: "connect", code: errno) }
  }

  deinit {
    close()
  }

  func send(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw RawPeerError(call: "send", code: errno) }
      rest = rest.dropFirst(count)
    }
  }

  func send(_ text: String) throws {
    try send(Array(text.utf8))
  }

  /// What comes until `count` bytes are there, or the end.
  func receive(_ count: Int = .max) throws -> [UInt8] {
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while all.count < count {
      let room = min(buffer.count, count - all.count)
      let received = recv(descriptor, &buffer, room, 0)
      guard received >= 0 else { throw RawPeerError(call: "recv", code: errno) }
      if received == 0 { break }
      all += buffer[..<received]
    }
    return all
  }

  func shutdownWrite() {
    shutdown(descriptor, Int32(SHUT_WR))
  }

  /// Goes without a word: the other end gets a RST.
  func reset() {
    var now = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
    close()
  }

  func close() {
    if descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
  }
}

struct RawPeerError: Error {
  let call: String
  let code: Int32
}

/// Runs what blocks on a thread of its own: the threads that tests share are few.
func onThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
  try await withCheckedThrowingContinuation { continuation in
    Foundation.Thread { continuation.resume(with: Swift.Result { try body() }) }.start()
  }
}
