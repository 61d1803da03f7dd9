public import Logging

/// swift-log's backend: one line per event, into a ``LogSink``.
public struct LineLogHandler: LogHandler {
  /// Fields of every line.
  public var metadata: Logger.Metadata = [:]
  /// Not asked: fields come from the logger and the event alone.
  public var metadataProvider: Logger.MetadataProvider?
  /// The least level that is written.
  public var logLevel: Logger.Level

  private let label: String
  private let sink: LogSink
  private let format: LogFormat

  /// - Parameter label: the logger's name, written as the field `logger`.
  public init(label: String, sink: LogSink, format: LogFormat, level: Logger.Level) {
    self.label = label
    self.sink = sink
    self.format = format
    self.logLevel = level
  }

  /// One field of every line.
  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  /// Writes the event as one line, its fields in the order of their names.
  public func log(event: LogEvent) {
    let merged = metadata.merging(event.metadata ?? [:]) { _, new in new }
    sink.append { buffer in
      var line = LogLine(
        format, time: Timestamp.now(), level: event.level.staticName,
        message: event.message.description, taking: &buffer)
      line.field("logger", label)
      if let error = event.error { line.field("error", "\(error)") }
      for (key, value) in merged.sorted(by: { $0.key < $1.key }) {
        line.dynamicField(key, value.description)
      }
      line.finish(into: &buffer)
    }
  }
}

extension Logger.Level {
  /// The level's name as log lines carry it.
  var staticName: StaticString {
    switch self {
    case .trace: "trace"
    case .debug: "debug"
    case .info: "info"
    case .notice: "notice"
    case .warning: "warning"
    case .error: "error"
    case .critical: "critical"
    }
  }
}
