import Cluster
import JSON
import KubernetesAPI
import Testing

@Suite struct `A resource version` {
  @Test(arguments: [0, 1, 1_048_576, UInt64.max])
  func `has the number that it is written as`(_ number: UInt64) {
    #expect(ResourceVersion(rawValue: "\(number)").number == number)
  }

  @Test(arguments: ["", "+1", "-1", " 1", "1 ", "01", "00", "1.0", "0x1", "١", "abc", "18446744073709551616"])
  func `has no number when it is any other text`(_ version: ResourceVersion) {
    #expect(version.number == nil)
    #expect(version.isOlder(than: "5") == nil)
    #expect(ResourceVersion("5").isOlder(than: version) == nil)
  }

  @Test func `is older than a higher one, by number and not by text`() {
    #expect(ResourceVersion("9").isOlder(than: "10") == true)
    #expect(ResourceVersion("10").isOlder(than: "9") == false)
    #expect(ResourceVersion("10").isOlder(than: "10") == false)
  }

  @Test(arguments: StoreUnderTest.allCases)
  func `tells a former state of an object from a later one`(_ kind: StoreUnderTest) async throws {
    try await kind.run { store in
      let former = try await store.create(.spiderIPPool, namespace: nil, json: pool("a"))
      let later = try await store.change("a") { $0["spec"]?["disable"] = true }
      #expect(former.resourceVersion.isOlder(than: later.resourceVersion) == true)
      #expect(later.resourceVersion.isOlder(than: former.resourceVersion) == false)
    }
  }
}
