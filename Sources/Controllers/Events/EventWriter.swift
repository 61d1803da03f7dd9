internal import Cluster
internal import JSON
internal import KubernetesAPI

/// Writes one event after another: as a new Event, or by counting up one that says the same.
struct EventWriter: Sendable {
  /// What was done.
  enum Outcome {
    case created, counted
  }

  let store: any ClusterStore
  let component: String
  let options: EventOptions

  /// Writes an event, and remembers it for the next equal one.
  func write(
    _ entry: EventQueue.Entry, _ memory: inout EventMemory
  ) async throws(ClusterError) -> Outcome {
    let content = entry.content
    if var event = memory.find(content, at: entry.first) {
      event.count += entry.count
      event.last = entry.last
      // Before the write: if it fails, the next one makes up for it.
      memory.remember(content, event)
      if try await countUp(content, event) { return .counted }
      // Deleted, or at the end of its time.
      memory.forget(content)
    }
    let name = content.name(options.unique())
    try await create(entry, name)
    memory.remember(content, EventMemory.Written(name: name, count: entry.count, last: entry.last))
    return .created
  }

  /// False when the Event is not there any more.
  private func countUp(
    _ content: EventContent, _ event: EventMemory.Written
  ) async throws(ClusterError) -> Bool {
    let patch: JSONValue = [
      "count": .int(Int64(event.count)), "lastTimestamp": .string(ObjectTime.text(seconds: event.last)),
    ]
    let json = patch.bytes
    return try await repeated { _ throws(ClusterError) in
      do throws(ClusterError) {
        _ = try await store.patch(.event, namespace: content.namespace, name: event.name, mergePatch: json)
        return true
      } catch {
        if case .notFound = error { return false }
        throw error
      }
    }
  }

  private func create(_ entry: EventQueue.Entry, _ name: String) async throws(ClusterError) {
    let json = event(entry, name).bytes
    try await repeated { isRepeated throws(ClusterError) in
      do throws(ClusterError) {
        _ = try await store.create(.event, namespace: entry.content.namespace, json: json)
      } catch {
        // Then the try before it was done, and only its answer was lost.
        if isRepeated, case .alreadyExists = error { return }
        throw error
      }
    }
  }

  private func event(_ entry: EventQueue.Entry, _ name: String) -> JSONValue {
    let content = entry.content
    var object: JSONValue = [
      "apiVersion": .string(content.object.apiVersion), "kind": .string(content.object.kind),
      "name": .string(content.object.name),
    ]
    object["namespace"] = content.object.namespace.map { .string($0) }
    object["uid"] = content.object.uid.isEmpty ? nil : .string(content.object.uid)
    return [
      "apiVersion": .string(ResourceType.event.apiVersion), "kind": .string(ResourceType.event.kind),
      "metadata": ["name": .string(name), "namespace": .string(content.namespace)],
      "involvedObject": object, "type": .string(content.kind.rawValue), "reason": .string(content.reason),
      "message": .string(content.message), "count": .int(Int64(entry.count)),
      "firstTimestamp": .string(ObjectTime.text(seconds: entry.first)),
      "lastTimestamp": .string(ObjectTime.text(seconds: entry.last)),
      "source": ["component": .string(component)], "reportingComponent": .string(component),
    ]
  }

  /// Tries a write again while the API server is away, a few times.
  private func repeated<Value>(
    _ write: (_ isRepeated: Bool) async throws(ClusterError) -> Value
  ) async throws(ClusterError) -> Value {
    var tries = 0
    while true {
      tries += 1
      do throws(ClusterError) { return try await write(tries > 1) } catch {
        guard error.isPassing, tries < options.attempts, !Task.isCancelled else { throw error }
      }
      await options.sleep(options.pause * (1 << (tries - 1)))
    }
  }
}

extension ClusterError {
  /// Whether the same request may do better in a moment.
  var isPassing: Bool {
    switch self {
    case .timeout, .unavailable, .tooManyRequests: true
    default: false
    }
  }
}
