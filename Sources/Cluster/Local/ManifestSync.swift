internal import JSON
internal import KubernetesAPI
internal import Manifests

/// Brings a store that nobody uses yet in line with manifests, in one transaction.
///
/// Documents are applied in groups as they are read, so that memory does not grow with their number. After an error the
/// store must be given up; on disk nothing has changed then.
struct ManifestSync {
  private let reader = ManifestReader()
  private let store: LocalStore
  private let isDurable: Bool
  /// Where each object's manifest stands.
  private var seen: [ManifestPlace: String] = [:]
  /// What was applied before.
  private var former: [ManifestPlace: Former] = [:]
  private var formerByFile: [String: [ManifestPlace]] = [:]
  private var writes: [ObjectWrite] = []
  private var entries: [JournalEntry] = []
  private var summary = ManifestSummary()

  private struct Former {
    let file: String
    let mainVersion: UInt64
  }

  private static let groupSize = 256

  init(store: LocalStore, isDurable: Bool) {
    self.store = store
    self.isDurable = isDurable
  }

  /// Reads everything under the paths and applies what is new, changed or gone.
  mutating func run(_ paths: [String]) throws(LocalClusterError) -> ManifestSummary {
    do throws(SQLiteError) { try remember() } catch { throw unusable(error) }
    var files: Set<String> = []
    for path in paths {
      for file in try found(path) where files.insert(file).inserted {
        try take(file)
        if writes.count + entries.count >= Self.groupSize { try apply() }
      }
    }
    for (place, former) in former where seen[place] == nil {
      writes.append(ObjectWrite(.retract(mainVersion: former.mainVersion), place))
    }
    try forget(others: files)
    try apply()
    do throws(SQLiteError) {
      _ = try store.withJournal { journal throws(SQLiteError) in try journal.commitMany() }
    } catch {
      throw unusable(error)
    }
    store.forgetHistory()
    return summary
  }

  private func found(_ path: String) throws(LocalClusterError) -> [String] {
    do throws(ManifestError) { return try reader.files(under: path) } catch { throw .manifests(error) }
  }

  private func unusable(_ error: SQLiteError) -> LocalClusterError {
    LocalClusterError(opening: LocalCluster.databaseName, error)
  }

  private mutating func remember() throws(SQLiteError) {
    former =
      try store.withJournal { journal throws(SQLiteError) in
        try journal.beginMany()
        var former: [ManifestPlace: Former] = [:]
        try journal.manifests { place, file, mainVersion in
          former[place] = Former(file: file, mainVersion: mainVersion)
        }
        return former
      } ?? [:]
    formerByFile = Dictionary(grouping: former.keys) { former[$0]?.file ?? "" }
  }

  /// Takes the documents of a file, or only what is known of them if the file is as it was.
  private mutating func take(_ file: String) throws(LocalClusterError) {
    var failure: LocalClusterError?
    do throws(ManifestError) {
      let bytes = try reader.contents(of: file)
      if try isAsItWas(file, bytes) { return }
      try reader.read(bytes: bytes, file: file) { document throws(ManifestError) in
        if failure != nil { return }
        try take(document)
        guard writes.count >= Self.groupSize else { return }
        do throws(LocalClusterError) { try apply() } catch { failure = error }
      }
      if isDurable { entries.append(.putFile(file, content: bytes)) }
    } catch {
      throw .manifests(error)
    }
    if let failure { throw failure }
  }

  /// Whether a file was applied as it is now; its objects' places are noted then.
  private mutating func isAsItWas(_ file: String, _ bytes: [UInt8]) throws(ManifestError) -> Bool {
    guard try ask(file, { journal throws(SQLiteError) in try journal.hasFile(file, bytes) }) == true else {
      return false
    }
    for place in formerByFile[file] ?? [] {
      try see(place, file, ManifestError(file: file, message: ""))
      summary.unchanged += 1
    }
    return true
  }

  private mutating func take(_ document: ManifestDocument) throws(ManifestError) {
    guard let write = try document.write() else { return }
    let place = ManifestPlace(
      type: write.type, key: ObjectKey(namespace: write.namespace, name: write.name ?? ""))
    try see(place, document.place, document.error(""))
    let file = document.file
    let content = try ask(file) { journal throws(SQLiteError) in try journal.manifest(at: place) }
    if content != write.json {
      summary.applied += 1
      writes.append(write)
      return
    }
    summary.unchanged += 1
    if former[place]?.file != file { writes.append(ObjectWrite(.move(file: file), place)) }
  }

  /// Notes where an object's manifest stands; it may stand in one place only.
  private mutating func see(
    _ place: ManifestPlace, _ here: String, _ error: ManifestError
  ) throws(ManifestError) {
    guard let other = seen.updateValue(here, forKey: place) else { return }
    throw ManifestError(
      file: error.file, position: error.position,
      message: "\(place.type.kind) \(place.key) is in \(other) as well")
  }

  private func ask<Answer: Sendable>(
    _ file: String, _ question: @Sendable (inout Journal) throws(SQLiteError) -> Answer
  ) throws(ManifestError) -> Answer? {
    do throws(SQLiteError) { return try store.withJournal(question) } catch {
      throw ManifestError(file: file, message: "what was applied before cannot be read: \(error)")
    }
  }

  private mutating func forget(others files: Set<String>) throws(LocalClusterError) {
    do throws(SQLiteError) {
      let known = try store.withJournal { journal throws(SQLiteError) in try journal.files() } ?? []
      entries += known.subtracting(files).map(JournalEntry.removeFile)
    } catch {
      throw unusable(error)
    }
  }

  private mutating func apply() throws(LocalClusterError) {
    guard !writes.isEmpty || !entries.isEmpty else { return }
    for (write, result) in zip(writes, store.run(writes, and: entries)) {
      switch (write.operation, result) {
      case (_, .failure(let error)):
        let place = ManifestPlace(
          type: write.type, key: ObjectKey(namespace: write.namespace, name: write.name ?? ""))
        throw .rejected(manifest: seen[place] ?? "\(write.type.kind) \(place.key)", reason: error)
      case (.retract, .success(.stored)): summary.kept += 1
      case (.retract, .success(.deleted)): summary.deleted += 1
      default: break
      }
    }
    writes.removeAll(keepingCapacity: true)
    entries.removeAll(keepingCapacity: true)
  }
}

extension ObjectWrite {
  fileprivate init(_ operation: Operation, _ place: ManifestPlace) {
    self.init(operation: operation, type: place.type, namespace: place.key.namespace, name: place.key.name)
  }
}

extension ManifestDocument {
  /// The write that applies the document; `nil` if it is no object, such as a `kustomization.yaml`.
  fileprivate func write() throws(ManifestError) -> ObjectWrite? {
    guard let apiVersion = value["apiVersion"]?.string, let kind = value["kind"]?.string, !kind.isEmpty else {
      if isKustomization { return nil }
      throw error("an object needs apiVersion and kind")
    }
    if apiVersion.hasPrefix("kustomize.config.k8s.io/") { return nil }
    guard let name = value["metadata"]?["name"]?.string, !name.isEmpty else {
      throw error("an object needs metadata.name")
    }
    let declared = value["metadata"]?["namespace"]?.string
    let type =
      ResourceType.known(apiVersion: apiVersion, kind: kind)
      ?? ResourceType(guessing: kind, apiVersion: apiVersion, isNamespaced: declared != nil)
    let namespace = type.isNamespaced ? declared ?? "default" : nil
    return ObjectWrite(
      operation: .apply(file: file), type: type, namespace: namespace, name: name, json: value.exactBytes)
  }

  fileprivate var place: String { "\(file):\(line):\(column)" }

  private var isKustomization: Bool {
    file.hasSuffix("kustomization.yaml") || file.hasSuffix("kustomization.yml")
  }

  fileprivate func error(_ message: String) -> ManifestError {
    ManifestError(file: file, position: positions.start, message: message)
  }
}

extension ResourceType {
  /// A type that nothing is known of but an object.
  fileprivate init(guessing kind: String, apiVersion: String, isNamespaced: Bool) {
    let parts = apiVersion.split(separator: "/", maxSplits: 1)
    let lower = kind.lowercased()
    let plural =
      if lower.hasSuffix("s") || lower.hasSuffix("x") || lower.hasSuffix("ch") {
        lower + "es"
      } else if lower.hasSuffix("y") {
        String(lower.dropLast()) + "ies"
      } else {
        lower + "s"
      }
    self.init(
      group: parts.count == 2 ? String(parts[0]) : "", version: String(parts.last ?? ""), plural: plural,
      kind: kind, isNamespaced: isNamespaced, hasStatus: true)
  }
}
