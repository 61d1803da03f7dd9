internal import COpenSSL

/// The two ends of the wire as OpenSSL sees them: ciphertext that came, and ciphertext that waits to be sent.
///
/// A BIO of its own, and not OpenSSL's memory BIO, because the peer's bytes are then read where they lie, without a copy,
/// and because both buffers vanish when they are empty: an idle connection holds neither.
struct SessionIO {
  /// The next byte that OpenSSL has not taken; either the caller's, for the length of one call, or in `held`.
  private var input: UnsafeRawPointer?
  private(set) var inputCount = 0
  /// What had to be kept of the input beyond the call that brought it.
  private var held: UnsafeMutableRawPointer?

  private var output: UnsafeMutableRawPointer?
  private var outputStart = 0
  private var outputEnd = 0
  private var outputCapacity = 0

  /// Ciphertext that waits to be sent; valid until the next change.
  var waitingOutput: UnsafeRawBufferPointer {
    guard let output else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    return UnsafeRawBufferPointer(start: output + outputStart, count: outputEnd - outputStart)
  }

  /// Puts `bytes` behind what is left, without copying them if nothing is left.
  /// They must be taken or held before the caller's pointer ends.
  mutating func lend(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count > 0 else { return }
    guard inputCount == 0 else { return hold(with: bytes) }
    releaseHeld()
    input = bytes.baseAddress
    inputCount = bytes.count
  }

  /// Copies what is left of the lent bytes, so that their owner may reuse them.
  mutating func hold() {
    if inputCount == 0 {
      releaseHeld()
    } else if held == nil {
      hold(with: UnsafeRawBufferPointer(start: nil, count: 0))
    }
  }

  private mutating func hold(with more: UnsafeRawBufferPointer) {
    let whole = UnsafeMutableRawPointer.allocate(byteCount: inputCount + more.count, alignment: 1)
    if let input { whole.copyMemory(from: input, byteCount: inputCount) }
    if let base = more.baseAddress { (whole + inputCount).copyMemory(from: base, byteCount: more.count) }
    let count = inputCount + more.count
    releaseHeld()
    held = whole
    input = UnsafeRawPointer(whole)
    inputCount = count
  }

  private mutating func releaseHeld() {
    held?.deallocate()
    held = nil
    input = nil
  }

  fileprivate mutating func take(into destination: UnsafeMutableRawPointer, _ limit: Int) -> Int {
    guard let input, inputCount > 0 else { return 0 }
    let count = min(limit, inputCount)
    destination.copyMemory(from: input, byteCount: count)
    self.input = input + count
    inputCount -= count
    return count
  }

  fileprivate mutating func append(_ bytes: UnsafeRawPointer, _ count: Int) {
    if outputEnd + count > outputCapacity { growOutput(by: count) }
    guard let output else { return }
    (output + outputEnd).copyMemory(from: bytes, byteCount: count)
    outputEnd += count
  }

  private mutating func growOutput(by count: Int) {
    let waiting = outputEnd - outputStart
    let capacity = max(2048, waiting + count, outputCapacity * 2)
    let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 1)
    if let output {
      larger.copyMemory(from: output + outputStart, byteCount: waiting)
      output.deallocate()
    }
    output = larger
    outputStart = 0
    outputEnd = waiting
    outputCapacity = capacity
  }

  /// Forgets the first `count` bytes of the output; they were sent.
  mutating func consumeOutput(_ count: Int) {
    precondition(count <= outputEnd - outputStart, "more ciphertext sent than was waiting")
    outputStart += count
    if outputStart == outputEnd { releaseOutput() }
  }

  private mutating func releaseOutput() {
    output?.deallocate()
    output = nil
    outputStart = 0
    outputEnd = 0
    outputCapacity = 0
  }

  /// Frees both buffers.
  mutating func release() {
    releaseHeld()
    inputCount = 0
    releaseOutput()
  }
}

extension SessionIO {
  /// The BIO method table: one for the process, never freed.
  ///
  /// SAFETY: written once, before its first use, and only read by OpenSSL afterwards.
  private nonisolated(unsafe) static let method: OpaquePointer? = {
    guard let method = BIO_meth_new(BIO_get_new_index() | Int32(BIO_TYPE_SOURCE_SINK), "session") else {
      return nil
    }
    BIO_meth_set_create(method) { bio in
      BIO_set_init(bio, 1)
      return 1
    }
    BIO_meth_set_read(method) { bio, bytes, limit in
      COpenSSL_BIO_clear_retry_flags(bio)
      guard let io = SessionIO.pointer(bio), let bytes else { return -1 }
      let count = io.pointee.take(into: UnsafeMutableRawPointer(bytes), Int(limit))
      if count > 0 { return Int32(count) }
      COpenSSL_BIO_set_retry_read(bio)
      return -1
    }
    BIO_meth_set_write(method) { bio, bytes, count in
      COpenSSL_BIO_clear_retry_flags(bio)
      guard let io = SessionIO.pointer(bio), let bytes else { return -1 }
      io.pointee.append(UnsafeRawPointer(bytes), Int(count))
      return count
    }
    BIO_meth_set_ctrl(method) { _, command, _, _ in
      command == BIO_CTRL_FLUSH ? 1 : 0
    }
    return method
  }()

  /// A new BIO that reads from and writes to `io`, which must outlive it; the caller owns the BIO.
  static func makeBIO(_ io: UnsafeMutablePointer<SessionIO>) -> OpaquePointer? {
    guard let method, let bio = BIO_new(method) else { return nil }
    BIO_set_data(bio, io)
    return bio
  }

  @inline(__always)
  private static func pointer(_ bio: OpaquePointer?) -> UnsafeMutablePointer<SessionIO>? {
    BIO_get_data(bio)?.assumingMemoryBound(to: SessionIO.self)
  }
}
