import Addressing
import JSON
import KubernetesAPI
import Testing

@testable import IPAM

@Suite struct `Annotations that ask for automatic pools` {
  @Test func `ask for a pool of each family, of the default size, that goes with its application`() throws {
    let reading = try SubnetScene().read(["subnet": #"{"ipv4":["alpha"],"ipv6":["six"]}"#])
    #expect(reading.errors.isEmpty && reading.notes.isEmpty)
    #expect(
      reading.request
        == AutomaticPoolRequest(
          pools: [
            .init(interface: "eth0", family: .v4, subnet: "alpha"),
            .init(interface: "eth0", family: .v6, subnet: "six"),
          ], size: .above(1), reclaims: true))
  }

  @Test(arguments: [
    (#"{"ipv4":["alpha"]}"#, ["eth0 IPv4 alpha"]),
    (#"{"ipv6":["six"],"ipv4":[]}"#, ["eth0 IPv6 six"]),
    (#"{"interface":"net1","ipv6":["six"],"ipv4":["beta"]}"#, ["net1 IPv4 beta", "net1 IPv6 six"]),
    (#"{"interface":"","ipv4":["odd"]}"#, ["eth0 IPv4 odd"]),
    (#"{"ipv4":["alpha"],"other":1}"#, ["eth0 IPv4 alpha"]),
  ])
  func `for one interface name eth0 unless they name another`(_ text: String, _ pools: [String]) throws {
    #expect(try SubnetScene().pools(["subnet": text]) == pools)
  }

  @Test(arguments: [
    (#"[{"ipv4":["alpha"]}]"#, ["eth0 IPv4 alpha"]),
    (
      #"[{"interface":"net1","ipv4":["beta"]},{"interface":"eth0","ipv4":["alpha"],"ipv6":["six"]}]"#,
      ["net1 IPv4 beta", "eth0 IPv4 alpha", "eth0 IPv6 six"]
    ),
  ])
  func `for several interfaces keep the order written`(_ text: String, _ pools: [String]) throws {
    #expect(try SubnetScene().pools(["subnets": text]) == pools)
    #expect(
      try SubnetScene().pools(["subnets": text, "subnet": "broken"]) == pools, "subnets wins over subnet")
  }

  @Test(arguments: ["1", "t", "T", "true", "TRUE", "True", "0", "f", "F", "false", "FALSE", "False"])
  func `keep or give up pools by the literals of Go`(_ text: String) throws {
    let reading = try SubnetScene().read(["subnet": #"{"ipv4":["alpha"]}"#, "ippool-reclaim": text])
    #expect(reading.request?.reclaims == ["1", "t", "T", "true", "TRUE", "True"].contains(text))
    #expect(reading.errors.isEmpty)
  }

  @Test(arguments: ["", "yes", "tRUE", " true", "2", "null"])
  func `with another word for truth are told`(_ text: String) throws {
    let reading = try SubnetScene().read(["subnet": #"{"ipv4":["alpha"]}"#, "ippool-reclaim": text])
    #expect(reading.request == nil)
    #expect(
      reading.errors.map(\.detail) == [
        "must be true or false; write ipam.spidernet.io/ippool-reclaim: 'false'"
      ])
    #expect(
      reading.errors.map(\.path.description) == ["metadata.annotations[ipam.spidernet.io/ippool-reclaim]"])
    #expect(reading.errors.map(\.value) == [.string(text)])
  }

  @Test func `take the number that is given, else the installation's`() throws {
    var scene = SubnetScene()
    scene.settings.defaultPoolSize = .above(3)
    let subnet = #"{"ipv4":["alpha"]}"#
    #expect(try scene.read(["subnet": subnet]).request?.size == .above(3))
    #expect(try scene.read(["subnet": subnet, "ippool-ip-number": "7"]).request?.size == .fixed(7))
    #expect(try scene.read(["subnet": subnet, "ippool-ip-number": "+0"]).request?.size == .above(0))
  }

  @Test(arguments: ["", "3+5", "-3", "many", "16777217"])
  func `with a bad number are told`(_ text: String) throws {
    let reading = try SubnetScene().read(["subnet": #"{"ipv4":["alpha"]}"#, "ippool-ip-number": text])
    #expect(reading.request == nil)
    #expect(
      reading.errors.map(\.detail) == [
        "must be a number of addresses, or + and how many more than replicas, at most 16777216; "
          + "write ipam.spidernet.io/ippool-ip-number: '+1'"
      ])
    #expect(
      reading.errors.map(\.path.description) == ["metadata.annotations[ipam.spidernet.io/ippool-ip-number]"])
    #expect(reading.errors.map(\.value) == [.string(text)])
  }

  @Test(arguments: [
    ("subnet", #"{"ipv4":["beta","alpha"],"ipv6":["six"]}"#, "ipv4", "beta"),
    (
      "subnets", #"[{"interface":"a","ipv4":["beta"]},{"interface":"b","ipv6":["seven","none"]}]"#,
      "[1].ipv6", "seven"
    ),
  ])
  func `take the first name of a list, and say so`(
    _ key: String, _ text: String, _ place: String, _ taken: String
  ) throws {
    let reading = try SubnetScene().read([key: text])
    #expect(reading.request?.pools.contains { $0.subnet == taken } == true)
    #expect(reading.request?.pools.count == 2)
    #expect(reading.notes.map(\.path.description) == ["metadata.annotations[ipam.spidernet.io/\(key)]"])
    #expect(
      reading.notes.map(\.text) == [
        "\(place): a pool is cut from one subnet; \"\(taken)\" is taken, the others are passed over"
      ])
  }

  @Test func `leave out a family that is switched off, whatever stands there`() throws {
    var scene = SubnetScene()
    scene.settings.allowsIPv6 = false
    #expect(
      try scene.pools(["subnet": #"{"ipv4":["alpha"],"ipv6":["none"]}"#]) == ["eth0 IPv4 alpha"])
  }

  @Test func `are meant where a subnet is named`() throws {
    #expect(try SubnetScene.annotations(["subnet": ""]).areMeant)
    #expect(try SubnetScene.annotations(["subnets": "[]"]).areMeant)
    #expect(try !SubnetScene.annotations(["ippool-ip-number": "5", "ippool": "{}"]).areMeant)
    #expect(
      try !AutomaticFixture.parse(#"{"ipam.spidernet.io/subnet":null}"#) { AutomaticAnnotations($0).areMeant }
    )
    #expect(try !AutomaticFixture.parse("[]") { AutomaticAnnotations($0).areMeant })
    #expect(!AutomaticAnnotations(nil).areMeant)
  }

  @Test func `of a Pod are those of its template`() throws {
    let texts = ["subnet": "a", "subnets": "b", "ippool-ip-number": "c", "ippool-reclaim": "d"]
    func pod(_ more: [String: String]) throws -> AutomaticAnnotations {
      let keyed = texts.merging(more) { $1 }.map { ("ipam.spidernet.io/\($0.key)", $0.value) }
      return AutomaticAnnotations(
        try ChoiceFixture.pod(annotations: Dictionary(uniqueKeysWithValues: keyed)))
    }
    let read = try pod([:])
    #expect(read == (try SubnetScene.annotations(texts)))
    #expect(
      [read.subnet, read.subnets, read.number, read.reclaim] == ["a", "b", "c", "d"] && !read.namesPools)
    #expect(try pod(["ippool": "x"]).namesPools)
    #expect(try pod(["ippools": "x"]).namesPools)
  }
}
