internal import Foundation
internal import JSON
internal import KubernetesAPI
internal import Manifests

/// What reading a store's manifests came to.
public struct ManifestSummary: Sendable, Equatable {
  /// Objects that were created or changed.
  public var applied = 0
  /// Objects whose manifest is as it was.
  public var unchanged = 0
  /// Objects deleted because their manifest is gone.
  public var deleted = 0
  /// Objects that stay although their manifest is gone, because they were changed since.
  public var kept = 0

  /// A summary; nothing of anything by default.
  public init(applied: Int = 0, unchanged: Int = 0, deleted: Int = 0, kept: Int = 0) {
    self.applied = applied
    self.unchanged = unchanged
    self.deleted = deleted
    self.kept = kept
  }
}

extension LocalCluster {
  /// The file beside the manifests that keeps what changed.
  public static let databaseName = ".spiderpool-webhook.sqlite3"

  /// A store in memory, with the objects of these manifest files and folders. Everything goes with the process.
  public static func inMemory(
    manifests paths: [String] = [], options: Options = Options()
  ) throws(LocalClusterError) -> LocalCluster {
    let state = ClusterState(version: 0, limit: options.historyLimit)
    let store = LocalStore(engine: WriteEngine(journal: nil, now: options.now), state: state)
    let summary = try ManifestSync(store: store, isDurable: false).run(paths)
    return LocalCluster(store: store, isDurable: false, options: options, manifests: summary)
  }

  /// A store in a directory, for this process alone. Blocks while it reads.
  ///
  /// A manifest that is new, or other than when it was last read, is applied. One that is gone takes its object along,
  /// unless the object was changed through the store since; its status does not count.
  public static func open(
    directory: String, options: Options = Options()
  ) throws(LocalClusterError) -> LocalCluster {
    let path = directory.hasSuffix("/") ? directory + databaseName : "\(directory)/\(databaseName)"
    var journal = try Journal.open(path: path, maximumBytes: options.maximumDatabaseBytes)
    let state: ClusterState
    do throws(SQLiteError) { state = try loaded(&journal, limit: options.historyLimit) } catch {
      throw LocalClusterError(opening: path, error)
    }
    let store = LocalStore(engine: WriteEngine(journal: consume journal, now: options.now), state: state)
    let summary = try ManifestSync(store: store, isDurable: true).run([directory])
    return LocalCluster(store: store, isDurable: true, options: options, manifests: summary)
  }

  private static func loaded(
    _ journal: inout Journal, limit: ClusterState.HistoryLimit
  ) throws(SQLiteError) -> ClusterState {
    var state = ClusterState(version: try journal.version(), limit: limit)
    try journal.objects { state.load($0, type: $1) }
    return state
  }
}

extension LocalCluster.Options {
  var historyLimit: ClusterState.HistoryLimit {
    ClusterState.HistoryLimit(changes: historyChanges, bytes: historyBytes)
  }
}

/// Brings a store in line with manifests, all at once or not at all.
private struct ManifestSync {
  private struct Place: Hashable, Sendable {
    let type: ResourceType
    let key: ObjectKey
  }

  let store: LocalStore
  let isDurable: Bool

  func run(_ paths: [String]) throws(LocalClusterError) -> ManifestSummary {
    var summary = ManifestSummary()
    var seen: [Place: String] = [:]
    var writes: [ObjectWrite] = []
    do throws(ManifestError) {
      try ManifestReader().read(paths) { document throws(ManifestError) in
        guard let write = try self.write(for: document) else { return }
        let place = Place(
          type: write.type, key: ObjectKey(namespace: write.namespace, name: write.name ?? ""))
        if let other = seen.updateValue(document.place, forKey: place) {
          throw document.error("\(write.type.kind) \(place.key) is in \(other) as well")
        }
        if try isUnchanged(write, place, document) { summary.unchanged += 1 } else { writes.append(write) }
      }
    } catch {
      throw .manifests(error)
    }
    summary.applied = writes.count
    try retractions(seen, &writes)
    try apply(writes, &summary, seen)
    return summary
  }

  private func apply(
    _ writes: [ObjectWrite], _ summary: inout ManifestSummary, _ seen: [Place: String]
  ) throws(LocalClusterError) {
    guard !writes.isEmpty else { return }
    for (write, result) in zip(writes, store.run(writes)) {
      switch (write.operation, result) {
      case (_, .failure(let error)):
        let place = Place(
          type: write.type, key: ObjectKey(namespace: write.namespace, name: write.name ?? ""))
        throw .rejected(manifest: seen[place] ?? "\(write.type.kind) \(place.key)", reason: error)
      case (.retract, .success(.stored)): summary.kept += 1
      case (.retract, .success(.deleted)): summary.deleted += 1
      default: break
      }
    }
  }

  private func retractions(_ seen: [Place: String], _ writes: inout [ObjectWrite]) throws(LocalClusterError) {
    let places = Set(seen.keys)
    let gone: [ObjectWrite]?
    do throws(SQLiteError) {
      gone = try store.withJournal { journal throws(SQLiteError) in
        var gone: [ObjectWrite] = []
        try journal.manifests { type, key, mainVersion in
          guard !places.contains(Place(type: type, key: key)) else { return }
          gone.append(
            ObjectWrite(
              operation: .retract(mainVersion: mainVersion), type: type, namespace: key.namespace,
              name: key.name))
        }
        return gone
      }
    } catch {
      throw LocalClusterError(opening: LocalCluster.databaseName, error)
    }
    writes += gone ?? []
  }

  private func isUnchanged(
    _ write: ObjectWrite, _ place: Place, _ document: ManifestDocument
  ) throws(ManifestError) -> Bool {
    guard isDurable else { return false }
    do throws(SQLiteError) {
      let former = try store.withJournal { journal throws(SQLiteError) in
        try journal.manifest(place.type, place.key)
      }
      return former == write.json
    } catch {
      throw document.error("what was applied before cannot be read: \(error)")
    }
  }

  /// The write that applies a document; `nil` for one that is no object, such as a `kustomization.yaml`.
  private func write(for document: ManifestDocument) throws(ManifestError) -> ObjectWrite? {
    let value = document.value
    guard let apiVersion = value["apiVersion"]?.string, let kind = value["kind"]?.string, !kind.isEmpty else {
      if document.isKustomization { return nil }
      throw document.error("an object needs apiVersion and kind")
    }
    if apiVersion.hasPrefix("kustomize.config.k8s.io/") { return nil }
    guard let name = value["metadata"]?["name"]?.string, !name.isEmpty else {
      throw document.error("an object needs metadata.name", at: "metadata", "name")
    }
    let declared = value["metadata"]?["namespace"]?.string
    let type =
      ResourceType.known(apiVersion: apiVersion, kind: kind)
      ?? ResourceType(guessing: kind, apiVersion: apiVersion, isNamespaced: declared != nil)
    let namespace = type.isNamespaced ? declared ?? "default" : nil
    return ObjectWrite(
      operation: .apply(file: document.file), type: type, namespace: namespace, name: name, json: value.bytes)
  }
}

extension ManifestDocument {
  fileprivate var place: String { "\(file):\(line):\(column)" }

  fileprivate var isKustomization: Bool {
    file.hasSuffix("kustomization.yaml") || file.hasSuffix("kustomization.yml")
  }

  fileprivate func error(_ message: String, at tokens: String...) -> ManifestError {
    ManifestError(file: file, position: positions.position(of: JSONPointer(tokens: tokens)), message: message)
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
