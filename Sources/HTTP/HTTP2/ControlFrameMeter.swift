/// Counts the frames that cost us work and bring none, before nghttp2 sees them.
///
/// Walks the frame headers alone, so every type is counted, also those nghttp2 passes over in silence; and counts with the
/// caller's clock. A client pays one token for each control frame. It gets some back for each request and each frame of an
/// answer, because an honest client's WINDOW_UPDATEs and SETTINGS go along with those.
struct ControlFrameMeter {
  private var control: TokenBucket
  private var resets: TokenBucket
  private let continuationLimit: Int
  private var continuations = 0
  /// Payload bytes to pass over before the next frame header.
  private var skip: Int
  /// A frame header that came in pieces: how many bytes of it, and its first five.
  private var collected = 0
  private var header: UInt64 = 0

  /// Tokens given back per request and per frame sent.
  static let perRequest: UInt64 = 8
  /// DATA frames below this size that do not end a stream count as control frames.
  private static let smallData = 16

  /// `preface`: bytes in front of the first frame.
  init(limits: HTTPLimits, preface: Int, now: UInt64) {
    control = TokenBucket(limits.controlFrames, now: now)
    resets = TokenBucket(limits.streamResets, now: now)
    continuationLimit = limits.continuations
    skip = preface
  }

  /// Looks at what came next; throws when a bound is passed.
  mutating func read(_ bytes: UnsafeRawBufferPointer, now: UInt64) throws(Refusal) {
    var offset = 0
    while offset < bytes.count {
      if skip > 0 {
        let step = min(skip, bytes.count - offset)
        skip -= step
        offset += step
      } else if collected == 0, bytes.count - offset >= HTTP2.frameHeaderBytes {
        let length = Int(bytes[offset]) << 16 | Int(bytes[offset + 1]) << 8 | Int(bytes[offset + 2])
        try count(length: length, type: bytes[offset + 3], flags: bytes[offset + 4], now: now)
        offset += HTTP2.frameHeaderBytes
      } else {
        try collect(bytes[offset], now: now)
        offset += 1
      }
    }
  }

  /// One byte of a frame header that comes in pieces; the last four, the stream, do not matter here.
  private mutating func collect(_ byte: UInt8, now: UInt64) throws(Refusal) {
    if collected < 5 { header = header << 8 | UInt64(byte) }
    collected += 1
    guard collected == HTTP2.frameHeaderBytes else { return }
    let (frame, type, flags) = (header, UInt8(header >> 8 & 0xFF), UInt8(header & 0xFF))
    header = 0
    collected = 0
    try count(length: Int(frame >> 16), type: type, flags: flags, now: now)
  }

  private mutating func count(length: Int, type: UInt8, flags: UInt8, now: UInt64) throws(Refusal) {
    skip = length
    switch type {
    case HTTP2.FrameType.data:
      let isEmptyish = length < Self.smallData || flags & HTTP2.Flag.padded != 0
      if isEmptyish, flags & HTTP2.Flag.endStream == 0 { try chargeControl(now: now) }
    case HTTP2.FrameType.headers: continuations = 0
    case HTTP2.FrameType.continuation:
      continuations += 1
      guard continuations <= continuationLimit else { throw .continuationFlood }
    case HTTP2.FrameType.resetStream: try chargeReset(now: now)
    default: try chargeControl(now: now)
    }
  }

  private mutating func chargeControl(now: UInt64) throws(Refusal) {
    guard control.take(now: now) else { throw .controlFlood }
  }

  /// A stream was reset by the peer, or by us because of what the peer sent on it.
  mutating func chargeReset(now: UInt64) throws(Refusal) {
    guard resets.take(now: now) else { throw .resetFlood }
  }

  /// A request was understood, or a frame of an answer sent.
  mutating func credit(_ tokens: UInt64) { control.give(tokens) }
}
