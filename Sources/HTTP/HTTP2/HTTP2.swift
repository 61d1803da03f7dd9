internal import CNghttp2

/// What there is to know of HTTP/2 as such: the library behind it, and the numbers of RFC 9113.
public enum HTTP2 {
  /// The oldest nghttp2 with a bound on CONTINUATION frames and on stream resets; as its own version number.
  private static let oldestVersion: Int32 = 0x013400

  /// The version of the nghttp2 that is loaded, as text: "1.52.0".
  public static var versionText: String {
    guard let information = nghttp2_version(0) else { return "unknown" }
    return String(cString: information.pointee.version_str)
  }

  /// Whether the nghttp2 that is loaded is at least 1.52.0. If not, HTTP/2 must not be offered.
  public static var isAvailable: Bool { nghttp2_version(oldestVersion) != nil }

  /// Frame types (RFC 9113 §6).
  enum FrameType {
    static let data: UInt8 = 0
    static let headers: UInt8 = 1
    static let priority: UInt8 = 2
    static let resetStream: UInt8 = 3
    static let settings: UInt8 = 4
    static let ping: UInt8 = 6
    static let goAway: UInt8 = 7
    static let windowUpdate: UInt8 = 8
    static let continuation: UInt8 = 9
  }

  /// Frame flags (RFC 9113 §6).
  enum Flag {
    static let endStream: UInt8 = 0x1
    static let acknowledgement: UInt8 = 0x1
    static let endHeaders: UInt8 = 0x4
    static let padded: UInt8 = 0x8
  }

  /// Error codes (RFC 9113 §7).
  enum ErrorCode {
    static let noError: UInt32 = 0
    static let protocolError: UInt32 = 1
    static let internalError: UInt32 = 2
    static let refusedStream: UInt32 = 7
    static let cancel: UInt32 = 8
    static let enhanceYourCalm: UInt32 = 0xB
  }

  static let frameHeaderBytes = 9
  static let clientPreface: StaticString = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

  /// A whole GOAWAY frame, for the end of a connection whose session is no longer asked.
  static func goAway(lastStream: Int32, code: UInt32) -> [UInt8] {
    var frame: [UInt8] = [0, 0, 8, FrameType.goAway, 0, 0, 0, 0, 0]
    for value in [UInt32(bitPattern: lastStream), code] {
      withUnsafeBytes(of: value.bigEndian) { frame.append(contentsOf: $0) }
    }
    return frame
  }
}
