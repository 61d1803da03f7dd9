import Foundation

/// The recorded reviews, and the answers expected to them, found from the place of this file.
enum Fixtures {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures")

  static let reviews = root.appendingPathComponent("reviews")
  static let answers = root.appendingPathComponent("answers")

  /// Every recorded review as `v1.20/mutate-pod-create`.
  static let names: [String] = {
    let versions = ["v1.20", "v1.36"]
    let names = versions.flatMap { version -> [String] in
      let folder = reviews.appendingPathComponent(version).path
      let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      return files.filter { $0.hasSuffix(".json") }.map { "\(version)/\($0.dropLast(5))" }
    }
    precondition(names.count > 90, "the recorded reviews are missing below \(reviews.path)")
    return names.sorted()
  }()

  static func review(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: reviews.appendingPathComponent("\(name).json")))
  }

  static func answer(_ name: String) throws -> String {
    String(decoding: try Data(contentsOf: answers.appendingPathComponent("\(name).json")), as: UTF8.self)
  }
}
