internal import JSON

/// The document of one JSON file.
struct JSONManifest {
  private let file: String
  private let bytes: [UInt8]
  private let limits: ManifestReader.Limits
  private let keepsPositions: Bool

  init(file: String, bytes: [UInt8], limits: ManifestReader.Limits, keepsPositions: Bool) {
    self.file = file
    self.bytes = bytes
    self.limits = limits
    self.keepsPositions = keepsPositions
  }

  /// Hands over the document, unless it is `null`.
  func read(
    _ body: (JSONValue, ManifestPositions) throws(ManifestError) -> Void
  ) throws(ManifestError) {
    let value: JSONValue
    do throws(JSONError) {
      value = try JSONValue(parsing: bytes, maximumDepth: limits.depth, maximumBytes: limits.fileBytes)
    } catch {
      throw ManifestError(file: file, position: position(of: error), message: "\(error)")
    }
    if value.isNull { return }
    var finder = TextPositions(bytes)
    let start = finder.start()
    try body(value, ManifestPositions(start: start, table: keepsPositions ? finder.table() : [:]))
  }

  private func position(of error: JSONError) -> ManifestPosition? {
    switch error {
    case .syntax(let offset), .invalidUTF8(let offset), .loneSurrogate(let offset),
      .numberOutOfRange(let offset):
      return TextPositions.position(ofByte: offset, in: bytes)
    case .truncated:
      return TextPositions.position(ofByte: bytes.count, in: bytes)
    case .duplicateKey(let pointer):
      var finder = TextPositions(bytes)
      return JSONPointer(pointer).flatMap { finder.table()[$0] }
    case .empty, .tooDeep, .tooLarge, .outOfMemory, .unsupportedProcessor:
      return nil
    }
  }
}
