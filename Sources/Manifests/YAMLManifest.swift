internal import JSON
internal import Yams

/// The documents of one YAML text, as `kubectl` understands YAML.
struct YAMLManifest {
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

  /// Hands over each document that is not empty.
  func read(
    _ body: (JSONValue, ManifestPositions) throws(ManifestError) -> Void
  ) throws(ManifestError) {
    let content = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
    guard let text = String(validating: content, as: UTF8.self) else {
      throw ManifestError(file: file, message: "the text is not UTF-8")
    }
    var remaining = limits.values
    do {
      // No rules: our own decide about plain scalars, and Yams' are costly regular expressions.
      let parser = try Parser(yaml: text, resolver: .basic)
      while let node = try parser.nextRoot() {
        var converter = YAMLConverter(
          file: file, depth: limits.depth, remaining: remaining, keepsPositions: keepsPositions)
        let value = try converter.value(of: node)
        remaining = converter.remaining
        if value.isNull { continue }
        let start = node.mark.map { ManifestPosition(line: $0.line, column: $0.column) }
        try body(
          value,
          ManifestPositions(
            start: start ?? ManifestPosition(line: 1, column: 1), table: converter.positions))
      }
    } catch let error as ManifestError {
      throw error
    } catch let error as YamlError {
      throw self.error(error)
    } catch {
      throw ManifestError(file: file, message: "\(error)")
    }
  }

  private func error(_ error: YamlError) -> ManifestError {
    switch error {
    case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      let sentence = context.map { "\(problem) \($0.text)" } ?? problem
      return ManifestError(
        file: file, position: ManifestPosition(line: mark.line, column: mark.column), message: sentence)
    case .duplicatedKeysInMapping(let keys, let context):
      let position = ManifestPosition(line: context.mark.line, column: context.mark.column)
      return ManifestError(
        file: file, position: position, message: "the key \(keys.joined(separator: ", ")) is there twice")
    case .reader(let problem, let offset, _, _):
      let position = offset.map { TextPositions.position(ofByte: $0, in: bytes) }
      return ManifestError(file: file, position: position, message: problem)
    default:
      return ManifestError(file: file, message: "\(error)")
    }
  }
}
