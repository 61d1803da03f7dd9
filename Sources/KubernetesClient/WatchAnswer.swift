internal import Cluster
internal import KubernetesAPI

/// What an API server answers to a watch, while it comes: one JSON document per line, or a failure. Confined to one task.
final class WatchAnswer {
  /// A failure's explanation is short.
  private static let maximumFailureBytes = 64 << 10

  private let type: ResourceType
  private var reader = AnswerReader()
  private var lines: LineSplitter
  private(set) var status = 0
  private var retryAfter: String?
  private var failure: [UInt8] = []

  init(_ type: ResourceType, maximumEventBytes: Int) {
    self.type = type
    lines = LineSplitter(maximumBytes: maximumEventBytes)
  }

  func begin(status: Int, retryAfter: String?) {
    self.status = status
    self.retryAfter = retryAfter
  }

  /// The events that `bytes` complete. Throws what an event of type ERROR says.
  func events(adding bytes: [UInt8]) throws(ClusterError) -> [WatchEvent] {
    guard status == 200 else {
      failure += bytes.prefix(Self.maximumFailureBytes - failure.count)
      return []
    }
    var events: [WatchEvent] = []
    for line in try lines.lines(adding: bytes) {
      if let event = try reader.event(line, type) { events.append(event) }
    }
    return events
  }

  /// Throws unless the watch has ended in good order.
  func finish(asking summary: String) throws(ClusterError) {
    guard status == 200 else {
      throw reader.failure(status: status, retryAfter: retryAfter, body: failure, asking: summary)
    }
    guard !lines.isInsideLine else { throw .unavailable("\(summary) ended in the middle of an event") }
  }
}
