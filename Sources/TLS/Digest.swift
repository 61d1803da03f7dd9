internal import COpenSSL

/// The SHA-256 digest of `bytes`: 32 bytes.
public func sha256(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
  OpenSSL.prepare()
  return [UInt8](unsafeUninitializedCapacity: 32) { digest, count in
    let done = EVP_Digest(bytes.baseAddress, bytes.count, digest.baseAddress, nil, EVP_sha256(), nil)
    precondition(done == 1, "SHA-256 needs nothing that can be missing")
    count = 32
  }
}

/// The SHA-256 digest of `bytes`: 32 bytes.
public func sha256(_ bytes: [UInt8]) -> [UInt8] {
  bytes.withUnsafeBytes { sha256($0) }
}

/// The HMAC of `message` with SHA-256 (RFC 2104): 32 bytes.
public func hmacSHA256(key: [UInt8], message: [UInt8]) -> [UInt8] {
  OpenSSL.prepare()
  return [UInt8](unsafeUninitializedCapacity: 32) { code, count in
    let done = HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, code.baseAddress, nil)
    precondition(done != nil, "HMAC-SHA256 needs nothing that can be missing")
    count = 32
  }
}

/// Whether both are the same, in a time that does not tell where they differ.
public func equalInConstantTime(_ one: [UInt8], _ other: [UInt8]) -> Bool {
  one.count == other.count && CRYPTO_memcmp(one, other, one.count) == 0
}

/// Bytes that nobody can foretell.
public func randomBytes(_ count: Int) -> [UInt8] {
  OpenSSL.prepare()
  return [UInt8](unsafeUninitializedCapacity: count) { bytes, filled in
    let done = RAND_bytes(bytes.baseAddress, Int32(count))
    precondition(done == 1, "the machine has no randomness")
    filled = count
  }
}
