internal import COpenSSL
internal import Synchronization

/// The keys that encrypt session tickets (RFC 5077, RFC 8446 §4.6.1), so that a client can come back cheaply and the server keeps
/// nothing about it.
///
/// They live in this process alone: a ticket is of no use after a restart or at another replica, and costs the client one full
/// handshake there. A key encrypts for 6 hours and decrypts for 6 more.
///
/// SAFETY: the keys are behind a lock; OpenSSL's pointer to the object is good as long as the context that owns it.
final class TicketKeys: @unchecked Sendable {
  private static let period: Int64 = 6 * 3600

  struct Key {
    let name: [UInt8]
    let encryption: [UInt8]
    let authentication: [UInt8]
    let madeAt: Int64

    init(now: Int64) {
      name = randomBytes(16)
      encryption = randomBytes(32)
      authentication = randomBytes(32)
      madeAt = now
    }
  }

  private let keys: Mutex<(current: Key, previous: Key?)>
  private let clock: @Sendable () -> Int64

  /// - Parameter clock: seconds since 1970.
  init(clock: @escaping @Sendable () -> Int64 = currentUnixTime) {
    self.clock = clock
    keys = Mutex((Key(now: clock()), nil))
  }

  /// The key to encrypt with; a new one when the last has done its time.
  func keyForEncryption() -> Key {
    let now = clock()
    return keys.withLock { keys in
      if now - keys.current.madeAt >= Self.period {
        let isRecent = now - keys.current.madeAt < 2 * Self.period
        keys = (Key(now: now), isRecent ? keys.current : nil)
      }
      return keys.current
    }
  }

  /// The key of that name if it may still decrypt, and whether the client deserves a newer ticket.
  func keyForDecryption(named name: UnsafeBufferPointer<UInt8>) -> (key: Key, isOld: Bool)? {
    let now = clock()
    return keys.withLock { keys in
      for key in [keys.current, keys.previous].compactMap({ $0 })
      where key.name.elementsEqual(name) && now - key.madeAt < 2 * Self.period {
        return (key, now - key.madeAt >= Self.period)
      }
      return nil
    }
  }

  /// Makes a context use these keys; the object must outlive it.
  func install(in context: OpaquePointer) {
    // A client of ours keeps its connection; one ticket for coming back is enough.
    SSL_CTX_set_num_tickets(context, 1)
    COpenSSL_CTX_set_app_data(context, Unmanaged.passUnretained(self).toOpaque())
    COpenSSL_CTX_set_tlsext_ticket_key_evp_cb(context) { ssl, name, vector, cipher, authenticator, encrypts in
      guard let context = SSL_get_SSL_CTX(ssl), let object = COpenSSL_CTX_get_app_data(context), let name,
        let vector
      else { return -1 }
      let keys = Unmanaged<TicketKeys>.fromOpaque(object).takeUnretainedValue()
      if encrypts == 1 {
        let key = keys.keyForEncryption()
        name.update(from: key.name, count: 16)
        guard RAND_bytes(vector, 16) == 1 else { return -1 }
        return key.prepare(cipher, authenticator, vector, encrypts: true) ? 1 : -1
      }
      guard let (key, isOld) = keys.keyForDecryption(named: UnsafeBufferPointer(start: name, count: 16))
      else {
        return 0
      }
      guard key.prepare(cipher, authenticator, vector, encrypts: false) else { return -1 }
      return isOld ? 2 : 1
    }
  }
}

extension TicketKeys.Key {
  /// AES-256-CBC, then HMAC-SHA256, as RFC 5077 §4 recommends.
  fileprivate func prepare(
    _ cipher: OpaquePointer?, _ authenticator: OpaquePointer?, _ vector: UnsafePointer<UInt8>, encrypts: Bool
  ) -> Bool {
    guard EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nil, encryption, vector, encrypts ? 1 : 0) == 1 else {
      return false
    }
    return COpenSSL_MAC_set_sha256_key(authenticator, authentication, authentication.count) == 1
  }
}
