/// The place of a field in an object, as Kubernetes writes it: `spec.ips[0]`, `metadata.labels[app]`.
///
/// Made only when something is to be said about the field, so it is its text.
public struct FieldPath: Sendable, Hashable, CustomStringConvertible {
  /// The path as text.
  public let description: String

  /// A path of one field.
  public init(_ name: String) { description = name }

  /// A field of the object at this path.
  public func child(_ name: String) -> FieldPath {
    description.isEmpty ? FieldPath(name) : FieldPath("\(description).\(name)")
  }

  /// An element of the list at this path.
  public func index(_ position: Int) -> FieldPath { FieldPath("\(description)[\(position)]") }

  /// An entry of the map at this path.
  public func key(_ key: String) -> FieldPath { FieldPath("\(description)[\(key)]") }

  /// `spec`.
  public static var spec: FieldPath { FieldPath("spec") }
  /// `metadata`.
  public static var metadata: FieldPath { FieldPath("metadata") }
}
