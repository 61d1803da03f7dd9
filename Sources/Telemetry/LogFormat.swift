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
  private var buffer = LineBuffer()
  private let format: LogFormat

  /// Begins a line with its time (milliseconds since 1970, UTC), level and message.
  public init(
    _ format: LogFormat, time milliseconds: UInt64, level: StaticString, message: String,
    taking buffer: inout LineBuffer
  ) {
    self.format = format
    swap(&self.buffer, &buffer)
    var message = message
    switch format {
    case .text:
      self.buffer.append(time: milliseconds)
      append(" ")
      append(level)
      append(" ")
      message.withUTF8 { appendPlain($0) }
    case .json:
      append("{\"time\":\"")
      self.buffer.append(time: milliseconds)
      append("\",\"level\":\"")
      append(level)
      append("\",\"message\":")
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
    if format == .json { append("\"") }
    append(value)
    if format == .json { append("\"") }
  }

  /// Adds a truth value.
  public mutating func field(_ key: StaticString, _ value: Bool) {
    begin(key)
    append(value ? "true" : "false")
  }

  /// Adds a duration as milliseconds with three decimals.
  public mutating func milliseconds(_ key: StaticString, nanoseconds: UInt64) {
    begin(key)
    let microseconds = nanoseconds / 1000
    append(decimal: microseconds / 1000)
    let fraction = UInt8.digits(microseconds % 1000)
    buffer.room(for: 4) { target in
      target[0] = UInt8(ascii: ".")
      (target[1], target[2], target[3]) = fraction
      return 4
    }
  }

  /// Ends the line and gives the buffer back, the line and its newline at its end.
  public consuming func finish(into buffer: inout LineBuffer) {
    append(format == .json ? "}\n" : "\n")
    swap(&self.buffer, &buffer)
  }

  /// Adds a field whose key is only known at run time.
  mutating func dynamicField(_ key: String, _ value: String) {
    var key = key
    var value = value
    append(format == .json ? "," : " ")
    key.withUTF8 { format == .json ? appendQuoted($0) : appendPlain($0) }
    append(format == .json ? ":" : "=")
    value.withUTF8 { $0.isEmpty ? append("\"\"") : append($0) }
  }
}

// MARK: bytes

extension LogLine {
  private mutating func append(_ text: StaticString) {
    text.withUTF8Buffer { buffer.append($0) }
  }

  private mutating func append(_ byte: UInt8) {
    buffer.room(for: 1) { target in
      target.pointee = byte
      return 1
    }
  }

  /// The key, and what stands around one in the format.
  private mutating func begin(_ key: StaticString) {
    let isJSON = format == .json
    key.withUTF8Buffer { key in
      guard let source = key.baseAddress else { return }
      buffer.room(for: key.count + 4) { target in
        var at = isJSON ? 2 : 1
        target[0] = UInt8(ascii: isJSON ? "," : " ")
        if isJSON { target[1] = UInt8(ascii: "\"") }
        (target + at).update(from: source, count: key.count)
        at += key.count
        if isJSON {
          target[at] = UInt8(ascii: "\"")
          at += 1
        }
        target[at] = UInt8(ascii: isJSON ? ":" : "=")
        return at + 1
      }
    }
  }

  /// A value that is not empty, in quotes where the format or its bytes ask for them.
  private mutating func append(_ value: UnsafeBufferPointer<UInt8>) {
    guard let source = value.baseAddress else { return }
    let isText = format == .text
    var isWritten = false
    buffer.room(for: value.count + 2) { target in
      let first = isText ? 0 : 1
      var refused: UInt8 = 0
      for place in 0..<value.count {
        let byte = source[place]
        target[first + place] = byte
        refused |= isText ? PlainBytes.refusedInText(byte) : PlainBytes.refusedInJSON(byte)
      }
      isWritten = refused == 0
      guard isWritten else { return 0 }
      if isText { return value.count }
      target[0] = UInt8(ascii: "\"")
      target[value.count + 1] = UInt8(ascii: "\"")
      return value.count + 2
    }
    if !isWritten { appendQuoted(value) }
  }

  /// Text as it is, with control characters made spaces, so that a value never starts a line of its own.
  private mutating func appendPlain(_ text: UnsafeBufferPointer<UInt8>) {
    buffer.room(for: text.count) { target in
      for (place, byte) in text.enumerated() {
        target[place] = byte < 0x20 || byte == 0x7f ? UInt8(ascii: " ") : byte
      }
      return text.count
    }
  }

  private mutating func appendQuoted(_ value: UnsafeBufferPointer<UInt8>) {
    append("\"")
    for byte in value {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        append("\\")
        append(byte)
      case 0..<0x20, 0x7f:
        append("\\u00")
        append(Self.hexDigit(byte >> 4))
        append(Self.hexDigit(byte & 15))
      default:
        append(byte)
      }
    }
    append("\"")
  }

  private static func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }

  private mutating func append(decimal value: UInt64) {
    if value >= 10 { append(decimal: value / 10) }
    append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value % 10))
  }
}

/// Which bytes stand for themselves; as arithmetic without branches, so that many are looked at together.
private enum PlainBytes {
  /// Not 0 for what needs quotes in the text format: what cannot be seen, is not ASCII, or has a meaning there.
  @inline(__always)
  static func refusedInText(_ byte: UInt8) -> UInt8 {
    let isOutside: UInt8 = byte &- 0x21 < 0x5E ? 0 : 1
    return isOutside | marks(byte, "=") | refusedInJSON(byte)
  }

  /// Not 0 for what must be escaped in a JSON string.
  @inline(__always)
  static func refusedInJSON(_ byte: UInt8) -> UInt8 {
    (byte < 0x20 || byte == 0x7f ? 1 : 0) | marks(byte, "\"") | marks(byte, "\\")
  }

  @inline(__always)
  private static func marks(_ byte: UInt8, _ scalar: Unicode.Scalar) -> UInt8 {
    byte == UInt8(ascii: scalar) ? 1 : 0
  }
}

extension UInt8 {
  /// The three decimal digits of a number below 1000.
  fileprivate static func digits(_ value: UInt64) -> (UInt8, UInt8, UInt8) {
    let zero = UInt8(ascii: "0")
    return (zero + UInt8(value / 100), zero + UInt8(value / 10 % 10), zero + UInt8(value % 10))
  }
}
