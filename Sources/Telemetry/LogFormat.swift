/// How a log line looks.
public enum LogFormat: String, Sendable, CaseIterable {
  /// `2026-01-02T03:04:05.678Z info message key=value key="two words"`
  case text
  /// One JSON object per line, with `time`, `level`, `message` and the fields beside them.
  case json
}

/// Writes one log line in either format straight into the sink's buffer.
///
/// The buffer is taken over by `init` and given back by `finish(into:)`, so that nothing is copied.
public struct LogLine: ~Copyable {
  private var bytes: [UInt8]
  private let format: LogFormat

  /// Begins a line with its time (milliseconds since 1970, UTC), level and message.
  public init(
    _ format: LogFormat, time milliseconds: UInt64, level: StaticString, message: String,
    taking buffer: inout [UInt8]
  ) {
    self.format = format
    bytes = []
    swap(&bytes, &buffer)
    switch format {
    case .text:
      Timestamp.write(milliseconds, into: &bytes)
      bytes.append(UInt8(ascii: " "))
      append(text: level)
      bytes.append(UInt8(ascii: " "))
      var message = message
      message.withUTF8 { appendPlain($0) }
    case .json:
      append(text: "{\"time\":\"")
      Timestamp.write(milliseconds, into: &bytes)
      append(text: "\",\"level\":\"")
      append(text: level)
      append(text: "\",\"message\":")
      var message = message
      message.withUTF8 { appendQuoted($0) }
    }
  }

  /// Adds a text field of UTF-8 bytes; an empty value is left out.
  public mutating func field(_ key: StaticString, _ value: UnsafeBufferPointer<UInt8>) {
    if value.isEmpty { return }
    begin(key)
    append(value)
  }

  /// Adds a text field; an empty value is left out.
  public mutating func field(_ key: StaticString, _ value: String) {
    var value = value
    value.withUTF8 { field(key, $0) }
  }

  /// Adds a text field known when the program was built.
  public mutating func field(_ key: StaticString, _ value: StaticString) {
    begin(key)
    if format == .json { bytes.append(UInt8(ascii: "\"")) }
    append(text: value)
    if format == .json { bytes.append(UInt8(ascii: "\"")) }
  }

  /// Adds a truth value.
  public mutating func field(_ key: StaticString, _ value: Bool) {
    begin(key)
    bytes.append(contentsOf: (value ? "true" : "false").utf8)
  }

  /// Adds a duration as milliseconds with three decimals.
  public mutating func milliseconds(_ key: StaticString, nanoseconds: UInt64) {
    begin(key)
    let microseconds = nanoseconds / 1000
    append(decimal: microseconds / 1000)
    bytes.append(UInt8(ascii: "."))
    let fraction = microseconds % 1000
    bytes.append(UInt8(ascii: "0") + UInt8(fraction / 100))
    bytes.append(UInt8(ascii: "0") + UInt8(fraction / 10 % 10))
    bytes.append(UInt8(ascii: "0") + UInt8(fraction % 10))
  }

  /// Ends the line and gives the buffer back, the line and its newline at its end.
  public consuming func finish(into buffer: inout [UInt8]) {
    if format == .json { bytes.append(UInt8(ascii: "}")) }
    bytes.append(UInt8(ascii: "\n"))
    swap(&bytes, &buffer)
  }

  /// Adds a field whose key is only known at run time.
  mutating func dynamicField(_ key: String, _ value: String) {
    var key = key
    var value = value
    key.withUTF8 { key in
      bytes.append(UInt8(ascii: format == .json ? "," : " "))
      if format == .json { appendQuoted(key) } else { appendPlain(key) }
      bytes.append(UInt8(ascii: format == .json ? ":" : "="))
    }
    value.withUTF8 { $0.isEmpty ? bytes.append(contentsOf: "\"\"".utf8) : append($0) }
  }

  private mutating func begin(_ key: StaticString) {
    switch format {
    case .text:
      bytes.append(UInt8(ascii: " "))
      append(text: key)
      bytes.append(UInt8(ascii: "="))
    case .json:
      append(text: ",\"")
      append(text: key)
      append(text: "\":")
    }
  }

  /// A value that is not empty, in quotes where the format or its bytes ask for them.
  private mutating func append(_ value: UnsafeBufferPointer<UInt8>) {
    if format == .text, Self.isPlain(value) {
      bytes.append(contentsOf: value)
    } else {
      appendQuoted(value)
    }
  }

  private mutating func append(text: StaticString) {
    bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// Whether the bytes need no quotes in the text format.
  private static func isPlain(_ value: UnsafeBufferPointer<UInt8>) -> Bool {
    for byte in value {
      if byte <= 0x20 || byte >= 0x7f { return false }
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "=") || byte == UInt8(ascii: "\\") {
        return false
      }
    }
    return true
  }

  /// Text as it is, with control characters made spaces, so that a value never starts a line of its own.
  private mutating func appendPlain(_ text: UnsafeBufferPointer<UInt8>) {
    for byte in text { bytes.append(byte < 0x20 || byte == 0x7f ? UInt8(ascii: " ") : byte) }
  }

  private mutating func appendQuoted(_ value: UnsafeBufferPointer<UInt8>) {
    bytes.append(UInt8(ascii: "\""))
    for byte in value {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(byte)
      case 0..<0x20, 0x7f:
        append(text: "\\u00")
        bytes.append(Self.hexDigit(byte >> 4))
        bytes.append(Self.hexDigit(byte & 15))
      default:
        bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private static func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }

  private mutating func append(decimal value: UInt64) {
    if value >= 10 { append(decimal: value / 10) }
    bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value % 10))
  }
}
