internal import Foundation

/// The files of a folder, and their contents.
enum ManifestFiles {
  private static let endings = [".yaml", ".yml", ".json"]

  /// The manifest files under a path, by name; the path itself if it is a file. Links to folders are followed, but no
  /// folder is entered from within itself.
  static func under(_ path: String) throws(ManifestError) -> [String] {
    guard try isFolder(path) else { return [path] }
    var found: [String] = []
    try collect(path, above: [], &found)
    return found
  }

  /// The bytes of a file, if they are no more than `limit`.
  static func contents(_ path: String, limit: Int) throws(ManifestError) -> [UInt8] {
    do {
      let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
      defer { try? handle.close() }
      let data = try handle.read(upToCount: limit + 1) ?? Data()
      guard data.count <= limit else {
        throw ManifestError(file: path, message: "the file has more than \(limit) bytes")
      }
      return Array(data)
    } catch let error as ManifestError {
      throw error
    } catch {
      throw unreadable(path, error)
    }
  }

  private static func collect(
    _ folder: String, above: [String], _ found: inout [String]
  ) throws(ManifestError) {
    let real = URL(fileURLWithPath: folder).resolvingSymlinksInPath().path
    guard !above.contains(real) else { return }
    for name in try names(in: folder) where !name.hasPrefix(".") {
      let path = folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
      if try isFolder(path) {
        try collect(path, above: above + [real], &found)
      } else if endings.contains(where: name.hasSuffix) {
        found.append(path)
      }
    }
  }

  private static func names(in folder: String) throws(ManifestError) -> [String] {
    do { return try FileManager.default.contentsOfDirectory(atPath: folder).sorted() } catch {
      throw unreadable(folder, error)
    }
  }

  private static func isFolder(_ path: String) throws(ManifestError) -> Bool {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw ManifestError(file: path, message: "there is no such file or folder")
    }
    return isFolder.boolValue
  }

  private static func unreadable(_ path: String, _ error: any Error) -> ManifestError {
    ManifestError(file: path, message: "cannot be read: \((error as NSError).localizedDescription)")
  }
}
