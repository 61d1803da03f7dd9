internal import ArgumentParser
internal import Cluster

/// A length of time on the command line: `500ms`, `30s`, `2m`, `1h`.
struct DurationArgument: ExpressibleByArgument, CustomStringConvertible {
  let duration: Duration

  var nanoseconds: UInt64 { duration.nanoseconds }

  var milliseconds: UInt64 { nanoseconds / 1_000_000 }

  init(_ duration: Duration) {
    self.duration = duration
  }

  init?(argument: String) {
    let digits = argument.prefix { $0.isASCII && $0.isNumber }
    guard let count = Int64(digits), count <= 1_000_000_000 else { return nil }
    switch argument.dropFirst(digits.count) {
    case "ms": duration = .milliseconds(count)
    case "s": duration = .seconds(count)
    case "m": duration = .seconds(count * 60)
    case "h": duration = .seconds(count * 3600)
    default: return nil
    }
  }

  var description: String {
    let (seconds, attoseconds) = duration.components
    let milliseconds = attoseconds / 1_000_000_000_000_000
    return milliseconds == 0 ? "\(seconds)s" : "\(seconds * 1000 + milliseconds)ms"
  }

  var defaultValueDescription: String { description }
}
