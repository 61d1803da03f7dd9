import Foundation
import JSON
import Testing

@testable import Admission

/// Reviews as real API servers sent them, against an empty directory.
@Suite struct `Recorded reviews` {
  @Test(arguments: Fixtures.names)
  func `are answered as written down`(_ name: String) throws {
    let phase: Phase = name.contains("/mutate-") ? .mutate : .validate
    let outcome = World().answer(try Fixtures.review(name), phase)
    let text = String(decoding: outcome.body, as: UTF8.self)
    if ProcessInfo.processInfo.environment["RECORD_ANSWERS"] == "1" {
      let file = Fixtures.answers.appendingPathComponent("\(name).json")
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data((text + "\n").utf8).write(to: file)
    }
    #expect(outcome.httpStatus == 200)
    #expect(text + "\n" == (try Fixtures.answer(name)))
  }

  @Test(arguments: Fixtures.names)
  func `are all allowed, and answered by their own uid`(_ name: String) throws {
    let review = try JSONValue(parsing: try Fixtures.review(name))
    let phase: Phase = name.contains("/mutate-") ? .mutate : .validate
    let world = World()
    // Workloads name subnets; pools of their networks would have to lie in them.
    if ["deployment", "statefulset", "cloneset"].contains(where: name.contains) {
      try world.storeDemoSubnets()
    }
    let outcome = world.answer(try Fixtures.review(name), phase)
    let answer = try JSONValue(parsing: outcome.body)
    #expect(answer.at("response", "uid") == review.at("request", "uid"))
    #expect(answer.at("response", "allowed") == .bool(true))
    #expect(outcome.decision.verdict == .allowed || outcome.decision.verdict == .notJudged)
  }

  @Test(arguments: Fixtures.names.filter { $0.contains("/mutate-spider") && !$0.contains("delete") })
  func `give no second patch once patched`(_ name: String) throws {
    let bytes = try Fixtures.review(name)
    let first = Answer(World().answer(bytes, .mutate))
    let patch = try #require(first.patch)
    let patched = try Patched.review(bytes, by: patch)
    #expect(Answer(World().answer(patched, .mutate)).patch == nil)
  }
}

/// A review with its object patched, as the API server would send it on.
enum Patched {
  static func review(_ review: [UInt8], by patch: [UInt8]) throws -> [UInt8] {
    var value = try JSONValue(parsing: review)
    guard let object = value.at("request", "object") else { return review }
    let changed = try JSONPatch.apply(try JSONValue(parsing: patch), to: object)
    value = value.setting("request", value.at("request")?.setting("object", changed) ?? .null)
    var writer = JSONWriter()
    value.write(to: &writer)
    return writer.bytes
  }
}

extension JSONValue {
  func at(_ keys: String...) -> JSONValue? {
    var value = self
    for key in keys {
      guard case .object(let object) = value, let next = object[key] else { return nil }
      value = next
    }
    return value
  }

  func setting(_ key: String, _ new: JSONValue) -> JSONValue {
    guard case .object(var object) = self else { return self }
    object[key] = new
    return .object(object)
  }
}
