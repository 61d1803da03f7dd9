/// Why a manifest could not be read.
public struct ManifestError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file or folder.
  public let file: String
  /// Where in the file; `nil` if it concerns the file as a whole.
  public let position: ManifestPosition?
  /// A sentence without a final stop.
  public let message: String

  /// An error from its parts.
  public init(file: String, position: ManifestPosition? = nil, message: String) {
    self.file = file
    self.position = position
    self.message = message
  }

  /// `file:line:column: sentence`, without the numbers if there are none.
  public var description: String {
    if let position {
      "\(file):\(position.line):\(position.column): \(message)"
    } else {
      "\(file): \(message)"
    }
  }
}
