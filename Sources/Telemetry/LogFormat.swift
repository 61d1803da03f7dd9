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
      level.withUTF8Buffer { bytes.append(contentsOf: $0) }
      bytes.append(UInt8(ascii: " "))
      LogLine.appendPlain(message, to: &bytes)
    case .json:
      bytes.append(contentsOf: "{\"time\":\"".utf8)
      Timestamp.write(milliseconds, into: &bytes)
      bytes.append(contentsOf: "\",\"level\":\"".utf8)
      level.withUTF8Buffer { bytes.append(contentsOf: $0) }
      bytes.append(contentsOf: "\",\"message\":".utf8)
      LogLine.appendQuoted(message.utf8, to: &bytes)
    }
  }

  /// Adds a text field; an empty value is left out.
  public mutating func field(_ key: StaticString, _ value: some Collection<UInt8>) {
    if value.isEmpty { return }
    begin(key)
    if format == .text, value.allSatisfy(LogLine.isPlain) {
      bytes.append(contentsOf: value)
    } else {
      LogLine.appendQuoted(value, to: &bytes)
    }
  }

  /// Adds a text field; an empty value is left out.
  public mutating func field(_ key: StaticString, _ value: String) {
    field(key, value.utf8)
  }

  /// Adds a text field known when the program was built.
  public mutating func field(_ key: StaticString, _ value: StaticString) {
    begin(key)
    if format == .json { bytes.append(UInt8(ascii: "\"")) }
    value.withUTF8Buffer { bytes.append(contentsOf: $0) }
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
    LogLine.appendDecimal(microseconds / 1000, to: &bytes)
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
    switch format {
    case .text:
      bytes.append(UInt8(ascii: " "))
      LogLine.appendPlain(key, to: &bytes)
      bytes.append(UInt8(ascii: "="))
      if !value.isEmpty, value.utf8.allSatisfy(LogLine.isPlain) {
        bytes.append(contentsOf: value.utf8)
      } else {
        LogLine.appendQuoted(value.utf8, to: &bytes)
      }
    case .json:
      bytes.append(UInt8(ascii: ","))
      LogLine.appendQuoted(key.utf8, to: &bytes)
      bytes.append(UInt8(ascii: ":"))
      LogLine.appendQuoted(value.utf8, to: &bytes)
    }
  }

  private mutating func begin(_ key: StaticString) {
    switch format {
    case .text:
      bytes.append(UInt8(ascii: " "))
      key.withUTF8Buffer { bytes.append(contentsOf: $0) }
      bytes.append(UInt8(ascii: "="))
    case .json:
      bytes.append(contentsOf: ",\"".utf8)
      key.withUTF8Buffer { bytes.append(contentsOf: $0) }
      bytes.append(contentsOf: "\":".utf8)
    }
  }

  /// A byte that needs no quotes in the text format.
  private static func isPlain(_ byte: UInt8) -> Bool {
    byte > 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "=") && byte != UInt8(ascii: "\\")
      && byte < 0x7f
  }

  /// Text as it is, with control characters made visible so that a value never starts a line of its own.
  private static func appendPlain(_ text: String, to bytes: inout [UInt8]) {
    for byte in text.utf8 {
      bytes.append(byte < 0x20 || byte == 0x7f ? UInt8(ascii: " ") : byte)
    }
  }

  private static func appendQuoted(_ value: some Collection<UInt8>, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    for byte in value {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(byte)
      case 0..<0x20, 0x7f:
        let digits = Array("0123456789abcdef".utf8)
        bytes.append(contentsOf: "\\u00".utf8)
        bytes.append(digits[Int(byte >> 4)])
        bytes.append(digits[Int(byte & 15)])
      default:
        bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private static func appendDecimal(_ value: UInt64, to bytes: inout [UInt8]) {
    if value >= 10 { appendDecimal(value / 10, to: &bytes) }
    bytes.append(UInt8(ascii: "0") + UInt8(value % 10))
  }
}
