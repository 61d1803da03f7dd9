import IPAM
import TestSupport
import Testing

@Suite("Map of Pods") struct PodMapTests {
  private static func key(_ name: String, in namespace: String = "n") -> PodKey {
    PodKey(namespace: namespace, name: name)
  }

  @Test func `keeps names apart that have much in common`() {
    var map = PodMap<Int>()
    let names = [
      "web", "web-", "web-0", "web-00", "web-0-0", "-0", "web-123456789", "web-12345678", "web-é", "0",
    ]
    for (number, name) in names.enumerated() { map[Self.key(name)] = number }
    map[Self.key("web-0", in: "other")] = 99
    for (number, name) in names.enumerated() { #expect(map[Self.key(name)] == number, "\(name)") }
    #expect(map.count == names.count + 1)
    #expect(Set(map.pods) == Set(names.map { Self.key($0) } + [Self.key("web-0", in: "other")]))
    #expect(Array(map.pods { $0 == 3 }) == [Self.key("web-00")])
    #expect(map[Self.key("web-1")] == nil && map[Self.key("db-0")] == nil)
  }

  @Test func `does what a dictionary does`() {
    var random = SeededGenerator.announced()
    var map = PodMap<Int>(expecting: 10)
    var naive: [PodKey: Int] = [:]
    for step in 0..<20_000 {
      let stem = ["web", "db", "web-7d9f8c6b5d", "x"][Int.random(in: 0..<4, using: &random)]
      let key = Self.key("\(stem)-\(Int.random(in: 0..<60, using: &random))")
      let value = Bool.random(using: &random) ? step : nil
      map[key] = value
      naive[key] = value
      #expect(map[key] == value && map.count == naive.count)
    }
    #expect(Set(map.pods) == Set(naive.keys))
    for key in naive.keys { map[key] = nil }
    #expect(map.count == 0 && map.pods.isEmpty)
  }
}
