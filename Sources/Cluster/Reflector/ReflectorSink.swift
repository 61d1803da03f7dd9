public import JSON
internal import Synchronization

/// Whom a reflector tells: what an object means, and what to do with it.
///
/// All are called one after another, never at the same time; they must not block for long, as the watch waits.
public struct ReflectorSink<Value: Sendable>: Sendable {
  /// What an object means; the view must not leave it.
  public let reading: @Sendable (JSONView) throws -> Value
  /// These are all objects there are; whatever else was known is gone.
  public let replaceAll: @Sendable (consuming [Value]) -> Void
  /// The object is new or changed.
  public let upsert: @Sendable (Value) -> Void
  /// The object is gone.
  public let remove: @Sendable (ObjectKey) -> Void

  private let parser = SharedParser()

  /// A sink of four functions.
  public init(
    reading: @escaping @Sendable (JSONView) throws -> Value,
    replaceAll: @escaping @Sendable (consuming [Value]) -> Void,
    upsert: @escaping @Sendable (Value) -> Void,
    remove: @escaping @Sendable (ObjectKey) -> Void
  ) {
    self.reading = reading
    self.replaceAll = replaceAll
    self.upsert = upsert
    self.remove = remove
  }

  /// What an object means.
  public func decode(_ object: ClusterObject) throws -> Value { try parser.read(object.json, reading) }
}

/// One parser for all objects of a reflector.
private final class SharedParser: Sendable {
  private let parser = Mutex(JSONParser())

  func read<Value: Sendable>(
    _ json: [UInt8], _ body: @Sendable (JSONView) throws -> Value
  ) throws -> Value {
    try parser.withLock { try $0.read(json, body) }
  }
}
