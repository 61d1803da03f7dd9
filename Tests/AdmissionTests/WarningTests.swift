import KubernetesAPI
import Testing

@testable import Admission

@Suite struct `Warnings about a pool` {
  @Test(arguments: [
    (
      #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2"],"excludeIPs":["10.6.9.9"]}"#,
      ["spec.excludeIPs[0]: lies outside spec.ips, and excludes nothing"]
    ),
    (
      #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":[]}"#,
      ["spec.ips: is empty, so there is no address to give"]
    ),
    (
      #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2"],"excludeIPs":["10.6.0.1-10.6.0.9"]}"#,
      ["spec.excludeIPs: excludes all of spec.ips, so there is no address to give"]
    ),
    (
      #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2"],"disable":true}"#,
      ["spec.disable: no new address is given from a disabled pool"]
    ),
    (
      #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2-10.6.0.5","10.6.0.4"]}"#,
      ["spec.ips: lists addresses twice; they count once"]
    ),
    (
      #"{"subnet":"10.6.0.0/16","ips":["10.6.0.2"]}"#,
      ["spec.ipVersion: is not set, 4 is meant by spec.subnet; is the mutating webhook registered?"]
    ),
  ])
  func `tell what is probably not meant`(_ spec: String, _ warnings: [String]) {
    let answer = World().create("SpiderIPPool", spec)
    #expect(answer.isAllowed)
    #expect(answer.warnings == warnings)
  }

  @Test func `tell which addresses are reserved`() throws {
    let world = World()
    try world.store("SpiderReservedIP", "reserved", #"{"ips":["172.18.41.44"]}"#)
    let answer = world.create(
      "SpiderIPPool", #"{"ipVersion":4,"subnet":"172.18.41.0/24","ips":["172.18.41.40-172.18.41.50"]}"#)
    #expect(
      answer.warnings == [
        "spec.ips: 172.18.41.44 is reserved by SpiderReservedIP \"reserved\" and never given"
      ])
  }

  @Test func `tell of a wrong selector that was never judged`() {
    let answer = World().create(
      "SpiderIPPool",
      #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["10.6.0.2"],"nodeAffinity":{"matchLabels":{"a b":"c"}}}"#
    )
    #expect(answer.isAllowed && answer.warnings.count == 1)
    #expect(answer.warnings.first?.hasPrefix("spec.nodeAffinity.matchLabels: Invalid value: \"a b\"") == true)
  }

  @Test func `keep the API server's limits and hold no control characters`() {
    let fitted = Warnings.fitted((0..<500).map { "\($0)\u{1B}[31m\n" + String(repeating: "x", count: 500) })
    #expect(fitted.allSatisfy { $0.utf8.count <= 256 })
    #expect(fitted.reduce(0) { $0 + $1.utf8.count } <= 4096)
    #expect(fitted.allSatisfy { warning in warning.unicodeScalars.allSatisfy { $0.value >= 0x20 } })
    #expect(fitted.last?.hasSuffix("more warnings are not shown") == true)
    #expect(Warnings.fitted(["a", "b"]) == ["a", "b"])
  }
}
