internal import Synchronization
internal import TLS

/// The token to send now. A token in a file is read again once a minute, and when the API server does not accept it: the kubelet
/// replaces a service account's token before it expires.
final class TokenSource: Sendable {
  private struct Cached {
    var token: String?
    var readAt: UInt64?
  }

  private static let period: UInt64 = 60_000_000_000

  private let token: BearerToken
  private let read: @Sendable (String) throws(TLSError) -> [UInt8]
  private let cached = Mutex(Cached())

  /// - Parameter read: reads a whole file.
  init(
    _ token: BearerToken,
    read: @escaping @Sendable (String) throws(TLSError) -> [UInt8] = { path throws(TLSError) in
      try readCredentialFile(path)
    }
  ) {
    self.token = token
    self.read = read
  }

  /// The token, nil if none is to be sent.
  /// - Parameter now: monotonic nanoseconds.
  /// - Throws: when the file cannot be read and no earlier token is known.
  func current(now: UInt64) throws(AccessError) -> String? {
    switch token {
    case .none: return nil
    case .fixed(let token): return token
    case .file(let path, let fallback):
      return try cached.withLock { cached throws(AccessError) in
        if let readAt = cached.readAt, now - readAt < Self.period, let token = cached.token { return token }
        do throws(TLSError) {
          cached.token = String(decoding: try read(path), as: UTF8.self).trimmed
        } catch {
          guard let last = cached.token ?? fallback else { throw AccessError("no token: \(error)") }
          cached.token = last
        }
        cached.readAt = now
        return cached.token
      }
    }
  }

  /// The API server did not accept `rejected`.
  /// - Returns: whether there is another one to try.
  func replace(_ rejected: String?, now: UInt64) throws(AccessError) -> Bool {
    guard case .file = token else { return false }
    cached.withLock { $0.readAt = nil }
    return try current(now: now) != rejected
  }
}
