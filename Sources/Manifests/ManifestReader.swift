// Manifests: what people write into files, as JSON values that remember where they were written.
//
// In come paths of files and folders with YAML or JSON. Out go documents, `List`s taken apart, with the place of every
// value; or the first error as `file:line:column: sentence`. The target deliberately does not know any kind, nor
// whether a document is a good one.

internal import Foundation
internal import JSON

/// Reads manifests from files and folders.
public struct ManifestReader: Sendable {
  /// What one file may demand.
  public struct Limits: Sendable {
    /// Bytes in a file.
    public var fileBytes = 64 << 20
    /// Objects and arrays inside each other.
    public var depth = 512
    /// Values in a file after aliases are followed: what keeps a few lines of YAML from becoming gigabytes.
    public var values = 4_000_000

    /// The defaults.
    public init() {}
  }

  private let limits: Limits
  private let keepsPositions: Bool

  /// A reader. Positions cost several times the memory of the values, so they are kept on demand.
  public init(limits: Limits = Limits(), keepsPositions: Bool = false) {
    self.limits = limits
    self.keepsPositions = keepsPositions
  }

  /// Reads everything under these paths at once.
  public func read(_ paths: [String]) throws(ManifestError) -> [ManifestDocument] {
    var documents: [ManifestDocument] = []
    try read(paths) { document throws(ManifestError) in documents.append(document) }
    return documents
  }

  /// Reads everything under these paths, and hands over document by document; an error from `body` ends it.
  ///
  /// A path that is a file is read whatever its name: as JSON if it ends in `.json`, else as YAML. In a folder, of any
  /// depth and in the order of names, the files `*.yaml`, `*.yml` and `*.json` are read, hidden ones are not.
  public func read(
    _ paths: [String], _ body: (ManifestDocument) throws(ManifestError) -> Void
  ) throws(ManifestError) {
    for path in paths {
      for file in try files(under: path) { try read(bytes: try contents(of: file), file: file, body) }
    }
  }

  /// The files that `read` reads for a path, in order.
  public func files(under path: String) throws(ManifestError) -> [String] { try ManifestFiles.under(path) }

  /// The bytes of a file, if they are no more than the limit.
  public func contents(of file: String) throws(ManifestError) -> [UInt8] {
    try ManifestFiles.contents(file, limit: limits.fileBytes)
  }

  /// Reads the documents in `bytes`; `file` is the name that errors and documents bear.
  public func read(
    bytes: [UInt8], file: String, _ body: (ManifestDocument) throws(ManifestError) -> Void
  ) throws(ManifestError) {
    guard bytes.count <= limits.fileBytes else {
      throw ManifestError(file: file, message: "the file has more than \(limits.fileBytes) bytes")
    }
    let isJSON = file.hasSuffix(".json")
    let handOver = { (value: JSONValue, positions: ManifestPositions) throws(ManifestError) in
      try flatten(value, positions, file: file, depth: 0, body)
    }
    if isJSON {
      try JSONManifest(file: file, bytes: bytes, limits: limits, keepsPositions: keepsPositions).read(
        handOver)
    } else {
      try YAMLManifest(file: file, bytes: bytes, limits: limits, keepsPositions: keepsPositions).read(
        handOver)
    }
  }

  /// Hands over a document, or what a `List` holds. Items of a typed list (`PodList`) get their kind from it.
  private func flatten(
    _ value: JSONValue, _ positions: ManifestPositions, file: String, depth: Int,
    _ body: (ManifestDocument) throws(ManifestError) -> Void
  ) throws(ManifestError) {
    guard depth < 8, let kind = value["kind"]?.string, kind.hasSuffix("List"), value["spec"] == nil,
      let items = value["items"]?.array
    else {
      return try body(ManifestDocument(value: value, file: file, positions: positions))
    }
    for (index, item) in items.enumerated() {
      var item = item
      if kind != "List", item.object != nil, item["kind"] == nil {
        item["kind"] = .string(String(kind.dropLast("List".count)))
        if item["apiVersion"] == nil { item["apiVersion"] = value["apiVersion"] }
      }
      let place = positions.below("items", String(index))
      try flatten(item, place, file: file, depth: depth + 1, body)
    }
  }
}
