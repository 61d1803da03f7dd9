import Admission
import Foundation
import IPAM
import Testing

@testable import spiderpool_webhook

@Suite struct SettingsTests {
  private func read(_ text: String) throws -> AdmissionSettings {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).yml")
    try text.write(to: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: file) }
    return try Settings(file: file.path).admission
  }

  private func fault(_ text: String) throws -> String? {
    do { _ = try read(text) } catch let error as spiderpool_webhook.ExitStatus {
      #expect(error.code == .unreadable)
      return error.message.split(separator: ".yml: ", maxSplits: 1).last.map(String.init)
    }
    return nil
  }

  @Test func `are the defaults where the file says nothing`() throws {
    #expect(try read("") == AdmissionSettings())
    #expect(
      try read("enableIPv4: null\nclusterSubnetDefaultFlexibleIPNumber: ~\nmtu: 1500\n")
        == AdmissionSettings())
    let defaults = AdmissionSettings()
    #expect(defaults.usesSubnets && defaults.makesPools && defaults.defaultPoolSize == .above(1))
    #expect(defaults.choice.usesSubnets && defaults.choice.makesPools)
  }

  @Test func `switch subnets and automatic pools off`() throws {
    let subnets = try read("enableSpiderSubnet: false\n")
    #expect(!subnets.usesSubnets && subnets.makesPools && !subnets.choice.usesSubnets)
    let pools = try read("enableAutoPoolForApplication: false\n")
    #expect(pools.usesSubnets && !pools.makesPools && !pools.choice.makesPools)
  }

  @Test(arguments: [
    ("clusterSubnetDefaultFlexibleIPNumber: 3", PoolSize.above(3)),
    ("clusterSubnetDefaultFlexibleIPNumber: 0", .above(0)),
    ("clusterSubnetAutoPoolDefaultRedundantIPNumber: 4", .above(4)),
    (
      "clusterSubnetAutoPoolDefaultRedundantIPNumber: 4\nclusterSubnetDefaultFlexibleIPNumber: 3",
      .above(4)
    ),
  ])
  func `tell how many addresses more than replicas a pool has, under either key`(
    _ text: String, _ size: PoolSize
  ) throws {
    let settings = try read(text)
    #expect(settings.defaultPoolSize == size && settings.choice.defaultPoolSize == size)
  }

  @Test(arguments: ["-1", "16777217", "\"3\"", "1.5", "true", "[3]", "+x"])
  func `are refused another number, with what would be right`(_ value: String) throws {
    for key in ["clusterSubnetDefaultFlexibleIPNumber", "clusterSubnetAutoPoolDefaultRedundantIPNumber"] {
      #expect(
        try fault("\(key): \(value)\n")
          == "\(key) must be a number of addresses beyond the replicas, 0 or more")
    }
  }

  @Test(arguments: ["enableSpiderSubnet", "enableAutoPoolForApplication"])
  func `are refused a word that is not a truth value`(_ key: String) throws {
    #expect(try fault("\(key): \"true\"\n") == "\(key) must be true or false")
    #expect(try fault("\(key): 1\n") == "\(key) must be true or false")
  }
}
